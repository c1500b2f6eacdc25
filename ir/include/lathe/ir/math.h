#pragma once
/// \file exp, log, tanh, sin, cos and pow as polynomials in our own IR: so the interpreter and every backend
/// give the same bits. Float(32) results are within 2 ulp of the exact ones; Float(16) and BFloat(16) go
/// through Float(32).
///
/// Special values are those of C's libm: infinities, NaNs, subnormals, signed zeros.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// True for the functions that expand_math knows.
bool is_math(const std::string& function);

/// `function` of float arguments of one type (with any lanes), in +, −, ×, ÷, fma, select, casts, bitcasts
/// and shifts, without branches. Arguments that are no constants or variables are named by lets. \throws
/// Error at `loc` for Float(64).
Expr expand_math(const std::string& function, const std::vector<Expr>& arguments, Loc loc = {});

/// Every math Call expanded.
Expr lower_math(const Expr& e);
Stmt lower_math(const Stmt& s);
Module lower_math(const Module& m);

} // namespace lathe::ir
