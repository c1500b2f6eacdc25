#pragma once
/// \file Random updates of a tensor, for exact accumulators.

#include "lathe/dsl/algorithm.h"

/// Sums into elements whose subscripts are made of the loops: alone, weighed, divided, clamped, gathered.
lathe::Func random_sums(unsigned seed);
