#include "support/peak.h"

#include "support/measure.h"

#include <immintrin.h>

namespace support {
namespace {

constexpr long rounds = 200'000;
constexpr int chains = 12; // more than latency (4) times ports (2)

// The asm statements keep the compiler from seeing that the results are unused; all chains stay in registers.
#define LATHE_FMA_CHAINS(VECTOR, FMA, ONE, X, Y, CONSTRAINT)                                                 \
    VECTOR a = ONE, b = ONE, c = ONE, d = ONE, e = ONE, f = ONE, g = ONE, h = ONE, i = ONE, j = ONE,         \
           k = ONE, l = ONE;                                                                                 \
    const VECTOR x = X, y = Y;                                                                               \
    for (long r = 0; r < rounds; ++r) {                                                                      \
        a = FMA(a, x, y), b = FMA(b, x, y), c = FMA(c, x, y), d = FMA(d, x, y), e = FMA(e, x, y),            \
        f = FMA(f, x, y);                                                                                    \
        g = FMA(g, x, y), h = FMA(h, x, y), i = FMA(i, x, y), j = FMA(j, x, y), k = FMA(k, x, y),            \
        l = FMA(l, x, y);                                                                                    \
        asm volatile(""                                                                                      \
                     : "+" CONSTRAINT(a), "+" CONSTRAINT(b), "+" CONSTRAINT(c), "+" CONSTRAINT(d),           \
                       "+" CONSTRAINT(e), "+" CONSTRAINT(f));                                                \
        asm volatile(""                                                                                      \
                     : "+" CONSTRAINT(g), "+" CONSTRAINT(h), "+" CONSTRAINT(i), "+" CONSTRAINT(j),           \
                       "+" CONSTRAINT(k), "+" CONSTRAINT(l));                                                \
    }

__attribute__((target("avx2,fma"))) void run_avx2() {
    LATHE_FMA_CHAINS(__m256, _mm256_fmadd_ps, _mm256_set1_ps(1), _mm256_set1_ps(0.999999f),
                     _mm256_set1_ps(1e-7f), "x")
}

__attribute__((target("avx512f"))) void run_avx512() {
    LATHE_FMA_CHAINS(__m512, _mm512_fmadd_ps, _mm512_set1_ps(1), _mm512_set1_ps(0.999999f),
                     _mm512_set1_ps(1e-7f), "v")
}

#undef LATHE_FMA_CHAINS

} // namespace

double fma_peak_gflops() {
    const double operations = 2.0 * chains * rounds;
    if (__builtin_cpu_supports("avx512f")) return operations * 16 / best_seconds(run_avx512, 10, 0.2) * 1e-9;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return operations * 8 / best_seconds(run_avx2, 10, 0.2) * 1e-9;
    return 0;
}

} // namespace support
