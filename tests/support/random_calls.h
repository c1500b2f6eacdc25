#pragma once
/// \file Random programs of several Functions, each from a seed.

#include "programs.h"
#include "random_schedule.h"

/// Kernels that call others in up to three levels: in loops, twice with different sizes, with whole tensors
/// and views of rows, columns and strides, with numbers that they computed.
Program random_calls(std::mt19937& random);
