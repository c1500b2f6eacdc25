#include "kmeans/generator.h"

#include "kmeans/algorithm.h"

using namespace lathe;

Generator kmeans_generator() {
    return {"kmeans",
            "points and the means that they are nearest to",
            {{"point", UInt(8), "the type of a coordinate"},
             {"points", 1000},
             {"dimensions", 32},
             {"means", 16},
             {"rounds", 10}},
            [](const GeneratorArguments& a) {
                const auto count = [&](const char* name) {
                    const int64_t n = a.integer(name);
                    if (n < 1 || n > 1 << 20)
                        ir::fail({}, "{} is between 1 and {}, not {}", name, 1 << 20, n);
                    return n;
                };
                return cpu_schedule(kmeans(a.type("point"), count("points"), count("dimensions"),
                                           count("means"), count("rounds")));
            }};
}
