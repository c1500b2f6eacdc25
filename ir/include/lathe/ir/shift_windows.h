#pragma once
/// \file Small windows as shift registers.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// As shift_folds, of tensors that hold so few elements that a CPU has them in registers: moving those costs
/// less than finding their places, and a window that is not folded is no memory.
Module shift_windows(const Module& m);

} // namespace lathe::ir
