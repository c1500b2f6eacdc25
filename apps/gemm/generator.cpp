#include "gemm/generator.h"

#include "algorithm.h"

using namespace lathe;

Generator gemm_generator() {
    return {"gemm", "C[M, N] = A[M, K] · B[K, N] in float32", {}, [](const GeneratorArguments& a) {
                return cpu_schedule(gemm_algorithm(), a.target());
            }};
}
