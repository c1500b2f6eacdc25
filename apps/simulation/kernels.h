#pragma once
/// \file Kernels with streams, as Vitis HLS takes them.

#include <cstdint>

namespace simulation {

constexpr int width = 1920, height = 1080;

/// A 3×3 Gaussian of the pixels that have all neighbours: one pixel in, one out, by streams of depth 64 or 2.
void gaussian64(const uint8_t* in, uint8_t* out);
void gaussian2(const uint8_t* in, uint8_t* out);

constexpr int rows = 8, columns = 8, steps = 2000;

/// C = A·B on an array of rows × columns processes: A[rows][steps], B[steps][columns]; streams of depth 2.
void matmul(const int* a, const int* b, int* c);

} // namespace simulation
