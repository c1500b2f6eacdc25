#pragma once
/// \file What operations make of bounds, before the result is rounded to its type.

#include "value_forms.h"

namespace lathe::ir {

/// Whether a comparison has one outcome for all values of two ranges; which.
std::optional<bool> decided(BinaryOp op, const ValueRange& a, const ValueRange& b);
ValueBound compared(BinaryOp op, const ValueBound& a, const ValueBound& b);
/// What is left of `a` where `a op b` holds; `a` where that is nothing.
ValueRange where_holds(BinaryOp op, const ValueRange& a, const ValueRange& b);

/// `same`: both operands are one value.
ValueBound multiplied(const ValueBound& a, const ValueBound& b, bool same);
/// Truncated where `type` is exact. \pre b is never 0.
ValueBound divided(const ValueBound& a, const ValueBound& b, Type type);
ValueBound least_or_greatest(BinaryOp op, const ValueBound& a, const ValueBound& b);
ValueBound absolute(const ValueBound& a);
/// \pre a is never negative.
ValueBound root(const ValueBound& a);
/// floor, ceil, round_even or trunc.
ValueBound whole(UnaryOp op, const ValueBound& a);

/// A function on floats, with the rounding of its type. None where an argument may leave its domain.
std::optional<ValueBound> function(const std::string& name, Type type, const std::vector<ValueBound>& a);

/// What an operation on bits can give.
ValueRange bits_held(BinaryOp op, Type type, const ValueRange& a, const ValueRange& b);
ValueRange inverted_bits(Type type, const ValueRange& a);

} // namespace lathe::ir
