#include "kmeans/generator.h"

#include "kmeans/algorithm.h"

using namespace lathe;

Generator kmeans_generator() {
    return {"kmeans",
            "points and the means that they are nearest to",
            {{"point", UInt(8), "the type of a coordinate: an integer or fixed point"},
             {"points", 1000},
             {"dimensions", 32},
             {"means", 16},
             {"rounds", 10}},
            [](const GeneratorArguments& a) {
                const auto count = [&](const char* name, int64_t most = 1 << 20) {
                    const int64_t n = a.integer(name);
                    if (n < 1 || n > most) ir::fail({}, "{} is between 1 and {}, not {}", name, most, n);
                    return n;
                };
                const Type point = a.type("point");
                if (!point.is_int() && !point.is_fixed())
                    ir::fail({}, "point is an integer or fixed point, not {}", point.str());
                constexpr int64_t most_means = 32767; // what a point has joined is an Int(16)
                return cpu_schedule(kmeans(point, count("points"), count("dimensions"),
                                           count("means", most_means), count("rounds")));
            }};
}
