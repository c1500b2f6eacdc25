#pragma once
/// \file What the part of a program inside a loop does: every access with its place in the program's order
/// and its domain, the conditions under which it happens. Dependence queries turn it into sets.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

#include <set>

namespace lathe::ir {

/// An expression, and when it is evaluated. Moment 0: it has one value from there to the access that it
/// belongs to. Any other one: its loads give what memory held then.
struct Timed {
    Expr expr;
    size_t moment = 0;
};

/// A condition that holds (or does not) where the access happens.
struct Guard {
    Timed condition;
    bool holds = true;
};

/// A loop around accesses: for, or while (without bounds; its variable counts from 0).
struct Repetition {
    Symbol var;
    Timed min, extent; ///< undefined for while
    Loc loc;
};

struct ProgramAccess {
    Symbol tensor;
    std::vector<Expr> indices;    ///< evaluated at moment 0
    std::vector<Expr> written_as; ///< as the Module has them
    bool whole = false;           ///< all elements (extern calls)
    bool write = false;
    const Reduce* reduce = nullptr; ///< both halves of a reduction's target are this one write
    Loc loc;
    std::string shown; ///< in messages, if not the element

    std::vector<size_t> loops;                        ///< around it, in Program::loops, outermost first
    std::vector<const StmtNode*> path;                ///< from the root to its statement
    std::shared_ptr<const std::vector<Guard>> guards; ///< of its statement, in the order of evaluation
    std::vector<Guard> own_guards;                    ///< those of the arms that hold it
    /// Of a store, reduction, print or call: all that it computes from, beside what memory holds.
    std::shared_ptr<const std::vector<Expr>> effect;
    size_t private_to = 0; ///< its tensor is allocated anew in each iteration of so many of the loops
    size_t statement = 0;  ///< the order of evaluation in one iteration of the common loops
    size_t target = 0;     ///< of the statement's writes
};

struct Program {
    std::vector<Repetition> loops; ///< all that accesses name
    size_t around = 0;             ///< so many of them stand around the region, outermost first
    std::vector<ProgramAccess> accesses;
    std::map<Symbol, Timed> lets;
    std::vector<size_t> depth; ///< by moment: how many loops stand around the evaluation
    std::set<Symbol> written;  ///< tensors that the region writes
    /// What every access may assume beside its guards: ranges and conditions of the caller.
    Facts known;
};

/// The accesses inside `loop`, or all of `root` if that is no symbol. \throws InternalError if `root` has no
/// such loop.
Program collect(const Stmt& root, const Symbol& loop, const Facts& known);

} // namespace lathe::ir
