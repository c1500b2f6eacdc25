#pragma once
/// \file K-means in plain C++.

#include <lathe/lathe.h>

/// The same as the kernel, on numbers of at most 32 bits: means become the result, joined (Int(16)) says
/// which one each point has joined. Fixed-point numbers are computed with as the integers that they are
/// multiples of: a mean has as many fraction bits as the points.
void plain_kmeans(const lathe::AnyBuffer& points, lathe::AnyBuffer& means, lathe::Buffer<int16_t>& joined,
                  int64_t rounds);
