/// \file Writes one static library and header per variant of the blur, for this machine.

#include "algorithm.h"

#include <cstdio>

using namespace lathe;

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: gaussian_generator FOLDER\n", stderr);
        return 2;
    }
    const Target target = Target::host();
    for (const Variant& v : variants()) {
        const Gaussian g = gaussian(v.taps, v.pixel);
        compile_to_static_library(cpu_schedule(g, target), std::string(argv[1]) + "/" + v.name,
                                  {.target = target, .name = v.name});
    }
    return 0;
} catch (const Error& e) {
    std::fprintf(stderr, "gaussian_generator: %s\n", e.what());
    return 1;
}
