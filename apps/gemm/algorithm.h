#pragma once
/// \file Matrix product in float32, and its schedule.

#include <lathe/lathe.h>

struct Gemm {
    lathe::Input A, B;
    lathe::Func panel, tile, C;
    lathe::Var i, j;
    lathe::RDom k;
};

/// C[M, N] = A[M, K] · B[K, N] for sizes known at run time. `panel` is a copy of B and `tile` the sums: names
/// for what the schedule keeps in the cache and in registers.
Gemm gemm_algorithm();

/// Packed panels of B, register tiles sized for the target, full tiles apart from those at the edges; panels
/// in parallel.
lathe::Schedule cpu_schedule(const Gemm& g, const lathe::Target& target);

/// The schedule for Vitis: tiles of the sums, and what is read for them, in arrays of the chip.
lathe::Schedule vitis_schedule(const Gemm& g, int64_t rows, int64_t columns, int64_t inner);
