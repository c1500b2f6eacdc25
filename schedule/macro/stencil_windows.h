#pragma once
/// \file At which distances a stage reads, and whether what it reads is there.

#include "stencil_read.h"

namespace lathe::schedule::stencil {

/// Where the point is before `end` (and behind the run before it), it reads at distance `by`.
struct Run {
    int64_t end;
    int64_t by;
};

/// The distances of a subscript from the point's, for p in [first, end): one run where it is p and a number;
/// several at the edges of a tensor. None: it is neither.
std::vector<Run> runs_of(const Expr& subscript, const Symbol& p, int64_t first, int64_t end);

/// The value without arms of selects that no point in the box takes.
Expr without_dead_arms(const Expr& value, const std::vector<Symbol>& point, const Box& box);

/// Whether `symbol` may be a part of the value of some point in the box. True: it was not proved that it is
/// not.
bool reached(const Expr& value, const Symbol& symbol, const std::vector<Symbol>& point, const Box& box);

/// A load that may happen outside of its tensor while the point is in the box; null: there is none. `tensor`
/// gives those that are asked about, else null.
const Load* load_outside(const Expr& value, const Flow& at,
                         const std::function<const Tensor*(const Symbol&)>& tensor);

} // namespace lathe::schedule::stencil
