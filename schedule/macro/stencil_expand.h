#pragma once
/// \file The network that stands in a stencil's place.

#include "stencil_grid.h"

namespace lathe::schedule::stencil {

/// Loads, forwards, computes and stores: adds the Functions, and returns the dataflow that joins them.
Stmt expand(Edit& e, const Design& d);

} // namespace lathe::schedule::stencil
