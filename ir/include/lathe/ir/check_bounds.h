#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Puts an Assert before every statement with an access that is not proved to lie in its tensor: a gather, a
/// scatter, an access under a condition on data. (Accesses that depend on sizes alone are checked when the
/// function is entered.) Precondition: before vectorization.
Module check_bounds(const Module& module);
/// The same in the Functions that are called: where one leaves the part of a tensor that it was given, the
/// tensor itself may have an element there. Before calls are inlined.
Module check_views(const Module& module);

} // namespace lathe::ir
