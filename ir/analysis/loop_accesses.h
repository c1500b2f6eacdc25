#pragma once
/// \file The accesses inside a loop, with subscripts in terms of loop counters that start at zero.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// A loop around an access: its counter runs from 0 to count − 1, where count is at most `count` if that is
/// known.
struct CountedLoop {
    Symbol var;
    std::optional<int64_t> count;
};

struct LoopAccess {
    Symbol tensor;
    /// In loop counters: every loop variable stands for its distance from the loop's min. None where an
    /// extern call touches all elements.
    std::vector<Expr> indices;
    std::vector<Expr> written_as;    ///< as the Module has them
    std::vector<CountedLoop> inside; ///< the loops between the queried loop and the access, outermost first
    bool write = false;
    const Reduce* reduce = nullptr; ///< the write (and read) of a reduction's target
    Loc loc;
    std::string shown = {}; ///< in messages, if not the element
};

struct LoopAccesses {
    std::vector<CountedLoop> around;  ///< from the root to the queried loop, itself included
    std::vector<LoopAccess> accesses; ///< in program order; tensors allocated inside the loop are left out
};

/// The accesses inside `loop`. \throws InternalError when `root` has no such loop.
LoopAccesses accesses_inside(const Stmt& root, const Symbol& loop);

} // namespace lathe::ir
