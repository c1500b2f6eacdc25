#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Splits a serial loop around vectorized ones into [edge | interior | edge] where clamps, guards and extents
/// of the vectors are decided on the interior: its subscripts are then linear, and its vectors whole. The
/// order of iterations stays. In a parallel loop each iteration chooses between interior and edge.
Module partition_loops(const Module& module);

} // namespace lathe::codegen
