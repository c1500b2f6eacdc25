#pragma once
/// \file The C99 header of a compiled function.

#include "abi.h"

namespace lathe::codegen {

using namespace ir;

std::string c_header(const Abi& abi, const Module& original, const std::string& target);

} // namespace lathe::codegen
