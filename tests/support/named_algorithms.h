#pragma once
/// \file Known algorithms, small: what random schedules run on.

#include "random_schedule.h"

struct NamedAlgorithm {
    std::string name;
    std::function<Program()> make;
};

/// gemm, Gaussian, histogram, Jacobi, Seidel, LU, Cholesky, Floyd-Warshall, Nussinov, Smith-Waterman, scan,
/// transpose in place, strided convolution.
std::vector<NamedAlgorithm> named_algorithms();
