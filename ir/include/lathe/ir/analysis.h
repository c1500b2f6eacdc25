#pragma once
/// \file What a statement reads and writes: every access with the condition under which it happens, and the
/// required regions of tensors. Required regions drive inference of extents, bounds checks, compute_at and
/// buffers.

#include "lathe/ir/simplify.h"

namespace lathe::ir {

/// One access. "Inside the Stmt" means: between the statement that was asked about and the access.
struct Access {
    Symbol tensor;
    bool write = false;
    bool reduce = false; ///< the read or the write of a Reduce's target
    std::vector<Expr> indices;
    /// Of an extern function, which touches any elements: the tensor's dimensions. Then there are no indices.
    std::optional<std::vector<Dim>> whole;
    Loc loc;
    const StmtNode* stmt =
        nullptr; ///< the statement that holds it, alive as long as the Stmt that was asked about
    /// The access happens exactly when this Bool holds at its place: If conditions, conditions of the Select
    /// arms that hold the load (arms are lazy), predicates. A load that several arms share has the
    /// disjunction. Empty: always. It may read memory; see `stable`.
    Expr condition;
    /// `condition` without those parts that read memory which the Stmt may write before the access happens:
    /// what may be assumed together with the indices.
    Expr stable;
    std::vector<const For*> loops; ///< around it, inside the Stmt, outermost first
    std::vector<std::pair<Symbol, Expr>>
        definitions; ///< Index lets around it, inside the Stmt, outermost first, that still hold there
};

/// All accesses of `s`, in program order: one for each load node, store target, half of a reduce (read, then
/// write) and tensor that an extern function reads or writes. Loads in loop bounds, conditions and subscripts
/// count too. Shared expressions are visited once per statement.
std::vector<Access> accesses(const Stmt& s);

/// True if `body` writes nothing that `e` reads.
bool lasts(const Expr& e, const Stmt& body);

/// When the loop's whole body stands under a condition that is the same for every iteration and that the body
/// can make false, as with a break: that Bool, made of scalars. Once it is false no iteration does anything,
/// and code may leave the loop. Else empty.
Expr runs_while(const For& loop);

/// Inclusive bounds for each dimension.
using Region = std::vector<Interval>;

/// The bounding box of the elements that `s` reads (writes) of each tensor of which it reads (writes) some.
/// Bounds are symbolic in the variables free in `s`. Conditions that compare affine expressions narrow
/// it. A subscript that is a value (a gather) has the range of its integer type; what cannot be bounded has
/// an undefined end, and the caller refuses. Where a loop runs nothing the bounds mean nothing, and often max
/// < min: extents are max(0, max − min + 1).
std::map<Symbol, Region> regions_read(const Stmt& s, const Facts& facts);
std::map<Symbol, Region> regions_written(const Stmt& s, const Facts& facts);
/// The bounding box of one access over its loops.
Region region_of(const Access& access, const Facts& facts);
/// The smallest box around both, simplified.
Region box_union(const Region& a, const Region& b, const Facts& facts);

} // namespace lathe::ir
