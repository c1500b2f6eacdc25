#pragma once
/// \file Random algorithms.

#include "random_schedule.h"

/// Stages of random expressions: of random types, with selects, positions beyond edges, gathers, constants,
/// sums, scatters. \throws lathe::Error when a type would be too wide.
Program random_algorithm(std::mt19937& random);
