#pragma once
/// \file Where the C simulation of AMD's headers (ap_types as in hls4ml 1.3.0) does not compute what its own
/// result type promises, or what Lathe's table of operations says. Lathe keeps to the table there, so code
/// that is emitted for Vitis must work around each of these, and comparisons with AMD leave them out.

#include "typed_op.h"

#include <string_view>

/// The defect that this operation runs into on these operands; empty if there is none.
///
/// | name                | when                                      | AMD's result, and why |
/// |---------------------|-------------------------------------------|------------------------------------------------|
/// | quotient overflow   | fixed: smallest raw ÷ raw −1              | the wrong sign: computed in too few
/// bits        | | mixed-sign division | negative with a wider unsigned integer, / | the negative operand is
/// taken for a large       | |                     | or %; also unsigned % negative            | unsigned
/// number                                | | mixed-sign compare  | negative with unsigned, from 32 bits on |
/// compared as unsigned, as C does                | | wide division       | above 64 bits, once in 2^31 or so
/// | Knuth's "add back" is wrong (an old LLVM bug)   | | no integer bits     | negative fixed with I ≤ 0 to
/// an integer   | −1: one is added to a one-bit zero             | | small negative      | −0.5 < float < 0
/// to an integer            | 1: −1 is negated                               | | NaN                 | to a
/// fixed type                           | a bound, or 0: "not supported"                 | | wide to float |
/// an integer above 64 bits                  | only the low 64 bits count                     |
///
/// Apart from these, AMD's headers read bits out of range (assertions, harmless under NDEBUG) when a
/// conversion drops more fraction bits than its source has bits.
std::string_view amd_defect(const TypedOp& op, const Row& row);
