#pragma once
/// \file Jacobi-2D: `sweeps` times every inner element becomes the mean of itself and its four neighbours.

#include <lathe/lathe.h>

struct Jacobi {
    lathe::InOut A;
    lathe::Var t, i, j, v, u;
    lathe::Kernel kernel;
};

/// A {H, W} in place. Fixed point multiplies by 0.2 rounded to four more bits than the type has; floats by
/// 0.2.
Jacobi jacobi(lathe::Type type, int64_t height, int64_t width, int64_t sweeps);

lathe::Schedule cpu_schedule(const Jacobi& j, const lathe::Target& target);
lathe::Schedule vitis_schedule(const Jacobi& j);
