#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Replaces the algorithm's types by machine form (lower.h): fixed point by integers, untyped literals by
/// typed ones, mixed operands by explicit casts, reductions whose order matters by stores. Commuting
/// reductions stay.
Module lower_types(const Module& module);

} // namespace lathe::codegen
