#pragma once
/// \file The C99 header of a compiled function.

#include "abi.h"

namespace lathe::cpu {

std::string c_header(const Abi& abi, const Module& original, const std::string& target);

} // namespace lathe::cpu
