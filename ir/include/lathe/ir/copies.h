#pragma once
/// \file Copies between host and device, for those who have one memory.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// The copy as loops that store element by element.
Stmt copy_loops(const Copy& c);
/// Every copy so, and what the device has in its memory lies beside the rest.
Module copies_as_loops(const Module& m);

} // namespace lathe::ir
