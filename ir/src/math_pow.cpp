/// \file pow: a logarithm in pairs of Float(32), times y, raised again.

#include "math_builder.h"

#include <limits>

namespace lathe::ir {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// high + low, |low| at most about an ulp of high.
struct Pair {
    Expr high, low;
};

/// a + b exactly, for |a| ≥ |b| or a = 0.
Pair two_sum(MathBuilder& b, const Expr& x, const Expr& y) {
    const Expr s = b.let("s", b.add(x, y));
    return {s, b.sub(y, b.sub(s, x))};
}

/// a·c to about twice the precision of a Float(32).
Pair times(MathBuilder& b, const Pair& a, const Pair& c) {
    const Expr h = b.let("h", b.mul(a.high, c.high));
    const Expr error = b.fma(a.high, c.high, b.neg(h));
    return {h, b.let("l", b.fma(a.low, c.high, b.fma(a.high, c.low, error)))};
}

/// log2 of a positive finite x: relative error below 2^−35.
Pair log2(MathBuilder& b, const Expr& x) {
    const MathBuilder::Parts parts = b.split(x);
    const Expr m = b.let("m", parts.m), one = b.number(1);
    // With s = (m − 1) / (m + 1), |s| ≤ 1/5: log m = 2·atanh s = 2s·(1 + z/3 + z²·Q(z)), z = s².
    const Expr f = b.let("f", b.sub(m, one)); // exact
    const Expr d = b.let("d", b.add(m, one));
    const Expr d_low = b.sub(m, b.sub(d, one));
    const Expr inverse = b.let("inverse", b.div(one, d));
    const Expr s_high = b.let("s_high", b.mul(f, inverse));
    const Expr minus_s = b.let("minus_s", b.neg(s_high));
    const Pair s{s_high, b.let("s_low", b.mul(b.fma(minus_s, d_low, b.fma(minus_s, d, f)), inverse))};
    const Pair z = times(b, s, s);
    // Q to 2^−41 of the whole.
    const Expr q = b.polynomial(z.high, {0x1.999996p-3, 0x1.2495p-3, 0x1.c5bfccp-4, 0x1.97eabap-4});
    const Pair third = two_sum(b, b.number(0x1.555556p-2), b.fma(z.high, q, b.number(-0x1.555556p-27)));
    const Pair u = times(b, z, third);
    const Pair su = times(b, s, u);
    const Pair sum = two_sum(b, s.high, su.high);
    const Pair atanh{sum.high, b.let("atanh_low", b.add(sum.low, b.add(s.low, su.low)))};
    const Pair fraction = times(b, atanh, {b.number(0x1.715476p1), b.number(0x1.4ae0cp-25)}); // · 2 / ln 2
    const Pair whole = two_sum(b, b.let("ef", b.cast(Float(32), parts.e)), fraction.high);
    return {whole.high, b.let("log_low", b.add(whole.low, fraction.low))};
}

/// |x|^y for finite y, and |x| neither 0 nor infinite nor NaN; 0 or infinity where it leaves Float(32).
Expr power(MathBuilder& b, const Expr& magnitude, const Expr& y) {
    const Pair l = log2(b, magnitude);
    const Expr w = b.let("w", b.mul(y, l.high));
    const Expr w_low = b.fma(y, l.low, b.fma(y, l.high, b.neg(w)));
    // From 2^±200 on the result is certain, and the low part may be no number.
    const Expr certain = b.let("certain", b.lt(b.number(200), b.abs(w)));
    const Expr end = b.select(b.lt(w, b.number(0)), b.number(-200), b.number(200));
    const Expr high = b.let("exponent", b.select(certain, end, w));
    const Expr low = b.select(certain, b.number(0), w_low);
    const MathBuilder::Rounded k = b.round(high, 1);
    const Expr r = b.let("r", b.add(b.sub(high, k.as_float), low));
    // (2^r − 1) / r for |r| ≤ 1/2: 2^r to 2^−28.3.
    const Expr p = b.polynomial(
        r, {0x1.62e43p-1, 0x1.ebfbdcp-3, 0x1.c6af7ap-5, 0x1.3b2ddap-7, 0x1.5f0976p-10, 0x1.4172a6p-13});
    return b.scaled(b.fma(r, p, b.number(1)), b.let("k", k.as_int));
}

} // namespace

Expr expand_pow(MathBuilder& b, const Expr& x, const Expr& y) {
    const Expr zero = b.number(0), one = b.number(1), inf = b.number(infinity);
    const auto truncated = [](const Expr& e) { return Unary::make(UnaryOp::trunc, e); };
    const Expr magnitude = b.let("magnitude", b.abs(x));
    // At the ends of either range only |x| < 1 and the sign of y count.
    const Expr at_end = b.either(b.eq(magnitude, zero), b.either(b.eq(magnitude, inf), b.eq(b.abs(y), inf)));
    const Expr grows = b.eq(b.lt(one, magnitude), b.lt(zero, y));
    const Expr end = b.select(b.eq(magnitude, one), one, b.select(grows, inf, zero));
    const Expr size = b.select(at_end, end, power(b, magnitude, y));
    // Infinities and large floats count as even integers.
    const Expr half = b.let("half_y", b.mul(y, b.number(0.5)));
    const Expr whole = b.let("whole", b.eq(truncated(y), y));
    const Expr odd = b.both(whole, b.ne(truncated(half), half));
    const Expr sign = b.select(odd, b.bit_and(b.as_bits(x), b.bits(0x80000000)), b.bits(0));
    const Expr value = b.as_float(b.bit_xor(b.as_bits(size), sign));
    const Expr no_number =
        b.either(b.either(b.ne(x, x), b.ne(y, y)),
                 b.both(b.both(b.lt(x, zero), b.lt(magnitude, inf)), Unary::make(UnaryOp::bit_not, whole)));
    const Expr always_one = b.either(b.eq(x, one), b.eq(y, zero));
    return b.select(always_one, one, b.select(no_number, b.number(nan), value));
}

} // namespace lathe::ir
