// Random programs under random schedules in the checking interpreter: bounds that load, reductions of every
// kind in every place.

#include "deep.h"
#include "random_program.h"

using namespace lathe;

TEST_CASE("random programs: random schedules compute what the reference does") {
    std::map<std::string, int> refusals;
    int programs = 0, accepted = 0;
    for (int seed = 0; seed < count(150, 4000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        try {
            const auto [a, sizes] = random_program(random);
            Schedule s(a);
            for (int n = 0; n < 8; ++n)
                accepted += random_call(s, a, random);
            INFO(s.trace());
            expect_right(s, sizes);
            ++programs;
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message());
        } catch (const Error& e) {
            ++refusals[e.message()];
        }
    }
    for (const auto& [text, times] : refusals)
        MESSAGE(times << " × " << text);
    MESSAGE(programs << " programs, " << accepted << " calls accepted");
    CHECK(programs >= count(140, 3800));
}
