#pragma once
#include "lathe/ir/expr.h"

namespace lathe::codegen {

using namespace ir;

/// The type that holds a value's number in machine form: fixed point → the integer of equal width, all others
/// themselves.
Type machine_type(Type t);

/// A Cast between types of machine form, where one is needed.
Expr to_type(Type t, const Expr& x);

/// The machine form of cast(to, x), where `x` is the machine form of a value of type `from`: shifts, rounds
/// and clamps by `to`'s modes, in integers. The result has type machine_type(to).
/// \throws Error at x's line for the conversions between wide fixed point and small floats whose scale no
/// Float(64) holds.
Expr requantize(Type to, Type from, const Expr& x);

} // namespace lathe::codegen
