// stream: what it makes, what it refuses, and random producers and consumers in all backends.

#include "deep.h"
#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "random_pair.h"
#include "refusal.h"

#include "lathe/ir/depths.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The same results as the reference's, whoever runs when, with the depths that were computed.
void expect_same_with_stalls(const Schedule& s) {
    const Module m = with_safe_depths(s.module());
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 5);
    for (uint64_t seed = 0; seed < 3; ++seed) {
        std::vector<AnyBuffer> got = make_arguments(m, {}, 5);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        InterpretOptions options;
        options.stall_seed = seed;
        interpret(m, pointers, {}, options);
        for (size_t n = 0; n < right.size(); ++n)
            REQUIRE(bit_equal(right[n], got[n]));
    }
}

} // namespace

TEST_CASE("stream: random producers and consumers, against orders that were recorded") {
    int streamed = 0, refused = 0, needless = 0;
    for (int seed = 0; seed < count(400, 2000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomPair pair = random_pair(random);
        Schedule s(pair.algorithm);
        random_pair_schedule(s, pair, random);
        const std::string before = print(s);
        CAPTURE(before);
        const std::string why = why_no_stream(s.module(), pair.tensor);
        CAPTURE(why);
        if (why == "read before it is written") continue; // the program is wrong
        try {
            s.stage(pair.producer).stream(StageRef(pair.consumer, {}));
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            REQUIRE(print(s) == before);
            ++refused;
            const std::string message = e.what();
            CAPTURE(message);
            if (why.empty() && !pair.others) {
                ++needless;
                MESSAGE("needless: ", message);
            }
            continue;
        }
        ++streamed;
        const std::string text = print(s);
        CAPTURE(text);
        if (!pair.others) REQUIRE(why == "");
        verify(s.module());
        random_pair_schedule(s, pair, random); // what may come afterwards
        REQUIRE(check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 7)) == "");
        expect_same_with_stalls(s);
    }
    MESSAGE(streamed, " streamed, ", refused, " refused, ", needless, " needlessly");
    CHECK(streamed > count(80, 400));
    CHECK(refused > count(80, 400));
    CHECK(needless * 20 <= refused);
}
