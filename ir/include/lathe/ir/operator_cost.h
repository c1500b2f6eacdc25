#pragma once
/// \file What a whole program's operators and tensors cost in hardware: estimates.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// DSP blocks by ir/arch/operators.json when every operator in the program's text is one circuit. Products
/// with constants of few signed digits are shifts and adders; subscripts have no DSPs.
double estimated_multipliers(const Module& m);
/// Bits of all tensors, arguments included. A size that is no constant counts as 1.
int64_t estimated_memory_bits(const Module& m);
/// Bits of one tensor, likewise.
int64_t tensor_bits(const Tensor& t);

} // namespace lathe::ir
