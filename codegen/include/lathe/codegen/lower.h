#pragma once
/// \file From a scheduled Module to machine form, one pass after the other.
///
/// Machine form, what the LLVM emitter takes:
///  - types are Bool, Int, UInt, Float, BFloat and Index, possibly vectors; fixed point has become its
///  integer;
///  - the operands of arithmetic, logic, min, max and shifts have the node's type, those of a comparison one
///  common type; every
///    conversion is a Cast; a Binary's result is taken modulo 2^width;
///  - loops are serial or parallel.
/// Each pass keeps the meaning: the interpreter gives equal results before and after.

#include "lathe/ir/stmt.h"
#include "lathe/ir/target.h"

namespace lathe::codegen {

/// Runs all lowering passes. \throws Error naming the loop when a tag cannot be carried out (an unrolled loop
/// without a constant bound, a vectorized loop over something that has no vector form).
Module lower(const Module& module, const Target& target);

} // namespace lathe::codegen
