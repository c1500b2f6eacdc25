#pragma once
/// \file Gaussian blur by binomial weights, separable: along the rows, then along the columns.

#include "support/stencil_choice.h"

struct Gaussian {
    lathe::Input in;
    lathe::Func padded, rows, out;
    lathe::Var y, x;
};

/// `taps` 3 (weights 1 2 1) or 5 (1 4 6 4 1). `pixel` is UInt(8), rounded to nearest by an added half and a
/// shift, or fixed point, rounded by its own mode. The edge pixels repeat. Height H and width W are those of
/// the input.
Gaussian gaussian(int taps, lathe::Type pixel);

/// The schedule for a CPU: strips of rows in parallel, vectors along the rows.
lathe::Schedule cpu_schedule(const Gaussian& g, const lathe::Target& target);

/// The schedule for Vitis: rows are kept in a line buffer and pixels in a window, so that every cycle takes
/// one pixel of the padded image and gives one.
lathe::Schedule vitis_schedule(const Gaussian& g, int64_t height, int64_t width);

/// One of the program's variants: the name of its generated function, its taps and its pixel type.
struct Variant {
    const char* name;
    int taps;
    lathe::Type pixel;
};
std::vector<Variant> variants();

/// HeteroCL's "gaussian": 3 × 3 elements of the window at the origin, each with its two coefficients.
struct GaussianValid {
    lathe::Input in;
    lathe::Func out; ///< two rows and two columns smaller
    lathe::Var y, x;
};
/// in · k(rx) · k(ry), float32: two products for each element. k: σ = 1, and the sum is 1. For another
/// element the coefficients are in fixed point.
GaussianValid gaussian3_valid(lathe::Type element, int64_t height, int64_t width);
/// in · kk(rx, ry), kk being k(rx) · k(ry): one product.
GaussianValid gaussian3_recip(lathe::Type element, int64_t height, int64_t width);

/// The types of all tensors, for quantize.
std::vector<lathe::TypeChoice> element_types(const GaussianValid& g, lathe::Type element);
lathe::Schedule cpu_schedule(const GaussianValid& g, const lathe::Target& target);
lathe::Schedule network_schedule(const GaussianValid& g, const support::StencilChoice& choice);
