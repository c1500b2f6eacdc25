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

/// C = A·B by tiles of `tile` × `tile`, as blocks that one process loads while the next one multiplies:
/// A[size][size], B[size][size].
constexpr int size = 256, tile = 16;
void gemm(const int* a, const int* b, int* c);

constexpr int cells = 64, symbols = 4096;

/// The best Smith-Waterman score of a query of `cells` symbols and a text of `symbols`, on an array of cells:
/// a match scores 2, a difference −1, a gap −1.
int smith_waterman(const uint8_t* query, const uint8_t* text);

} // namespace simulation
