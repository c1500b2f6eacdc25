#include "seidel/generator.h"

#include "seidel/algorithm.h"

using namespace lathe;

Generator seidel_generator() {
    return {"seidel",
            "HeteroCL's: means of three along x, then along y",
            {},
            [](const GeneratorArguments& a) { return cpu_schedule(seidel(), a.target()); }};
}

Generator seidel_2d_generator() {
    return {"seidel_2d",
            "PolyBench's: sweeps of nine-point means, in place",
            {},
            [](const GeneratorArguments&) { return Schedule(seidel_2d().kernel); }};
}
