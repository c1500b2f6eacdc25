#include "../gaussian/algorithm.h"
#include "../gemm/algorithm.h"
#include "sides.h"

namespace compile_time {

void lathe_gemm() {
    const lathe::Target target = lathe::Target::host();
    lathe::jit(cpu_schedule(gemm_algorithm(), target), target);
}

void lathe_gaussian() {
    const lathe::Target target = lathe::Target::host();
    lathe::jit(cpu_schedule(gaussian(5, lathe::UInt(8)), target), target);
}

} // namespace compile_time
