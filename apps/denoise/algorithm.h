#pragma once
/// \file Four filters of images in several stages: sharpening, corners, edges, and the removal of noise.

#include "denoise/chain.h"
#include "support/stencil_choice.h"

/// in + 1.5 · (in − blur), where blur is binomial, 5 × 5, along the rows and then along the columns.
/// Float(32), or UInt(8): rounded once, and kept within 0 … 255.
Filter unsharp(lathe::Type pixel, Borders borders, int64_t height, int64_t width);

/// Harris' corners: Sobel's derivatives, their products, sums of these over 3 × 3, det − k · trace² with
/// k = 3/64. Float(32); or UInt(8): exact, then divided by 2^20, Int(32).
Filter harris(lathe::Type pixel, Borders borders, int64_t height, int64_t width);

/// One step or more of Rudin, Osher and Fatemi's total variation, by lagged diffusivity: f is the noisy
/// image, u what is known of the clean one. g = 1 / √(1 + Σ (u − u_n)²) over the four neighbours n, then (f +
/// 32 Σ g_n u_n) / (1 + 32 Σ g_n). Fixed point sums the differences' magnitudes instead of their squares, and
/// needs no root: g = 1 / (2 + Σ |u − u_n|).
Filter denoise(lathe::Type pixel, Borders borders, int64_t height, int64_t width, int64_t steps);

/// Canny's edges: 2 strong, 1 weak, 0 none (hysteresis would choose among the weak ones). A binomial blur 5 ×
/// 5, Sobel's derivatives, the maxima along the gradient, two thresholds. As hardware does, |gx| + |gy| is
/// the magnitude, and the gradient's direction is one of four by comparisons of multiples: 53/128 is nearly
/// tan 22.5°. UInt(8), or Float(32).
Filter canny(lathe::Type pixel, Borders borders, int64_t height, int64_t width);

/// What the filters count with.
namespace filter_constants {
inline constexpr int binomial[] = {1, 4, 6, 4, 1};
inline constexpr int weak_edge = 80, strong_edge = 200;
inline constexpr int diffusion = 32, least_gradient = 2;
} // namespace filter_constants

/// A filter by its name, in one step. \throws lathe::Error when there is none, or it has not this type.
Filter filter_named(const std::string& name, lathe::Type pixel, Borders borders, int64_t height,
                    int64_t width);
struct FilterType {
    std::string filter;
    lathe::Type pixel;
};
/// All filters, each with the types that it is for.
const std::vector<FilterType>& filter_types();

/// Strips of rows in parallel, with the stages that they need; vectors along the rows.
lathe::Schedule cpu_schedule(const Filter& f, const lathe::Target& target);
/// The macro: `unroll` points in a cycle; 0: loops, the innermost ones pipelined.
lathe::Schedule network_schedule(const Filter& f, int64_t unroll);
