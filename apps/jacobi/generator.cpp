#include "jacobi/generator.h"

#include "jacobi/algorithm.h"

using namespace lathe;

Generator jacobi_generator() {
    return {
        "jacobi",
        "sweeps of five-point means",
        {{"element", Float(32), "the type of an element"}, {"height", 256}, {"width", 256}, {"sweeps", 8}},
        [](const GeneratorArguments& a) {
            const auto count = [&](const char* name) {
                const int64_t n = a.integer(name);
                if (n < 3 || n > 1 << 15) ir::fail({}, "{} is between 3 and {}, not {}", name, 1 << 15, n);
                return n;
            };
            return cpu_schedule(jacobi(a.type("element"), count("height"), count("width"), count("sweeps")),
                                a.target());
        }};
}
