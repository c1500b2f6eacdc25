/// \file The command `lathe`: generated code of the applications. `lathe --help` says how.

#include "gaussian/generator.h"
#include "gemm/generator.h"

int main(int argc, char** argv) {
    return lathe::generator_main(argc, argv, {gemm_generator(), gaussian_generator()});
}
