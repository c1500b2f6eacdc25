#pragma once
/// \file Random programs, each from a seed.

#include "random_schedule.h"

/// Stages of random expressions: of random types, with selects, positions beyond edges, gathers, constants,
/// sums, scatters, pairs of values. \throws lathe::Error when a type would be too wide.
Program random_algorithm(std::mt19937& random);

/// A kernel with loops of every kind, conditions, breaks, returns, scalars, arrays and stores, of random
/// types. \throws lathe::Error when a type would be too wide.
Program random_kernel(std::mt19937& random);

/// One of the two.
inline Program random_program(std::mt19937& random) {
    return random() % 3 == 0 ? random_kernel(random) : random_algorithm(random);
}
