#pragma once
#include <lathe/driver/generator.h>

/// gaussian(in, out), with the parameters taps and pixel.
lathe::Generator gaussian_generator();
/// gaussian3_valid(in, out): HeteroCL's, without a border.
lathe::Generator gaussian3_valid_generator();
/// With one product for each element.
lathe::Generator gaussian3_recip_generator();
