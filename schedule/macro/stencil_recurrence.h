#pragma once
/// \file How soon a point can be computed of another one.

#include "lathe/ir/expr.h"

#include <map>

namespace lathe::schedule::stencil {

using namespace ir;

/// Cycles between the beginnings of two points, where the value needs results of so many points ago: the
/// latency of the operators from each such result to the value, over its distance, rounded up. At least 1.
int64_t initiation_interval(const Expr& value, const std::map<Symbol, int64_t>& ago);

} // namespace lathe::schedule::stencil
