#pragma once
/// \file Two algorithms that both go by the name of Seidel.

#include "support/stencil_choice.h"

/// HeteroCL's "seidel": the mean of three pixels along x, then of three along y; not in place. in is two rows
/// and two columns larger than out.
struct Seidel {
    lathe::Input in;
    lathe::Func rows, out;
    lathe::Var y, x;
    lathe::Type constant; ///< of 3, or a third, in fixed point
};
Seidel seidel();
/// Of an input of height × width.
Seidel seidel(int64_t height, int64_t width);
/// The same with products with a third instead of divisions.
Seidel seidel_recip();
Seidel seidel_recip(int64_t height, int64_t width);

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
/// The types of all tensors and constants, for quantize.
std::vector<lathe::TypeChoice> element_types(const Seidel& s, lathe::Type element);
/// Of constant size.
lathe::Schedule network_schedule(const Seidel& s, const support::StencilChoice& choice);
