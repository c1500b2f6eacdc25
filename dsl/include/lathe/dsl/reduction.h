#pragma once
/// \file Inline reductions: the value of a loop, inside an expression.

#include "lathe/dsl/var.h"

#include <optional>

namespace lathe {

/// Σ of `value` over the domain, in its order. The accumulator is exact by default: ceil(log2 n) more bits
/// than the value for n points; floats keep their type. \throws Error if an exact sum has a parametric number
/// of points and no type is given.
[[nodiscard]] Expr sum(const RDom& over, const Operand& value, std::optional<Type> accumulator = {});
/// Π of `value`. \throws Error if the value is not a float and no type is given.
[[nodiscard]] Expr product(const RDom& over, const Operand& value, std::optional<Type> accumulator = {});
/// The least / greatest value; of no points, the largest / smallest value of the type.
[[nodiscard]] Expr minimum(const RDom& over, const Operand& value);
[[nodiscard]] Expr maximum(const RDom& over, const Operand& value);

} // namespace lathe
