#pragma once
/// \file What a process stores into a tensor, or loads from it, as tokens of a stream.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// Each store into the tensor pushes what it stores. \param keep it stores it, too
Stmt with_pushes(const Stmt& s, const Symbol& tensor, const Symbol& stream, bool keep);

/// Each statement that loads the tensor pops the element first, when it loads one. \pre no statement loads
/// two elements. Refuses where a condition for the load is asked in the head of a loop, condition or let.
/// \param places receives the element that each pop stands for
using Places = std::map<Symbol, std::vector<Expr>>;
Stmt with_pops(const Edit& e, const Stmt& s, const Symbol& tensor, const Symbol& stream,
               Places* places = nullptr);

} // namespace lathe::schedule
