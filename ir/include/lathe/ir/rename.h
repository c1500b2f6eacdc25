#pragma once
/// \file Other symbols in the places of those that a statement binds or uses.

#include "lathe/ir/stmt.h"

#include <map>

namespace lathe::ir {

/// Every symbol that stands in `names`, where it is bound and where it is used, is the other one.
Stmt rename(const Stmt& s, const std::map<Symbol, Symbol>& names);

} // namespace lathe::ir
