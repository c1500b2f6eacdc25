/// \file Writes PREFIX.a and PREFIX.h with the function gemm(A, B, C) for this machine.

#include "algorithm.h"

#include <cstdio>

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::fputs("usage: gemm_generator PREFIX\n", stderr);
        return 2;
    }
    const lathe::Target target = lathe::Target::host();
    lathe::compile_to_static_library(cpu_schedule(gemm_algorithm(), target), argv[1],
                                     {.target = target, .name = "gemm"});
    return 0;
} catch (const lathe::Error& e) {
    std::fprintf(stderr, "gemm_generator: %s\n", e.what());
    return 1;
}
