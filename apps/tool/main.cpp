/// \file The command `lathe`: generated code of the applications. `lathe --help` says how.

#include "bnn/generator.h"
#include "denoise/generator.h"
#include "gaussian/generator.h"
#include "gemm/generator.h"
#include "jacobi/generator.h"
#include "kmeans/generator.h"
#include "knn/generator.h"
#include "lenet/generator.h"
#include "seidel/generator.h"
#include "smith_waterman/generator.h"

int main(int argc, char** argv) {
    std::vector<lathe::Generator> all{gemm_generator(),
                                      gaussian_generator(),
                                      gaussian3_valid_generator(),
                                      gaussian3_recip_generator(),
                                      seidel_generator(),
                                      seidel_recip_generator(),
                                      seidel_2d_generator(),
                                      knn_generator(),
                                      smith_waterman_generator(),
                                      lenet_generator(),
                                      bnn_generator(),
                                      kmeans_generator(),
                                      jacobi_generator(),
                                      jacobi_valid_generator(),
                                      jacobi_recip_generator()};
    const std::vector<lathe::Generator> filters = denoise_generators();
    all.insert(all.end(), filters.begin(), filters.end());
    return lathe::generator_main(argc, argv, all);
}
