/// \file The command `lathe`: generated code of the applications. `lathe --help` says how.

#include "gaussian/generator.h"
#include "gemm/generator.h"
#include "knn/generator.h"
#include "seidel/generator.h"
#include "smith_waterman/generator.h"

int main(int argc, char** argv) {
    return lathe::generator_main(argc, argv,
                                 {gemm_generator(), gaussian_generator(), seidel_generator(),
                                  seidel_2d_generator(), knn_generator(), smith_waterman_generator()});
}
