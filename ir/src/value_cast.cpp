#include "exact.h"
#include "float_format.h"
#include "lathe/ir/value.h"

#include <cmath>

namespace lathe::ir {

namespace {

mpz_class truncated(const mpq_class& q) {
    mpz_class z;
    mpz_tdiv_q(z.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
    return z;
}

/// Rounds a rational to `to` as if it had been written out with endlessly many bits.
mpz_class convert_rational(const mpq_class& q, Type to) {
    // One bit below the half bit tells the rounding modes apart; it is set when anything below it is not
    // zero.
    const int frac = to.frac() + 2;
    mpq_class scaled = q;
    const auto shift = static_cast<mp_bitcnt_t>(std::abs(frac));
    if (frac > 0)
        scaled <<= shift;
    else
        scaled >>= shift;
    mpz_class m;
    mpz_fdiv_q(m.get_mpz_t(), scaled.get_num_mpz_t(), scaled.get_den_mpz_t());
    m *= 2;
    if (scaled.get_den() != 1) ++m;
    return convert(m, frac + 1, to);
}

mpz_class convert_double(double x, Type to) {
    if (std::isnan(x)) return 0;
    if (std::isinf(x)) {
        if (to.overflow() != Overflow::sat && to.overflow() != Overflow::sat_sym) return 0;
        // Any number beyond the range saturates alike.
        return convert(x < 0 ? mpz_class(smallest(to) - 2) : mpz_class(largest(to) + 1), to.frac(), to);
    }
    int exponent = 0;
    const auto m = static_cast<long>(std::ldexp(std::frexp(x, &exponent), 53));
    return convert(m, 53 - exponent, to);
}

Value cast_to_float(Type to, const Value& x) {
    const Type from = x.type();
    if (from.is_float()) return Value::from_double(to, x.as_double());
    // One rounding, straight to the format: by way of a double a number could be rounded twice.
    if (from.is_real()) return Value::from_double(to, round_to(to, x.as_rational()));
    return Value::from_double(to, round_to(to, x.raw(), from.frac()));
}

Value cast_to_index(const Value& x) {
    const Type from = x.type();
    if (from.is_float() && !std::isfinite(x.as_double())) return Value::index(0);
    if (from.is_integral()) return Value::index(x.raw());
    return Value::index(truncated(x.as_rational()));
}

Value cast_to_exact(Type to, const Value& x) {
    const Type from = x.type();
    if (from.is_float()) return Value::from_raw(to, convert_double(x.as_double(), to));
    if (from.is_real()) return Value::from_raw(to, convert_rational(x.as_rational(), to));
    return Value::from_raw(to, convert(x.raw(), from.frac(), to));
}

} // namespace

Value cast(Type to, const Value& x) {
    if (to == x.type()) return x;
    invariant(to.is_scalar(), "a Value is scalar");
    if (to.is_bool()) return Value::boolean(!x.is_zero());
    if (to.is_float()) return cast_to_float(to, x);
    if (to.is_index()) return cast_to_index(x);
    if (to.is_real()) return Value::real(x.as_rational());
    return cast_to_exact(to, x);
}

Value bitcast(Type to, const Value& x, Loc loc) {
    const Type from = x.type();
    const auto has_bits = [](Type t) { return t.is_exact() || t.is_float(); };
    if (!has_bits(to) || !has_bits(from))
        fail(loc,
             "bitcast from {} to {}: a subscript and an untyped real have no bits; cast to Int(64) or a "
             "float first",
             from.str(), to.str());
    if (to.width() != from.width())
        fail(loc, "bitcast from {} to {}: the widths {} and {} must be equal; cast to UInt({}) first",
             from.str(), to.str(), from.width(), to.width(), to.width());
    return Value::from_bits(to, x.bit_pattern());
}

Value type_literal(const Value& literal, Type other) {
    invariant(literal.type().is_real(), "type_literal takes an untyped real");
    const mpq_class q = literal.as_rational();
    if (other.is_real()) return cast(Float(32), literal);
    if (other.is_float()) return cast(other.element(), literal);
    if (other.is_index())
        fail({}, "the real literal {} beside a subscript: subscripts are integers", literal.str());
    // Nearest, halves to even, in a type with more than enough bits; then the smallest type that holds it.
    const mpz_class whole = truncated(q);
    const int integer =
        static_cast<int>(std::min<size_t>(mpz_sizeinbase(whole.get_mpz_t(), 2), Type::max_width));
    const int width = std::max(integer + 2 + other.frac(), 1);
    if (width >= Type::max_width)
        fail({}, "the real literal {} does not fit in {} bits beside {}", literal.str(), Type::max_width,
             other.str());
    const mpz_class m = convert_rational(q, Fixed(width, other.frac(), Round::rnd_conv));
    const Value smallest = Value::literal(m);
    if (!other.is_fixed()) return smallest;
    const int bits = smallest.type().width();
    return Value::from_raw(sgn(m) < 0 ? Fixed(bits, other.frac()) : UFixed(bits, other.frac()), m);
}

Value min_value(Type t) {
    if (t.is_float()) return Value::from_double(t, -std::numeric_limits<double>::infinity());
    invariant(t.is_exact(), "the type has no smallest value");
    return Value::from_raw(t, smallest(t));
}

Value max_value(Type t) {
    if (t.is_float()) return Value::from_double(t, std::numeric_limits<double>::infinity());
    invariant(t.is_exact(), "the type has no largest value");
    return Value::from_raw(t, largest(t));
}

Value identity(BinaryOp op, Type t) {
    invariant(has_identity(op, t), "the operation has no identity in this type");
    t = t.element();
    switch (op) {
    case BinaryOp::mul:
    case BinaryOp::logical_and:
        return cast(t, Value::literal(1));
    case BinaryOp::min:
        return max_value(t);
    case BinaryOp::max:
        return min_value(t);
    case BinaryOp::bit_and:
        return Value::from_raw(t, -1);
    default:
        return cast(t, Value::literal(0));
    }
}

} // namespace lathe::ir
