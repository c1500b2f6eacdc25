#pragma once
/// \file Which iterations of a loop depend on each other, decided by tests on linear subscripts (ZIV, SIV,
/// GCD, bounds propagation). An answer of "no conflict" is a proof; a conflict may be one that a stronger
/// test would disprove.

#include "lathe/ir/stmt.h"

#include <functional>

namespace lathe::ir {

enum class ConflictKind : uint8_t {
    flow,   ///< written, then read
    anti,   ///< read, then written
    output, ///< written, then written again
};

/// One side of a conflict.
struct ConflictAccess {
    Symbol tensor;
    std::string text; ///< "S[i - 1]"
    bool write = false;
    Loc loc;
};

/// Two accesses that may touch one element in different iterations of `loop`, `first` in the earlier one.
struct Conflict {
    ConflictKind kind = ConflictKind::flow;
    ConflictAccess first, second;
    Symbol loop;
    std::optional<int64_t> distance; ///< iterations between the two, when it is always the same

    /// "S[i] written at blur.cpp:30 is read as S[i - 1] at blur.cpp:31 (carried by i, distance 1)"
    std::string describe() const;
};

enum class Commuting : uint8_t {
    ordered, ///< every repetition keeps its place
    free,    ///< repetitions of reductions that commute may change places
};

/// A dependence that `loop` (inside `root`) carries: two accesses to one element in different iterations of
/// it, in equal iterations of the loops around it and any iterations of those inside. Tensors allocated
/// inside the loop are private.
std::optional<Conflict> loop_carried(const Stmt& root, const Symbol& loop, Commuting reductions);

/// A dependence that runs backwards when the perfectly nested loops `before` (outermost first) are put into
/// the order `after`. Reductions that commute are free.
std::optional<Conflict> reorder_conflict(const Stmt& root, const std::vector<Symbol>& before,
                                         const std::vector<Symbol>& after);

/// Loops, by node, whose tags were found legal: they stay so while the node is the same, since whatever
/// changes a loop around it in a way that matters to it makes a new one.
using LegalTags = std::map<const StmtNode*, Stmt>;
/// The first loop tagged parallel or vectorized (or otherwise concurrent) that carries a dependence which its
/// tag forbids, apart from those in `legal`. When there is none, `legal` becomes the tagged loops of `root`.
std::optional<Conflict> tag_conflict(const Stmt& root, LegalTags& legal);

/// True when running an iteration of `loop` again, later, changes nothing: no reductions into and no reads of
/// what it writes, and no element is written by two iterations.
bool idempotent(const Stmt& root, const Symbol& loop);

} // namespace lathe::ir
