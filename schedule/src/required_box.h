#pragma once
/// \file The box of tensors that a statement reads.

#include "rewrite.h"

namespace lathe::schedule {

using namespace ir;

/// Per dimension the least and the greatest subscript, in terms of variables from outside of the statement;
/// undefined: unknown.
using Box = std::vector<Interval>;

/// The smallest box found around all loads of `tensors`, which have the same shape, in `s`; nothing if there
/// are none.
std::optional<Box> required_box(const Stmt& s, const std::set<Symbol>& tensors, const Facts& facts);

/// The box as loop ranges [min, min + extent) within the tensor's own dimensions.
std::vector<Dim> clip(const Box& box, const std::vector<Dim>& whole, const Facts& facts);

} // namespace lathe::schedule
