#pragma once
/// \file Text for people and golden tests. Deterministic; never prints ids: names that repeat in a scope get a suffix _1, _2 ...

#include "lathe/ir/stmt.h"

namespace lathe {

std::string print(const Expr& e);
std::string print(const Stmt& s);
/// The whole program in the style of TVM Script (indentation, `for i in range(0, M):`, `C[i, j] += ...`).
std::string print(const Module& m);
/// Loops, stages and allocations only, one line each.
std::string loop_tree(const Module& m);

} // namespace lathe
