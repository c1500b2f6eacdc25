#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Puts an Assert before every statement with an access that is not proved to lie in its tensor: a gather, a
/// scatter, an access under a condition on data. (Accesses that depend on sizes alone are checked when the
/// function is entered.) Precondition: before vectorization.
Module check_bounds(const Module& module);

} // namespace lathe::ir
