#pragma once
/// \file Subscripts that cannot be proved to be in bounds.

#include "scope.h"

#include "lathe/ir/stmt.h"

namespace lathe::hls {

/// Assertions for the accesses that `s` itself makes (not those in its bodies), where no proof is found from
/// what is known: with them a simulation ends where the interpreter does. Lazy, as the accesses are.
std::vector<Stmt> bounds_checks(const Stmt& s, const Scope& scope);

} // namespace lathe::hls
