#pragma once
/// \file Loops and tensors inside a loop, counted from where each iteration starts them.

#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// The body of `loop`, with 0 as the start of each loop and each allocated tensor's dimension whose start
/// differs between its iterations: `for j in [i, i + 3): t[j]`, where t begins at i, becomes
/// `for j in [0, 3): t[j]`.
Stmt with_common_starts(const For& loop);

} // namespace lathe::codegen
