#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Gives every let of an expression a symbol of its own: passes that copy expressions leave lets that share
/// one.
Module unique_lets(Module module);

} // namespace lathe::ir
