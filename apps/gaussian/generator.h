#pragma once
#include <lathe/driver/generator.h>

/// gaussian(in, out), with the parameters taps and pixel.
lathe::Generator gaussian_generator();
