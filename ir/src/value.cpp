#include "lathe/ir/value.h"

#include "exact.h"
#include "float_format.h"

#include <cmath>
#include <cstdlib>
#include <functional>

namespace lathe {

using namespace ir;

Value Value::from_raw(Type t, mpz_class m) {
    invariant(t.is_scalar() && (t.is_exact() || t.is_index()),
              "from_raw makes scalar exact and Index values");
    Value v;
    v.t = t;
    v.m = std::move(m);
    if (!t.is_index()) wrap(v.m, t);
    return v;
}

Value Value::from_double(Type t, double x) {
    invariant(t.is_float() && t.is_scalar(), "from_double makes scalar floats");
    Value v;
    v.t = t;
    v.d = round_to(t, x);
    return v;
}

Value Value::boolean(bool b) {
    return from_raw(Bool(), b ? 1 : 0);
}

Value Value::index(int64_t i) {
    return index(mpz_class(static_cast<long>(i)));
}

Value Value::index(mpz_class i) {
    return from_raw(IndexType(), std::move(i));
}

Value Value::real(mpq_class q) {
    q.canonicalize();
    Value v;
    v.t = RealType();
    v.m = q.get_num();
    v.den = q.get_den();
    return v;
}

Value Value::literal(mpz_class i) {
    // A negative number −2^k needs k + 1 bits, as its complement has k.
    const bool negative = sgn(i) < 0;
    const mpz_class magnitude = negative ? mpz_class(~i) : i;
    const size_t bits = sgn(magnitude) == 0 ? 0 : mpz_sizeinbase(magnitude.get_mpz_t(), 2);
    const size_t width = negative ? bits + 1 : std::max<size_t>(bits, 1);
    if (width > Type::max_width)
        fail({}, "an integer literal of {} bits: {} is the most", width, Type::max_width);
    return from_raw(negative ? Int(static_cast<int>(width)) : UInt(static_cast<int>(width)), std::move(i));
}

Value Value::from_bits(Type t, const mpz_class& bits) {
    if (!t.is_float()) return from_raw(t, bits);
    mpz_class low;
    mpz_fdiv_r_2exp(low.get_mpz_t(), bits.get_mpz_t(), static_cast<mp_bitcnt_t>(t.width()));
    return from_double(t, decode(t, low.get_ui()));
}

double Value::as_double() const {
    if (t.is_float()) return d;
    if (t.is_real()) return round_to(Float(64), as_rational());
    return round_to(Float(64), m, t.frac());
}

mpq_class Value::as_rational() const {
    if (t.is_real()) return mpq_class(m, den);
    if (t.is_float()) {
        invariant(std::isfinite(d), "a NaN or an infinity is no rational number");
        return mpq_class(d);
    }
    mpq_class q(m);
    const auto shift = static_cast<mp_bitcnt_t>(std::abs(t.frac()));
    if (t.frac() > 0)
        q >>= shift;
    else
        q <<= shift;
    return q;
}

bool Value::is_nan() const {
    return t.is_float() && std::isnan(d);
}

bool Value::is_true() const {
    invariant(t.is_bool(), "is_true is for Bool");
    return sgn(m) != 0;
}

int64_t Value::as_int64() const {
    invariant(t.is_integral(), "as_int64 is for integers");
    if (!m.fits_slong_p()) fail({}, "{} does not fit in 64 bits", str());
    return m.get_si();
}

bool Value::is_zero() const {
    return t.is_float() ? d == 0 : sgn(m) == 0;
}

bool Value::is_one() const {
    if (t.is_float()) return d == 1;
    if (t.is_real()) return m == den;
    return t.frac() == 0 ? m == 1 : as_rational() == 1;
}

mpz_class Value::bit_pattern() const {
    if (t.is_float()) return static_cast<unsigned long>(encode(t, d));
    invariant(!t.is_real(), "an untyped real has no bits");
    mpz_class bits;
    mpz_fdiv_r_2exp(bits.get_mpz_t(), m.get_mpz_t(), static_cast<mp_bitcnt_t>(t.width()));
    return bits;
}

namespace {

/// m·2^−frac in full: "-0.375".
std::string exact_decimal(const mpz_class& m, int frac) {
    if (frac <= 0) return mpz_class(m << static_cast<mp_bitcnt_t>(-frac)).get_str();
    mpz_class scaled; // m·5^frac, so that the value is scaled / 10^frac
    mpz_ui_pow_ui(scaled.get_mpz_t(), 5, static_cast<unsigned long>(frac));
    scaled *= abs(m);
    std::string digits = scaled.get_str();
    const auto places = static_cast<size_t>(frac);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return sgn(m) < 0 ? "-" + digits : digits;
}

/// An integer of a few digits as it is; else the fewest digits that read back as the same value of the 16-bit
/// format `t`.
std::string shortest(Type t, double x) {
    if (std::fabs(x) < 1e6 && x == std::trunc(x)) return fmt::format("{}", x);
    for (int digits = 1; digits < 9; ++digits) {
        std::string s = fmt::format("{:.{}g}", x, digits);
        if (round_to(t, std::strtod(s.c_str(), nullptr)) == x) return s;
    }
    return fmt::format("{}", x);
}

} // namespace

std::string Value::str() const {
    if (t.is_bool()) return is_true() ? "true" : "false";
    if (t.is_real()) {
        const double nearest = as_double();
        if (std::isfinite(nearest) && mpq_class(nearest) == as_rational()) return fmt::format("{}", nearest);
        return as_rational().get_str();
    }
    if (!t.is_float()) return exact_decimal(m, t.frac());
    if (std::isnan(d)) return "nan";
    if (!std::isfinite(d) || t.width() == 64) return fmt::format("{}", d);
    if (t.width() == 32) return fmt::format("{}", static_cast<float>(d));
    return shortest(t, d);
}

bool operator==(const Value& a, const Value& b) {
    if (a.t != b.t) return false;
    if (a.t.is_float())
        return std::isnan(a.d) ? std::isnan(b.d) : a.d == b.d && std::signbit(a.d) == std::signbit(b.d);
    return a.m == b.m && (!a.t.is_real() || a.den == b.den);
}

size_t ir::hash_value(const Value& v) {
    const Type t = v.type();
    size_t h = std::hash<int>()(t.width() * 64 + static_cast<int>(t.code()) * 2 + t.is_signed()) * 31 +
               std::hash<int>()(t.frac());
    const auto mix = [&h](const mpz_class& z) {
        for (size_t i = 0; i < mpz_size(z.get_mpz_t()); ++i)
            h = (h ^ mpz_getlimbn(z.get_mpz_t(), static_cast<mp_size_t>(i))) * 0x9e3779b97f4a7c15;
        h += static_cast<size_t>(sgn(z) + 1);
    };
    if (t.is_real()) {
        const mpq_class q = v.as_rational();
        mix(q.get_num());
        mix(q.get_den());
    } else {
        mix(t.is_float() ? v.bit_pattern() : v.raw());
    }
    return h;
}

} // namespace lathe
