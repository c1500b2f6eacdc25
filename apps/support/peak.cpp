#include "support/peak.h"

#include "support/measure.h"

#include <immintrin.h>

namespace support {
namespace {

constexpr long rounds = 200'000;
constexpr int chains = 12; // more than latency (4) times ports (2)

// The asm statement keeps the compiler from seeing that the result is unused; the chains stay in registers.
__attribute__((target("avx2,fma"))) void run_avx2() {
    __m256 acc[chains], x = _mm256_set1_ps(0.999999f), y = _mm256_set1_ps(1e-7f);
    for (auto& a : acc) a = _mm256_set1_ps(1.0f);
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) acc[i] = _mm256_fmadd_ps(acc[i], x, y);
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) asm volatile("" : "+x"(acc[i]));
    }
}

__attribute__((target("avx512f"))) void run_avx512() {
    __m512 acc[chains], x = _mm512_set1_ps(0.999999f), y = _mm512_set1_ps(1e-7f);
    for (auto& a : acc) a = _mm512_set1_ps(1.0f);
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) acc[i] = _mm512_fmadd_ps(acc[i], x, y);
#pragma GCC unroll 12
        for (int i = 0; i < chains; ++i) asm volatile("" : "+v"(acc[i]));
    }
}

} // namespace

double fma_peak_gflops() {
    const double operations = 2.0 * chains * rounds;
    if (__builtin_cpu_supports("avx512f")) return operations * 16 / best_seconds(run_avx512, 10, 0.2) * 1e-9;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return operations * 8 / best_seconds(run_avx2, 10, 0.2) * 1e-9;
    return 0;
}

} // namespace support
