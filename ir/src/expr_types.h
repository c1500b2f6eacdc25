#pragma once
/// \file What the make functions and the verifier share: types of nodes with their operands at hand.

#include "lathe/ir/expr.h"

namespace lathe::ir {

/// The untyped real literal that `e` is (a Constant, or its Broadcast), or nullptr.
const Constant* real_literal(const Expr& e);

/// Type of `a op b` with a scalar untyped literal typed beside the other operand.
Type binary_type(BinaryOp op, const Expr& a, const Expr& b, Loc loc);

/// True if `n`'s type is not the one that its operands give it: make_as made it, or it is broken.
bool has_own_type(const Binary& n);

/// Type of a select of `a` and `b`, likewise.
Type select_type(const Expr& a, const Expr& b, Loc loc);

/// The number of lanes that an access with these subscripts has. \throws Error if a subscript is not an
/// Index; InternalError if lanes differ.
int access_lanes(const Symbol& tensor, const std::vector<Expr>& indices, const Expr& predicate, Loc loc);

/// \throws Error unless `condition` is a scalar Bool; `what` is the statement's name.
void check_condition(const char* what, const Expr& condition, Loc loc);

/// \throws InternalError unless `t` is a scalar type that memory can hold.
void check_element_type(Type t);

} // namespace lathe::ir
