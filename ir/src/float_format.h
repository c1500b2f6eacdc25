#pragma once
/// \file The floating formats as numbers, and correct rounding to them. A value of a format is kept as the
/// double that equals it.

#include "lathe/ir/type.h"

#include <gmpxx.h>

namespace lathe::ir {

/// A number is significand × 2^exponent with 1 ≤ significand < 2 and `precision` bits in it, the hidden one
/// included.
struct FloatFormat {
    int precision;
    int max_exponent;
    int min_exponent; ///< of the smallest normal number
};

inline FloatFormat float_format(Type t) {
    if (t.code() == TypeCode::bfloat) return {8, 127, -126};
    switch (t.width()) {
    case 16:
        return {11, 15, -14};
    case 32:
        return {24, 127, -126};
    default:
        return {53, 1023, -1022};
    }
}

/// The value of format `t` nearest to x, halves to even; infinite when x is too large.
double round_to(Type t, double x);
/// The same for m·2^−frac and for a rational.
double round_to(Type t, const mpz_class& m, int frac);
double round_to(Type t, const mpq_class& q);
/// a·b + c rounded once; the three are values of `t`.
double fused_multiply_add(Type t, double a, double b, double c);

/// IEEE encoding of a value of `t`; every NaN has the one pattern of the quiet, positive NaN.
uint64_t encode(Type t, double x);
double decode(Type t, uint64_t bits);

} // namespace lathe::ir
