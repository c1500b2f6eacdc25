#pragma once
/// \file The verifier: what a pass promises about the Module that it returns.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Checks a Module's form:
/// - every function has its own name; every symbol is defined once in the module and used in scope, with its
/// type;
/// - every expression and statement is one that its make function would give;
/// - accesses have the tensor's rank and element type; what is written is no input and no constant; inputs
/// stand
///   before outputs; constant tensors have their elements;
/// - constant subscripts lie in bounds, where no condition, predicate or empty loop guards them.
/// \throws InternalError naming the first fault, with the statement printed (its first lines).
void verify(const Module& m);

} // namespace lathe::ir
