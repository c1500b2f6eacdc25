#include "smith_waterman/generator.h"

#include "smith_waterman/algorithm.h"

using namespace lathe;
using namespace lathe::ir;

Generator smith_waterman_generator() {
    return {"smith_waterman",
            "the best local match of pairs of sequences",
            {{"match", 2, "what equal bases add"},
             {"mismatch", -1, "what others add"},
             {"gap", -1, "what a gap adds"}},
            [](const GeneratorArguments& a) {
                const auto score = [&](const char* name) {
                    const int64_t x = a.integer(name);
                    if (x < -100 || x > 100) ir::fail({}, "{} is between -100 and 100, not {}", name, x);
                    return static_cast<int>(x);
                };
                return cpu_schedule(smith_waterman({score("match"), score("mismatch"), score("gap")}),
                                    a.target());
            }};
}
