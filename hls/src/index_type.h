#pragma once
#include "lathe/ir/stmt.h"

#include <string>

namespace lathe::hls {

using namespace ir;

/// The C++ type of its subscripts and loops: int where all of them, and all addresses, fit.
std::string index_type_of(const Function& f);

} // namespace lathe::hls
