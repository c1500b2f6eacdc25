#pragma once
/// \file The one table of result types: what type an operation on operands of given types has.
///
/// On integers and fixed point every operation is value-preserving (shifts, division by zero and % aside),
/// with AMD's ap_int/ap_fixed as the specification. S = 1 if signed, W bits, F fraction bits, I = W − F.
///
/// | op          | result |
/// |-------------|--------------------------------------------------------------------------------------------|
/// | +           | I = max(I1 + (S2 & !S1), I2 + (S1 & !S2)) + 1, F = max(F1, F2), signed if either is | | −
/// | as +, always signed                                                                        | | unary −
/// | W + 1, signed; but Int(1) gives Int(3), since ap_int computes 0 − x                         | | × | W1 +
/// W2, F1 + F2, signed if either                                                         | | ÷ integer   | W1
/// + S2, signed if either; truncates toward zero                                           | | ÷ fixed     |
/// F = F1 + max(−F2, 0), W = W1 + S2 + max(F2, 0), signed if either; the raw quotient           | | |
/// (m1·2^max(F2, 0)) / m2 truncated toward zero                                               | | % integer
/// | min(W1, W2 + (!S2 & S1)), sign of the left operand; % on fixed is refused                    | |
/// floordiv    | as ÷ integer; floormod: the divisor's type | | & \| ^      | the aligned type: as + without
/// the + 1; on Bools: Bool                                      | | ~           | the same width, point and
/// sign; on Bool: the logical not                                   | | << >>       | the left type (bits
/// fall off, nothing is rounded or saturated); Bool gives UInt(1)           | | abs         | the unsigned
/// type of the same width                                                        | | compare     | Bool,
/// exact                                                                                | | select min max |
/// the aligned type                                                                        | | with Float  |
/// the wider Float; Float(16) with BFloat(16): Float(32). The other operand is converted first, | | | in a
/// comparison too                                                                        | | Index       |
/// Index with Index gives Index; no other operand mixes with it                                 |
///
/// x / 0 = 0, x // 0 = 0, x % 0 = x and x mod 0 = x cast to the result's type; floats divide as IEEE says.
/// Bool is UInt(1) in arithmetic. Results have the default rounding and overflow, but << and >> keep the left
/// operand's, and two operands of one type keep it in select, min and max.
///
/// Where the C simulation of AMD's headers contradicts this table (it does in a few corners, which
/// tests/support/ amd_defects.h lists), the table holds.

#include "lathe/ir/type.h"

#include <optional>

namespace lathe::ir {

enum class UnaryOp : uint8_t {
    neg,     ///< −x
    bit_not, ///< ~x; on Bool the logical not
    abs,     ///< |x|: exact type (Int(w) → UInt(w)), float, index
    sqrt,    ///< float only, correctly rounded; an untyped real becomes a Float(32)
    floor,
    ceil,
    round_even,
    trunc, ///< float → same float
};

enum class BinaryOp : uint8_t {
    add,
    sub,
    mul,
    div,
    mod, ///< by the table; on Index: div/mod are refused (use floordiv/floormod)
    floordiv,
    floormod, ///< Index; also Int/UInt (result as ÷, and as the divisor); x // 0 = 0, x mod 0 = x
    min,
    max, ///< exactly std::min(a, b), std::max(a, b): b < a ? b : a, a < b ? b : a. So with a NaN, or
         ///< with zeros of both signs, the result is a (one instruction: minps, maxps with b first)
    bit_and,
    bit_or,
    bit_xor,
    shl,
    shr, ///< right operand an integer; a negative amount shifts the other way
    eq,
    ne,
    lt,
    le,
    gt,
    ge, ///< exact comparison, gives Bool
    logical_and,
    logical_or, ///< Bools, eager
};

const char* name(UnaryOp);    ///< "neg", "sqrt", ...
const char* symbol(BinaryOp); ///< "+", "//" for floordiv, "min", "&&", ...
bool is_compare(BinaryOp);

/// Type of `op a`. Lanes follow the operand. \throws Error at `loc` if the operation is not defined on the
/// type or the result would be wider than Type::max_width; the message names both types and what would work.
Type result_type(UnaryOp op, Type a, Loc loc);
/// Type of `a op b`. Lanes must agree. An untyped real (TypeCode::real) operand takes the other operand's
/// type (float: that float; exact: the smallest fixed type that holds the literal rounded to the other's
/// fraction bits: callers convert the literal first, see type_literal in value.h); with both untyped the
/// result stays untyped.
Type result_type(BinaryOp op, Type a, Type b, Loc loc);
/// The type that holds every value of both: select, min, max. `loc` as above.
Type aligned_type(Type a, Type b, Loc loc);
/// Bit slice [hi:lo] → UInt(hi − lo + 1). \throws Error unless 0 ≤ lo ≤ hi < width and `a` is exact.
Type slice_type(Type a, int hi, int lo, Loc loc);
/// Type of a `sum` of `count` values of type `a`: ceil(log2 count) more bits; floats unchanged.
Type sum_type(Type a, int64_t count, Loc loc);
/// True when every value of `from` is exactly a value of `to` (so that the cast changes nothing). A NaN or an
/// infinity is no value of an exact type. AP_SAT_SYM turns away the most negative number, which a type of the
/// same width has.
bool holds(Type to, Type from);
/// True when repeating `t = cast(t, t op x)` over many x of type `value` gives the same result in every
/// order. On exact types: add needs wrap, and trn, rnd or rnd_min_inf where fraction bits are dropped (an
/// integer `t` may drop none); mul needs wrap and an integral x; min, max, &, |, ^ need holds(t, value).
/// Index always, floats never.
bool commutes(BinaryOp op, Type t, Type value);
/// x op identity = x, when `t` can represent it (add 0, mul 1, min the largest, ...). A float sum starts from
/// +0, as in C, so a sum of −0 alone is +0.
bool has_identity(BinaryOp op, Type t);

} // namespace lathe::ir
