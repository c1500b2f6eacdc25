#pragma once
#include <lathe/driver/generator.h>

/// gemm(A, B, C) for sizes known at run time.
lathe::Generator gemm_generator();
