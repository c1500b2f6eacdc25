#include "streams.h"

#include "programs.h"
#include "random_pair.h"

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
