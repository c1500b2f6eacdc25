#pragma once
#include <lathe/driver/generator.h>

/// unsharp(in, out), harris(in, out), denoise(f, u, out), canny(in, out).
std::vector<lathe::Generator> denoise_generators();
