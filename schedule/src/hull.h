#pragma once
/// \file Loops whose bounds name other loops, as those of triangles do, made free of them.

#include "rewrite.h"

namespace lathe::schedule {

using namespace ir;

/// A loop over all values that the loop's variable has for any iteration of `free_of`, and the conditions
/// under which it has one of them in a given iteration.
struct Hull {
    Expr min, extent;
    std::vector<Expr> inside;
};

/// `free_of`: loops around it, outermost first. Nothing if the bounds read memory, or there is no such hull.
std::optional<Hull> hull_of(const For& loop, const std::vector<const For*>& free_of, const Facts& facts);

} // namespace lathe::schedule
