#include "exact.h"
#include "float_format.h"
#include "lathe/ir/comparison.h"
#include "lathe/ir/value.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace lathe::ir {

namespace {

constexpr bool is_division(BinaryOp op) {
    return op == BinaryOp::div || op == BinaryOp::mod || op == BinaryOp::floordiv || op == BinaryOp::floormod;
}

constexpr bool is_shift(BinaryOp op) {
    return op == BinaryOp::shl || op == BinaryOp::shr;
}

// --- Exact numbers and Index
// ---------------------------------------------------------------------------------

/// + − × & | ^ min max on raw numbers with a common point (× with any).
template <class T> T ring(BinaryOp op, const T& a, const T& b) {
    switch (op) {
    case BinaryOp::add:
        return a + b;
    case BinaryOp::sub:
        return a - b;
    case BinaryOp::mul:
        return a * b;
    case BinaryOp::min:
        return b < a ? b : a;
    case BinaryOp::max:
        return a < b ? b : a;
    case BinaryOp::bit_and:
    case BinaryOp::logical_and:
        return a & b;
    case BinaryOp::bit_or:
    case BinaryOp::logical_or:
        return a | b;
    case BinaryOp::bit_xor:
        return a ^ b;
    default:
        throw InternalError("not an operation on a common point");
    }
}

/// Division of raw numbers. The caller fits the remainder of a division by zero, which is `a`, into the
/// result.
mpz_class divide(BinaryOp op, const mpz_class& a, const mpz_class& b) {
    const bool quotient = op == BinaryOp::div || op == BinaryOp::floordiv;
    if (sgn(b) == 0) return quotient ? mpz_class(0) : a;
    mpz_class r;
    switch (op) {
    case BinaryOp::div:
        mpz_tdiv_q(r.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
        break;
    case BinaryOp::mod:
        mpz_tdiv_r(r.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
        break;
    case BinaryOp::floordiv:
        mpz_fdiv_q(r.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
        break;
    default:
        mpz_fdiv_r(r.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
        break;
    }
    return r;
}

long divide(BinaryOp op, long a, long b) {
    if (b == 0) return op == BinaryOp::div || op == BinaryOp::floordiv ? 0 : a;
    const long quotient = a / b, rest = a % b;
    const bool down = rest != 0 && (rest < 0) != (b < 0); // the floor is one below the truncated quotient
    switch (op) {
    case BinaryOp::div:
        return quotient;
    case BinaryOp::mod:
        return rest;
    case BinaryOp::floordiv:
        return quotient - down;
    default:
        return down ? rest + b : rest;
    }
}

/// x shifted left by `amount` (right when negative), the bits that leave the type lost.
mpz_class shifted(const mpz_class& x, const mpz_class& amount, int width) {
    const int limit = Type::max_width + 1; // beyond any width, every bit is gone
    const long n = amount.fits_slong_p() ? std::clamp(amount.get_si(), -long{limit}, long{limit})
                   : sgn(amount) < 0     ? -limit
                                         : limit;
    if (n >= width) return 0;
    mpz_class r;
    if (n >= 0)
        mpz_mul_2exp(r.get_mpz_t(), x.get_mpz_t(), static_cast<mp_bitcnt_t>(n));
    else
        mpz_fdiv_q_2exp(r.get_mpz_t(), x.get_mpz_t(), static_cast<mp_bitcnt_t>(-n));
    return r;
}

mpz_class scaled(const mpz_class& m, int by) {
    return m << static_cast<mp_bitcnt_t>(by);
}

/// An operation on exact numbers (or Index, whose point is at zero) whose raw result has type `r`.
mpz_class exact_operation(BinaryOp op, const Value& a, const Value& b) {
    const int fa = a.type().frac(), fb = b.type().frac();
    if (is_shift(op))
        return shifted(a.raw(), op == BinaryOp::shl ? b.raw() : mpz_class(-b.raw()), a.type().width());
    if (op == BinaryOp::div && fb > 0) return divide(op, scaled(a.raw(), fb), b.raw());
    if (is_division(op)) return divide(op, a.raw(), b.raw());
    if (fa == fb || op == BinaryOp::mul) return ring<mpz_class>(op, a.raw(), b.raw());
    return fa < fb ? ring<mpz_class>(op, scaled(a.raw(), fb - fa), b.raw())
                   : ring<mpz_class>(op, a.raw(), scaled(b.raw(), fa - fb));
}

bool exact_compare(BinaryOp op, const Value& a, const Value& b) {
    const int fa = a.type().frac(), fb = b.type().frac();
    if (fa == fb) return compare(op, a.raw(), b.raw());
    return fa < fb ? compare(op, scaled(a.raw(), fb - fa), b.raw())
                   : compare(op, a.raw(), scaled(b.raw(), fa - fb));
}

/// An exact number of at most 62 bits, or an Index of at most 31: sums and products need no more than 62.
bool is_small(const Value& v) {
    const Type t = v.type();
    return t.is_index() ? mpz_sizeinbase(v.raw().get_mpz_t(), 2) < 32 : t.is_exact() && t.width() <= 62;
}

/// The commonest case, in machine integers: nothing needs more than 62 bits, and the points agree.
std::optional<long> small_operation(BinaryOp op, Type r, const Value& a, const Value& b) {
    const Type ta = a.type(), tb = b.type();
    const bool same_point = ta.frac() == tb.frac() || op == BinaryOp::mul;
    if (!is_small(a) || !is_small(b) || (!r.is_index() && r.width() > 62) || is_shift(op))
        return std::nullopt;
    if (is_division(op) ? ta.is_fixed() || tb.is_fixed() : !same_point) return std::nullopt;
    const long x = a.raw().get_si(), y = b.raw().get_si();
    if (is_compare(op)) return compare(op, x, y);
    return is_division(op) ? divide(op, x, y) : ring(op, x, y);
}

// --- Floats ------------------------------------------------------------------------------------------------

/// `a op b` in arithmetic of type F, which is IEEE's: each operation correctly rounded.
template <class F> F float_arithmetic(BinaryOp op, F a, F b) {
    switch (op) {
    case BinaryOp::add:
        return a + b;
    case BinaryOp::sub:
        return a - b;
    case BinaryOp::mul:
        return a * b;
    case BinaryOp::div:
        return a / b;
    case BinaryOp::min:
        return b < a ? b : a;
    case BinaryOp::max:
        return a < b ? b : a;
    default:
        throw InternalError("the operation is not defined on floats");
    }
}

/// One operand is a float; both are brought to the common float type.
Value float_operation(BinaryOp op, const Value& a, const Value& b) {
    const Type t = a.type() == b.type() ? a.type() : aligned_type(a.type(), b.type(), {});
    const auto as_double = [t](const Value& v) {
        return v.type() == t ? v.as_double() : cast(t, v).as_double();
    };
    const double x = as_double(a), y = as_double(b);
    if (is_compare(op)) return Value::boolean(compare(op, x, y));
    if (t.width() == 32)
        return Value::from_double(t, float_arithmetic(op, static_cast<float>(x), static_cast<float>(y)));
    // For the 16-bit formats a double has more than twice their precision and two bits: rounding again is
    // harmless.
    return Value::from_double(t, float_arithmetic(op, x, y));
}

Value float_unary(UnaryOp op, Type t, double x) {
    switch (op) {
    case UnaryOp::neg:
        return Value::from_double(t, -x);
    case UnaryOp::abs:
        return Value::from_double(t, std::fabs(x));
    case UnaryOp::sqrt:
        return Value::from_double(t, t.width() == 32 ? std::sqrt(static_cast<float>(x)) : std::sqrt(x));
    case UnaryOp::floor:
        return Value::from_double(t, std::floor(x));
    case UnaryOp::ceil:
        return Value::from_double(t, std::ceil(x));
    case UnaryOp::round_even:
        return Value::from_double(t, std::nearbyint(x));
    case UnaryOp::trunc:
        return Value::from_double(t, std::trunc(x));
    case UnaryOp::bit_not:
        break;
    }
    throw InternalError("the operation is not defined on floats");
}

// --- Untyped reals
// -------------------------------------------------------------------------------------------

Value real_operation(BinaryOp op, const Value& a, const Value& b) {
    const mpq_class x = a.as_rational(), y = b.as_rational();
    if (is_compare(op)) return Value::boolean(compare(op, x, y));
    switch (op) {
    case BinaryOp::add:
        return Value::real(x + y);
    case BinaryOp::sub:
        return Value::real(x - y);
    case BinaryOp::mul:
        return Value::real(x * y);
    case BinaryOp::div:
        if (sgn(y) == 0)
            fail({}, "{} / {}: an untyped real has no infinity; cast an operand to a float first", a.str(),
                 b.str());
        return Value::real(x / y);
    case BinaryOp::min:
        return y < x ? b : a;
    case BinaryOp::max:
        return x < y ? b : a;
    default:
        throw InternalError("the operation is not defined on untyped reals");
    }
}

Value real_unary(UnaryOp op, const Value& x) {
    if (op == UnaryOp::neg) return Value::real(-x.as_rational());
    if (op == UnaryOp::abs) return Value::real(abs(x.as_rational()));
    return apply(op, type_literal(x, RealType()));
}

} // namespace

Value apply(UnaryOp op, const Value& x) {
    const Type r = result_type(op, x.type(), {});
    if (x.type().is_float()) return float_unary(op, r, x.as_double());
    if (x.type().is_real()) return real_unary(op, x);
    switch (op) {
    case UnaryOp::neg:
        return Value::from_raw(r, -x.raw());
    case UnaryOp::abs:
        return Value::from_raw(r, abs(x.raw()));
    case UnaryOp::bit_not:
        return Value::from_raw(r, ~x.raw());
    default:
        throw InternalError("the operation is defined on floats only");
    }
}

Value apply(BinaryOp op, const Value& a, const Value& b) {
    const Type ta = a.type(), tb = b.type();
    // Where an untyped real is no operand at all (x << 1.5), result_type refuses it below.
    if (op <= BinaryOp::div || op == BinaryOp::min || op == BinaryOp::max || is_compare(op)) {
        if (ta.is_real() && !tb.is_real()) return apply(op, type_literal(a, tb), b);
        if (tb.is_real() && !ta.is_real()) return apply(op, a, type_literal(b, ta));
    }
    const Type r = result_type(op, ta, tb, {});
    if (const auto small = small_operation(op, r, a, b)) return Value::from_raw(r, *small);
    if (ta.is_float() || tb.is_float()) return float_operation(op, a, b);
    if (ta.is_real()) return real_operation(op, a, b);
    if (is_compare(op)) return Value::boolean(exact_compare(op, a, b));
    return Value::from_raw(r, exact_operation(op, a, b));
}

Value fma(const Value& a, const Value& b, const Value& c) {
    const Type t = a.type();
    if (!t.is_float()) return apply(BinaryOp::add, apply(BinaryOp::mul, a, b), c);
    invariant(b.type() == t && c.type() == t, "fma takes floats of one type");
    return Value::from_double(t, fused_multiply_add(t, a.as_double(), b.as_double(), c.as_double()));
}

} // namespace lathe::ir
