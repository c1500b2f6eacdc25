#pragma once
/// \file Parts of tensors.

#include "rewrite.h"

namespace lathe::schedule {

using namespace ir;

/// The statement as one who is given those parts has it: its subscripts count from where a part begins, and
/// dimensions of one position are gone. \pre it passes none of the tensors on
Stmt in_part(const Stmt& s, const std::map<Symbol, TensorView>& views);

} // namespace lathe::schedule
