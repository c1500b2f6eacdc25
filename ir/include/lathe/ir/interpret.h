#pragma once
/// \file The interpreter: the meaning of a Module at every point of the flow. Slow, exact, and it checks.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

namespace lathe::ir {

struct InterpretOptions {
    bool check_types = true; ///< no value leaves its inferred type, no uninitialised element is read
};

/// Runs the top function. `arguments` in the function's order (inputs, then outputs), `scalars` by parameter
/// for those that no buffer binds. Output buffers are written in place. Loops of every kind run in order.
/// \throws Error when a shape, type or parameter does not fit, an access leaves its tensor, an uninitialised
/// element is read or an Assert fails: with the user's line.
void interpret(const Module& m, const std::vector<AnyBuffer*>& arguments,
               const std::map<std::string, Value>& scalars = {}, const InterpretOptions& options = {});

/// The value of a closed expression (no loads; variables from `values`).
Value evaluate(const Expr& e, const std::map<Symbol, Value>& values = {});

/// A new buffer of the tensor's type, extents and mins, whose variables are from `values`.
AnyBuffer buffer_for(const Tensor& t, const std::map<Symbol, Value>& values);

} // namespace lathe::ir
