#pragma once
/// \file Where the C simulation of AMD's headers (ap_types as in hls4ml 1.3.0) does not compute what its own result type
/// promises, or what Lathe's table of operations says. Lathe keeps to the table there, so code that is emitted for
/// Vitis must work around each of these, and comparisons with AMD leave them out.

#include "typed_op.h"

#include <string_view>

/// The defect that this operation runs into on these operands; empty if there is none.
///
/// | name               | when                                    | AMD's result, and why                            |
/// |--------------------|-----------------------------------------|--------------------------------------------------|
/// | quotient overflow  | fixed: smallest raw ÷ raw −1            | the sign is wrong: computed in too few bits       |
/// | mixed-sign %       | unsigned % negative                     | the divisor is taken for a large unsigned number  |
/// | mixed-sign compare | negative against unsigned, ≥ 32 bits    | compared as unsigned, as C does                   |
/// | wide division      | above 64 bits, one in 2^31 or so        | Knuth's "add back" step is wrong (an old LLVM bug) |
/// | no integer bits    | negative fixed with I ≤ 0 to an integer | −1: one is added to a one-bit zero                |
/// | small negative     | −0.5 < float < 0 to an integer          | 1: −1 is negated                                  |
/// | NaN                | to a fixed type                         | "not supported": a bound, or 0                    |
/// | wide to float      | an integer above 64 bits                | only the low 64 bits count                        |
std::string_view amd_defect(const TypedOp& op, const Row& row);
