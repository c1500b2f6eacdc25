#pragma once
/// \file Two algorithms that both go by the name of Seidel.

#include <lathe/lathe.h>

/// HeteroCL's "seidel": the mean of three pixels along x, then of three along y; not in place. in is two rows
/// and two columns larger than out.
struct Seidel {
    lathe::Input in;
    lathe::Func rows, out;
    lathe::Var y, x;
};
Seidel seidel();

/// PolyBench's seidel-2d: sweeps over the inside of A, each element becoming the mean of its nine neighbours,
/// with those before it already new.
struct Seidel2d {
    lathe::InOut A;
    lathe::Var t, i, j;
    lathe::Kernel kernel;
};
Seidel2d seidel_2d();

lathe::Schedule cpu_schedule(const Seidel& s, const lathe::Target& target);
/// Rows of `width` pixels; eight of them at a time.
lathe::Schedule vitis_schedule(const Seidel& s, int64_t height, int64_t width);
