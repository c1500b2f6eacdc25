#pragma once
/// \file The one builder of dependence queries: pairs of accesses, the sets in which they meet, and the
/// answer.

#include "instances.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/polyhedral.h"

namespace lathe::ir {

/// Both halves may run in any order.
bool both_commute(const ProgramAccess& a, const ProgramAccess& b);

class DependenceQuery {
  public:
    DependenceQuery(const Stmt& root, const Symbol& loop, const Facts& known);

    const Program& program() const { return what; }
    /// Calls `ask` for each ordered pair of accesses (first, second) of which one writes, until it has an
    /// answer. A pair whose question is too hard is the answer itself, unproved.
    using Ask = std::function<std::optional<Dependence>(size_t first, size_t second)>;
    std::optional<Dependence> any(bool commuting_free, const Ask& ask);

    /// Where both touch one element and fulfil `order`.
    isl::Set meeting(size_t first, size_t second, const isl::Set& order);
    /// Loops around both, in the order of the program, those around the region too.
    size_t common(size_t first, size_t second) const;
    /// The first's iteration of loop number `level` (of those around both) is the earlier one, those outside
    /// of it are equal.
    isl::Set carried_at(size_t level, size_t first, size_t second) const;
    /// All loops around both are in equal iterations.
    isl::Set same_iteration(size_t first, size_t second) const;
    isl::Affine at(size_t level, size_t access, int side) const;
    /// Allocated inside the loop of this level: never shared by its iterations.
    bool is_private(size_t access, size_t level) const {
        return what.accesses[access].private_to + planted.has(Fault::private_too_far) > level;
    }
    /// Where the two are no instances of one statement that do the same: where those change places, nothing
    /// changes, whatever they read and write.
    isl::Set differing(size_t first, size_t second);
    Dependence found(const isl::Set& s, size_t level, size_t first, size_t second);
    Instances& instances() { return all; }
    const isl::Context& context() const { return isl_context; }

  private:
    bool add_loops_used(const Expr& e, std::set<Symbol>& loops) const;
    Dependence unproved(size_t first, size_t second) const;
    Conflict conflict(size_t first, size_t second, const Symbol& loop) const;
    Witness witness(const isl::Set& s, size_t first, size_t second) const;

    Program what;
    isl::Context isl_context;
    Instances all;
};

} // namespace lathe::ir
