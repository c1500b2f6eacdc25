#pragma once
#include <lathe/driver/generator.h>

lathe::Generator jacobi_generator();
/// jacobi_valid(in, out): HeteroCL's, without a border.
lathe::Generator jacobi_valid_generator();
/// With a product instead of a division.
lathe::Generator jacobi_recip_generator();
