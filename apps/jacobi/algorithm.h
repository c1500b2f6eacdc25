#pragma once
/// \file Jacobi-2D: `sweeps` times every inner element becomes the mean of itself and its four neighbours.

#include "support/stencil_choice.h"

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

/// HeteroCL's "jacobi": the mean of five elements of the window at the origin, not in place.
struct JacobiValid {
    lathe::Input in;
    lathe::Func out; ///< two rows and two columns smaller
    lathe::Var y, x;
    lathe::Type constant; ///< of 5, or a fifth, in fixed point
};
JacobiValid jacobi_valid(int64_t height, int64_t width);
/// With a product with a fifth instead of a division.
JacobiValid jacobi_recip(int64_t height, int64_t width);

/// The types of all tensors and constants, for quantize.
std::vector<lathe::TypeChoice> element_types(const JacobiValid& j, lathe::Type element);
lathe::Schedule cpu_schedule(const JacobiValid& j, const lathe::Target& target);
lathe::Schedule network_schedule(const JacobiValid& j, const support::StencilChoice& choice);
