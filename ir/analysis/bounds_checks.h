#pragma once
/// \file Subscripts that cannot be proved to be in bounds.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

#include <functional>

namespace lathe::ir {

/// The dimensions of a tensor in scope.
using DimsOf = std::function<const std::vector<Dim>&(const Symbol& tensor)>;

/// Assertions for the accesses that `s` itself makes (not those in its bodies), where no proof is found from
/// `facts`: with them a program ends where the interpreter does. Lazy, as the accesses are. Those of a While
/// are about its condition, which is evaluated before every round.
std::vector<Stmt> bounds_checks(const Stmt& s, const DimsOf& dims_of, const Facts& facts);

} // namespace lathe::ir
