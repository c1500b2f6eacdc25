#include "streams.h"

#include "programs.h"
#include "random_pair.h"
#include "random_row.h"

using namespace lathe;
using namespace lathe::ir;

std::optional<std::string> wrong_stream(std::mt19937& random) {
    const RandomPair pair = random_pair(random);
    Schedule s(pair.algorithm);
    random_pair_schedule(s, pair, random);
    try {
        s.stage(pair.producer).stream(StageRef(pair.consumer, {}));
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) { // the law let pass what the network's count of tokens found
        const bool counted = e.message().find("they must be equal") != std::string::npos;
        return counted ? std::optional(e.message()) : std::nullopt;
    }
    verify(s.module());
    const std::string wrong = check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 7));
    return wrong.empty() ? std::nullopt : std::optional(print(s) + wrong);
}

namespace {

/// What differs where processes take turns at random; a run of the reference ends without an error.
std::string wrong_in_turns(const Schedule& s, uint64_t seed) {
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 7);
    std::vector<AnyBuffer> got = make_arguments(s.module(), {}, 7);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : got)
        pointers.push_back(&b);
    try {
        interpret(s.module(), pointers, {}, {.stall_seed = seed});
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        return e.message();
    }
    for (size_t n = 0; n < right.size(); ++n)
        if (!bit_equal(right[n], got[n])) return "another result";
    return {};
}

} // namespace

std::optional<std::string> wrong_row(std::mt19937& random) {
    RandomRow row = random_row(random);
    Schedule s(row.algorithm);
    random_row_schedule(s, row, false, random);
    StageHandle stage = s.stage(row.stage);
    const Module before = s.module();
    stage.unfold(row.row);
    const std::string why = row.outer.empty() ? why_no_row(before, row) : "";
    if (why.starts_with("dependence")) return why;
    for (const Symbol& t : row.tables) {
        try {
            stage.relay(TensorRef(t), row.row);
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // it stays shared
        }
    }
    verify(s.module());
    std::string wrong = check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 7));
    for (uint64_t seed = 0; seed < 2 && wrong.empty(); ++seed)
        wrong = wrong_in_turns(s, seed);
    return wrong.empty() ? std::nullopt : std::optional(print(s) + wrong);
}
