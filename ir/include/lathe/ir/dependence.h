#pragma once
/// \file Which iterations of a loop depend on each other. Tests on linear subscripts (ZIV, SIV, GCD, bounds
/// propagation) come first; a conflict that they cannot exclude is looked for by sets of integer points
/// (polyhedral.h). An answer of "no conflict" is a proof. `known` holds for parameters.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

#include <functional>
#include <set>

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
    std::string example = {}; ///< two such iterations: "i = 1, k = 0 and i = 0, k = 1"; empty: not known

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
std::optional<Conflict> loop_carried(const Stmt& root, const Symbol& loop, Commuting reductions,
                                     const Facts& known = {});

/// A dependence that is turned round when `lanes` iterations of `loop` at a time (0: all of them) run in
/// lockstep: statement after statement, in each one first all lanes read, then all write. Reductions that
/// commute are free.
std::optional<Conflict> lockstep_conflict(const Stmt& root, const Symbol& loop, int64_t lanes = 0,
                                          const Facts& known = {});

/// A dependence that runs backwards when the perfectly nested loops `before` (outermost first) are put into
/// the order `after`. Reductions that commute are free, and instances of a statement that do the same.
std::optional<Conflict> reorder_conflict(const Stmt& root, const std::vector<Symbol>& before,
                                         const std::vector<Symbol>& after, const Facts& known = {});

/// What is known of the tags of loops: those in `root` are legal. A tag stays legal while its loop and all
/// that stands around it are the same.
struct LegalTags {
    Stmt root;
    size_t asked = 0; ///< how many tags were looked into so far: what checking costs
};

/// A tag that is not legal, and why.
struct TagConflict {
    Symbol loop;
    LoopKind kind;
    std::string reason;
};
/// The first tagged loop that carries a dependence which its tag forbids or has no vector form, apart from
/// those in `legal` and those that were `proved` for just this `root`. When there is none, `legal` becomes
/// `root`.
std::optional<TagConflict> tag_conflict(const Stmt& root, LegalTags& legal, const Facts& known = {},
                                        const std::set<Symbol>& proved = {});

/// The dependence that keeps `lanes` iterations of `loop` at a time (0: all of them) from running as `kind`
/// says. \pre the kind is known
std::optional<Conflict> kind_conflict(const Stmt& root, const Symbol& loop, const LoopKind& kind,
                                      int64_t lanes = 0, const Facts& known = {});

/// Why the body of `loop` (inside `root`) cannot run for all iterations at once, one instruction for all;
/// empty: it can. Whatever is accepted here has vector code. Dependences are another question.
std::string no_vector_form(const Stmt& root, const Symbol& loop);

/// True when running the last iterations of `loop` once more, in order, changes nothing: what an iteration
/// reads is not written by it or a later one after that, and nothing is printed or called.
bool idempotent(const Stmt& root, const Symbol& loop, const Facts& known = {});

} // namespace lathe::ir
