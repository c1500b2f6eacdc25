#pragma once
/// \file What a statement gives a name to: whoever renames, copies or prints symbols asks here.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// The symbols that a statement itself binds, not those of the statements in it.
struct BoundSymbols {
    std::vector<Symbol> loops;   ///< For::var
    std::vector<Symbol> values;  ///< lets, popped tokens, the numbers of processes
    std::vector<Symbol> tensors; ///< allocated, or blocks that are filled and drained
    std::vector<Symbol> streams;

    /// Calls `f` with each of them.
    template <class F> void for_each(const F& f) const {
        for (const auto* all : {&loops, &values, &tensors, &streams})
            for (const Symbol& s : *all)
                f(s);
    }
};
BoundSymbols bound_symbols(const Stmt& s);

} // namespace lathe::ir
