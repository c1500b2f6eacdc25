#include "float_format.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace lathe::ir {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double overflow_to_infinity(FloatFormat f, double x) {
    return std::fabs(x) >= std::ldexp(1.0, f.max_exponent + 1) ? std::copysign(infinity, x) : x;
}

} // namespace

double round_to(Type t, double x) {
    if (t.width() == 64 || !std::isfinite(x) || x == 0) return x;
    if (t.width() == 32) return static_cast<float>(x);
    const FloatFormat f = float_format(t);
    const int quantum = std::max(std::ilogb(x), f.min_exponent) - f.precision + 1; // exponent of the last bit
    return overflow_to_infinity(f, std::ldexp(std::nearbyint(std::ldexp(x, -quantum)), quantum));
}

double round_to(Type t, const mpz_class& m, int frac) {
    const int bits = static_cast<int>(mpz_sizeinbase(m.get_mpz_t(), 2));
    // A double holds m exactly, and scaling it stays clear of subnormal doubles.
    if (bits <= 53 && std::abs(frac) <= 900) return round_to(t, std::ldexp(m.get_d(), -frac));
    const FloatFormat f = float_format(t);
    const int quantum = std::max(bits - 1 - frac, f.min_exponent) - f.precision + 1;
    const int drop = quantum + frac; // so many low bits of m do not fit
    if (drop <= 0) return overflow_to_infinity(f, std::ldexp(m.get_d(), -frac));
    mpz_class q = abs(m);
    const bool half = mpz_tstbit(q.get_mpz_t(), drop - 1);
    const bool more = sgn(q) != 0 && mpz_scan1(q.get_mpz_t(), 0) < static_cast<mp_bitcnt_t>(drop - 1);
    q >>= drop;
    if (half && (more || mpz_odd_p(q.get_mpz_t()))) ++q;
    const double r = overflow_to_infinity(f, std::ldexp(q.get_d(), quantum));
    return sgn(m) < 0 ? -r : r;
}

double round_to(Type t, const mpq_class& q) {
    // Enough quotient bits for any format, then one sticky bit for the remainder.
    const auto bits = [](const mpz_class& z) { return static_cast<int>(mpz_sizeinbase(z.get_mpz_t(), 2)); };
    const int shift = 1100 + bits(q.get_den());
    mpz_class quotient, remainder;
    mpz_class numerator = abs(q.get_num()) << shift;
    mpz_tdiv_qr(quotient.get_mpz_t(), remainder.get_mpz_t(), numerator.get_mpz_t(), q.get_den_mpz_t());
    quotient = 2 * quotient + (remainder != 0);
    const double r = round_to(t, quotient, shift + 1);
    return sgn(q) < 0 ? -r : r;
}

double fused_multiply_add(Type t, double a, double b, double c) {
    if (t.width() == 64) return std::fma(a, b, c);
    if (t.width() == 32) return std::fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
    // The product of two 16-bit floats is exact. The sum is rounded to odd, which makes the second rounding
    // harmless.
    const double product = a * b, sum = product + c;
    if (!std::isfinite(sum)) return sum;
    const double back = sum - product;
    const double error = (product - (sum - back)) + (c - back);
    if (error == 0 || std::bit_cast<uint64_t>(sum) % 2 == 1) return round_to(t, sum);
    return round_to(t, std::nextafter(sum, error > 0 ? infinity : -infinity));
}

uint64_t encode(Type t, double x) {
    if (t.width() == 64) return std::isnan(x) ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(x);
    if (t.width() == 32) return std::isnan(x) ? 0x7fc00000 : std::bit_cast<uint32_t>(static_cast<float>(x));
    const FloatFormat f = float_format(t);
    const int mantissa = f.precision - 1;
    const uint64_t sign = std::signbit(x) ? 1u << 15 : 0;
    const uint64_t top = static_cast<uint64_t>(2 * f.max_exponent + 1) << mantissa; // infinity
    if (std::isnan(x)) return top | 1u << (mantissa - 1);
    if (std::isinf(x)) return sign | top;
    if (x == 0) return sign;
    const int exponent = std::max(std::ilogb(x), f.min_exponent);
    const auto significand = static_cast<uint64_t>(std::ldexp(std::fabs(x), mantissa - exponent));
    // A subnormal number has no hidden bit, so adding it into the exponent field is right for both.
    return sign | ((static_cast<uint64_t>(exponent - f.min_exponent) << mantissa) + significand);
}

double decode(Type t, uint64_t bits) {
    if (t.width() == 64) return std::bit_cast<double>(bits);
    if (t.width() == 32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
    const FloatFormat f = float_format(t);
    const int mantissa = f.precision - 1;
    const double sign = bits >> 15 & 1 ? -1.0 : 1.0;
    const int field = static_cast<int>(bits >> mantissa) & (2 * f.max_exponent + 1);
    const auto low = static_cast<double>(bits & ((1u << mantissa) - 1));
    if (field == 2 * f.max_exponent + 1)
        return low == 0 ? sign * infinity : std::numeric_limits<double>::quiet_NaN();
    const double significand = field == 0 ? low : low + std::ldexp(1.0, mantissa);
    return sign * std::ldexp(significand, std::max(field, 1) - 1 + f.min_exponent - mantissa);
}

} // namespace lathe::ir
