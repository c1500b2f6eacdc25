#pragma once
/// \file Exact values of every type: what constants hold and what the interpreter computes with. The
/// functions here are the meaning of every operation; backends must agree with them bit for bit.

#include "lathe/ir/type.h"
#include "lathe/ir/type_rules.h"

#include <gmpxx.h>

namespace lathe {

/// A scalar value with its type. Exact types hold the integer m of m·2^−frac (sign included, in range);
/// Index holds the integer itself; floats hold a double that is exactly a value of the type; an untyped real
/// holds a rational.
class Value {
  public:
    Value() = default; ///< Bool false
    /// An exact or Index value from its integer m. Wraps m into the type's range (two's complement).
    static Value from_raw(Type t, mpz_class m);
    /// A float value: rounds `x` to the type (nearest even).
    static Value from_double(Type t, double x);
    static Value boolean(bool b);
    static Value index(int64_t i);
    static Value index(mpz_class i);
    static Value real(mpq_class q);
    /// An integer literal: the smallest type that holds it (non-negative → UInt, 0 → UInt(1), negative →
    /// Int).
    static Value literal(mpz_class i);
    /// From the bit pattern in memory (low `width` bits of `bits`): inverse of bit_pattern().
    static Value from_bits(Type t, const mpz_class& bits);

    Type type() const { return t; }
    const mpz_class& raw() const { return m; } ///< exact and Index types
    double as_double() const;                  ///< nearest double of any value
    mpq_class as_rational() const;             ///< exact; \throws InternalError on NaN and infinities
    bool is_nan() const;
    bool is_true() const;     ///< Bool
    int64_t as_int64() const; ///< integral types; \throws Error if it does not fit
    bool is_zero() const;
    bool is_one() const;
    /// The value's bits as a non-negative integer of `width` bits (two's complement, IEEE encodings).
    mpz_class bit_pattern() const;
    /// "42", "-0.375", "1.5e+30", "nan"; round-trips: exact decimal for exact types, shortest for floats.
    std::string str() const;

    /// Same type and same bits; all NaNs of a type are one.
    friend bool operator==(const Value&, const Value&);

  private:
    Type t;
    mpz_class m;   ///< exact and Index types; the numerator of an untyped real
    mpz_class den; ///< the denominator of an untyped real (an mpq_class would allocate in every Value)
    double d = 0;  ///< floats
};

} // namespace lathe

namespace lathe::ir {

/// A hash that agrees with ==.
size_t hash_value(const Value&);

/// x converted to type `to`:
/// - the same type: unchanged. To Bool: x ≠ 0 (true for NaN).
/// - to fixed, from any number: by the type's rounding, then by its overflow, as AMD's ap_fixed.
/// - to an integer, from any number: truncated toward zero, then wrapped. (AMD's headers give −1 for a
/// negative
///   fixed-point number with no integer bits and 1 for a float between −0.5 and 0; here both give 0.)
/// - NaN becomes 0 in every exact type; ±infinity the bound of a sat or sat_sym type, else 0.
/// - to a float: nearest, halves to even, rounded once from the exact number.
/// - to Index: truncated toward zero, unbounded. To an untyped real: exact. \throws InternalError for NaN,
/// infinity.
Value cast(Type to, const Value& x);
/// Same bits, another type of equal width. \throws Error at loc on unequal widths.
Value bitcast(Type to, const Value& x, Loc loc = {});
Value apply(UnaryOp op, const Value& x);
/// `a op b` with the type result_type gives. An untyped real is typed first where it meets another type in +
/// − × ÷ min max or a comparison, as type_literal does.
Value apply(BinaryOp op, const Value& a, const Value& b);
/// a·b + c rounded once (floats of one type; exact types: exact product-sum in the type `a*b+c` has).
Value fma(const Value& a, const Value& b, const Value& c);
Value slice(const Value& x, int hi, int lo);
/// `x` with bits [hi:lo] replaced by the low bits of `bits`.
Value with_slice(const Value& x, int hi, int lo, const Value& bits);
/// Bits of `hi` above bits of `lo`: UInt(w1 + w2).
Value concat(const Value& hi, const Value& lo);
Value popcount(const Value& x);     ///< UInt(bit width of w)
Value reverse_bits(const Value& x); ///< UInt(w)
/// The identity element of `op` in type `t` (0 for add, the largest value for min, ...). Precondition
/// has_identity.
Value identity(BinaryOp op, Type t);
Value min_value(Type t); ///< smallest value of an exact type (AP_SAT_SYM or not); −inf for floats
Value max_value(Type t);
/// The type and value that the untyped real `literal` takes beside an operand of type `other`: floats:
/// rounded to `other` (Float(32) when `other` is untyped too); exact: other's fraction bits (nearest, halves
/// to even), smallest width that holds it, unsigned unless negative; an integer if `other` is one. \throws
/// Error beside Index.
Value type_literal(const Value& literal, Type other);

} // namespace lathe::ir
