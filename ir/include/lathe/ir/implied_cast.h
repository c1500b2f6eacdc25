#pragma once
/// \file Casts that the language makes, not the user: they follow when types are derived again.

#include "lathe/ir/expr.h"

namespace lathe::ir {

/// A cast of an operand of fma or pow to the type that all of them have in common. with_operands keeps it
/// one.
struct ImpliedCast : Cast {
    using Cast::Cast;
};

/// Operands of a function of several floats, all of the widest float among them (Float(32) if there is none):
/// those implied casts that they have already are made anew.
std::vector<Expr> common_float(std::vector<Expr> operands, Loc loc);

} // namespace lathe::ir
