#pragma once
/// \file The types of values. What an operation's result type is stands in type_rules.h.

#include "lathe/ir/error.h"

#include <cstdint>
#include <string>

namespace lathe {

class Type;

/// Rounding when a store or cast drops fraction bits: Vitis' seven modes (AMD UG1399, "ap_[u]fixed").
enum class Round : uint8_t {
    trn,         ///< AP_TRN: toward minus infinity (default)
    trn_zero,    ///< AP_TRN_ZERO: toward zero
    rnd,         ///< AP_RND: nearest, halves toward plus infinity
    rnd_zero,    ///< AP_RND_ZERO: nearest, halves toward zero
    rnd_inf,     ///< AP_RND_INF: nearest, halves away from zero
    rnd_min_inf, ///< AP_RND_MIN_INF: nearest, halves toward minus infinity
    rnd_conv,    ///< AP_RND_CONV: nearest, halves to even
};

/// What happens when a value does not fit: Vitis' five modes.
enum class Overflow : uint8_t {
    wrap,     ///< AP_WRAP: two's complement (default)
    sat,      ///< AP_SAT: nearest bound
    sat_zero, ///< AP_SAT_ZERO: zero
    sat_sym,  ///< AP_SAT_SYM: nearest bound of the symmetric range
    wrap_sm,  ///< AP_WRAP_SM: sign-magnitude wrap (with zero saturated bits); signed types only, as in Vitis
};

} // namespace lathe

namespace lathe::ir {

enum class TypeCode : uint8_t {
    boolean,
    integer, ///< Int, UInt
    fixed,   ///< Fixed, UFixed
    ieee,    ///< Float(16 | 32 | 64)
    bfloat,  ///< BFloat(16)
    index,   ///< a mathematical integer: subscripts, loop bounds. Never stored in memory
    real,    ///< a real literal that no operand has typed yet: exact. Never stored in memory
};

Type IndexType();
Type RealType();

} // namespace lathe::ir

namespace lathe {

/// A value's type. A small value, compared member by member.
class Type {
  public:
    static constexpr int max_width = 4096;
    static constexpr int max_frac = 8192; ///< the most fraction bits, and the least with a minus sign

    constexpr Type() = default;

    ir::TypeCode code() const { return kind; }
    /// Width in bits: 1 for Bool, 64 for index (its machine form), 0 for an untyped real.
    int width() const { return bits; }
    /// Number of fraction bits, which may be negative or exceed the width; 0 unless fixed.
    int frac() const { return fraction; }
    /// Number of bits left of the point, sign included: width − frac (ap_fixed's I).
    int int_bits() const { return bits - fraction; }
    bool is_signed() const { return sign; } ///< true for Int, Fixed, floats, index, real
    Round round() const { return rounding; }
    Overflow overflow() const { return overflowing; }
    /// Number of vector lanes; 1 for a scalar. Only lowered IR has vectors.
    int lanes() const { return vector_lanes; }

    bool is_bool() const { return kind == ir::TypeCode::boolean; }
    bool is_int() const { return kind == ir::TypeCode::integer; } ///< Int or UInt
    bool is_fixed() const { return kind == ir::TypeCode::fixed; } ///< Fixed or UFixed
    bool is_float() const { return kind == ir::TypeCode::ieee || kind == ir::TypeCode::bfloat; }
    bool is_index() const { return kind == ir::TypeCode::index; }
    bool is_real() const { return kind == ir::TypeCode::real; }
    /// Bool, integer or fixed: an exact number m·2^−frac with an integer m of `width` bits.
    bool is_exact() const { return is_bool() || is_int() || is_fixed(); }
    bool is_integral() const { return is_bool() || is_int() || is_index(); }
    bool is_scalar() const { return vector_lanes == 1; }
    /// A scalar of a sized type: what a tensor's elements, and values that a user casts to, can be.
    bool is_element() const { return is_scalar() && !is_index() && !is_real(); }

    Type with_lanes(int lanes) const;
    Type element() const { return with_lanes(1); }
    /// The same numbers with another rounding / overflow (fixed only; others unchanged).
    Type with_modes(Round r, Overflow o) const;

    /// "Int(15)", "Fixed(16, 12, rnd, sat)", "Float(32)", "BFloat(16)", "Bool", "Index"; "x8" appended for
    /// lanes. Modes are printed when they are not the defaults.
    std::string str() const;

    friend bool operator==(const Type&, const Type&) = default;

  private:
    friend Type Bool();
    friend Type Int(int, Loc);
    friend Type UInt(int, Loc);
    friend Type Fixed(int, int, Round, Overflow, Loc);
    friend Type UFixed(int, int, Round, Overflow, Loc);
    friend Type Float(int, Loc);
    friend Type BFloat(int, Loc);
    friend Type ir::IndexType();
    friend Type ir::RealType();
    Type(ir::TypeCode c, int w, int f, bool s, Round r = Round::trn, Overflow o = Overflow::wrap)
        : kind(c), sign(s), rounding(r), overflowing(o), bits(w), fraction(f) {}

    ir::TypeCode kind = ir::TypeCode::boolean;
    bool sign = false;
    Round rounding = Round::trn;
    Overflow overflowing = Overflow::wrap;
    int bits = 1;
    int fraction = 0;
    int vector_lanes = 1;
};

Type Bool();
/// Two's complement integer of `width` bits, 1 ≤ width ≤ 4096. \throws Error at `loc` otherwise.
Type Int(int width, Loc loc = Loc::current());
Type UInt(int width, Loc loc = Loc::current());
/// The numbers m·2^−frac, m an Int(width); HLS: ap_fixed<width, width − frac>. |frac| ≤ 8192.
Type Fixed(int width, int frac, Round = Round::trn, Overflow = Overflow::wrap, Loc loc = Loc::current());
Type UFixed(int width, int frac, Round = Round::trn, Overflow = Overflow::wrap, Loc loc = Loc::current());
Type Float(int width, Loc loc = Loc::current());  ///< IEEE 754 binary16, binary32, binary64
Type BFloat(int width, Loc loc = Loc::current()); ///< bfloat16

} // namespace lathe
