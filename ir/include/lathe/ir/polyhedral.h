#pragma once
/// \file Dependences decided exactly, by sets of integer points: loop bounds (triangular and symbolic ones
/// too), guards, quasi-affine subscripts and lets take part. "None" is a proof. What cannot be said (products
/// of variables, what memory holds) may be anything, so a dependence that is found may need values that never
/// occur.

#include "lathe/ir/dependence.h"
#include "lathe/ir/simplify.h"

#include <gmpxx.h>

namespace lathe::ir {

/// How far apart the two iterations are: second minus first.
struct LoopStep {
    Symbol loop;
    std::optional<int64_t> least, most; ///< none: no bound that holds for all parameters
    bool exact() const { return least && least == most; }
};

/// Two iterations that touch one element, for some values of the parameters.
struct Witness {
    using Values = std::vector<std::pair<Symbol, mpz_class>>;
    Values common; ///< parameters, and loops whose iteration both share
    Values first, second;
    /// "i = 0, r = 1 and i = 1, r = 0, where N = 2"; empty if nothing is known.
    std::string describe() const;
};

struct Dependence {
    Conflict conflict;
    std::vector<LoopStep> steps; ///< of the loops around both accesses, outermost first
    Witness witness;
    bool proved = true; ///< false: the search was given up; it may not exist, and `conflict` may be empty
};

/// A dependence that `loop` (inside `root`) carries: two accesses to one element in different iterations of
/// it, in equal iterations of the loops around it. Tensors allocated inside the loop are private to an
/// iteration. `known` holds for parameters.
std::optional<Dependence> dependence_carried(const Stmt& root, const Symbol& loop, Commuting reductions,
                                             const Facts& known = {});

/// A dependence that is turned round when the iterations of `loop` run in lockstep, `lanes` at a time (0: all
/// of them): statement after statement, in each one first all lanes read, then all write. Reductions that
/// commute are free.
std::optional<Dependence> dependence_in_lockstep(const Stmt& root, const Symbol& loop, int64_t lanes = 0,
                                                 const Facts& known = {});

/// Where an access stands.
struct Place {
    std::vector<Symbol> loops;         ///< around it, outermost first
    std::vector<const StmtNode*> path; ///< the statements from the root to its own
};
/// The new time of an access: Index expressions of its loops (constants for the places of statements),
/// compared lexicographically as far as both go. What is equal so far keeps its old order.
using NewOrder = std::function<std::vector<Expr>(const Place&)>;

/// A dependence between accesses inside `loop` (no symbol: of all of `root`) that a new order of their
/// instances turns round, for equal iterations of the loops around `loop`. Free: reductions that commute, and
/// instances of one statement that do the same: whichever comes first, memory goes through the same states.
std::optional<Dependence> dependence_reversed(const Stmt& root, const Symbol& loop, const NewOrder& order,
                                              const Facts& known = {});

/// What keeps the last iterations of `loop` from running once more, in their order: an element that an
/// iteration reads, and that it or a later one writes after that. Both halves of a reduction are such a pair.
std::optional<Dependence> dependence_of_repetition(const Stmt& root, const Symbol& loop,
                                                   const Facts& known = {});

} // namespace lathe::ir
