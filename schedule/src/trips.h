#pragma once
/// \file How often a reduction updates one element.

#include "lathe/ir/stmt.h"

#include <functional>
#include <set>

namespace lathe::schedule {

using namespace ir;

/// A loop around a reduction, outermost first in a list.
struct CountedRange {
    Symbol loop;
    Expr min, extent;
    bool counts = true; ///< false: every iteration has elements of its own
};

/// The most often that one element with these subscripts is updated. A loop is left out only where the
/// subscripts, linear in the loops, tell its value apart given the loops that are counted. `refuse` is called
/// for a loop without a constant bound, or with too many iterations, and throws. `changing` are variables
/// that are no sizes.
int64_t most_updates(const std::vector<Expr>& subscripts, const std::vector<CountedRange>& loops,
                     const std::set<Symbol>& changing,
                     const std::function<void(const CountedRange&, bool too_many)>& refuse);

} // namespace lathe::schedule
