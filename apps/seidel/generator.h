#pragma once
#include <lathe/driver/generator.h>

/// seidel(in, out): HeteroCL's.
lathe::Generator seidel_generator();
/// With products instead of divisions.
lathe::Generator seidel_recip_generator();
/// seidel_2d(A, T): PolyBench's.
lathe::Generator seidel_2d_generator();
