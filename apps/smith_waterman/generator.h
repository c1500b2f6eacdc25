#pragma once
#include <lathe/driver/generator.h>

/// smith_waterman(a, b, score), with the scores as parameters.
lathe::Generator smith_waterman_generator();
