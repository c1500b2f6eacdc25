#pragma once
/// \file The filters in plain C++, with none of Lathe's stages and types: what they are compared with.

#include "denoise/algorithm.h"

/// One step of the filter, of buffers as it takes them.
lathe::AnyBuffer plain_filter(const std::string& name, lathe::Type pixel, Borders borders,
                              const std::vector<lathe::AnyBuffer>& inputs);
