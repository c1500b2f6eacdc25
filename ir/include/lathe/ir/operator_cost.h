#pragma once
/// \file What operators cost in hardware, from ir/arch/operators.json: estimates, each with its source.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

struct OperatorCost {
    double dsp = 0; ///< blocks; a half where two operators share one
    int cycles = 0; ///< latency
    std::string source;
};

/// Of `a op b`. What the table does not know costs nothing: logic beside DSPs is not counted.
OperatorCost operator_cost(BinaryOp op, Type a, Type b);
/// DSP blocks when every operator in the program's text is one circuit.
double estimated_multipliers(const Module& m);
/// Bits of all tensors, arguments included. A size that is no constant counts as 1.
int64_t estimated_memory_bits(const Module& m);
/// Bits of one tensor, likewise.
int64_t tensor_bits(const Tensor& t);

} // namespace lathe::ir
