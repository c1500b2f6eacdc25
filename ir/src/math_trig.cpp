/// \file sin and cos on all of Float(32), by exact reduction in integers (after Payne and Hanek).

#include "math_builder.h"

#include <limits>

namespace lathe::ir {

namespace {

/// An angle |x| in quarter turns: quarter + (r + tail)·2/π with r the nearest remainder's magnitude.
struct Angle {
    Expr quarter;  ///< UInt(32), of which the low two bits count
    Expr negative; ///< Bool: the remainder's sign
    Expr r, tail;  ///< 0 ≤ r ≤ π/4; |tail| ≤ half an ulp of r
};

/// The 128 bits from `skip` (6 to 134) on of 32 zeros and then 2/π's fraction, as four words: by whole words
/// first.
std::vector<Expr> two_over_pi_words(MathBuilder& b, const Expr& skip) {
    // floor(2^224 · 2/π)
    const std::vector<uint32_t> table{0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                      0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
    std::vector<Expr> words;
    for (const uint32_t w : table)
        words.push_back(b.bits(w));
    for (const int step : {4, 2, 1}) {
        const uint32_t bit = static_cast<uint32_t>(step) * 32;
        const Expr far = b.let("far", b.ne(b.bit_and(skip, b.bits(bit)), b.bits(0)));
        // A skip of four words is at most four: the words that no shorter step can reach are left as they
        // are.
        const size_t kept = static_cast<size_t>(step) + 3;
        std::vector<Expr> next;
        for (size_t i = 0; i < kept && i < words.size(); ++i) {
            const size_t j = i + static_cast<size_t>(step);
            next.push_back(j < words.size() ? b.let("word", b.select(far, words[j], words[i])) : words[i]);
        }
        words = next;
    }
    return words;
}

/// |x|·2/π modulo 4 in units of 2^−62, for |x| ≥ 1/2 with the given IEEE bits.
Expr fixed_point_quarters(MathBuilder& b, const Expr& bits) {
    const Expr mantissa = b.let("mantissa", b.bit_or(b.bit_and(bits, b.bits(0x7fffff)), b.bits(0x800000)));
    // |x| = mantissa·2^(exponent − 150). Of mantissa·2^(exponent − 150 + 62)·2/π the 64 bits above the point
    // are wanted; the factor's bits that count are the 64 above the point and 32 below it, which start here
    // in the table:
    const Expr skip = b.let("skip", b.sub(b.shr(bits, 23), b.bits(120)));
    const std::vector<Expr> words = two_over_pi_words(b, skip);
    const Expr left = b.let("left", b.bit_and(skip, b.bits(31)));
    const Expr right = b.let("right", b.sub(b.bits(31), left));
    const auto window = [&](size_t i) { // a shift by 32 − left, which may be 32, in two steps
        return b.bit_or(b.shl(words[i], left), b.shr(b.shr(words[i + 1], 1), right));
    };
    const auto wide = [&](const Expr& e) { return b.cast(UInt(64), e); };
    const auto product = [&](size_t i) { return Binary::make(BinaryOp::mul, mantissa, window(i)); };
    const Expr high = b.shl(wide(b.mul(mantissa, window(0))), 32);
    return b.add(b.add(high, product(1)), b.shr(product(2), 32));
}

Angle reduce(MathBuilder& b, const Expr& magnitude) {
    const Expr bits = b.let("bits", b.as_bits(magnitude));
    const Expr p = b.let("p", fixed_point_quarters(b, bits));
    const Expr half =
        Broadcast::make(Constant::make(Value::from_raw(UInt(64), mpz_class(1) << 61)), p.type().lanes());
    const Expr quarter = b.cast(UInt(32), b.shr(b.add(p, half), 62));
    const Expr rest = b.let("rest", b.shr(Bitcast::make(Int(64), b.shl(p, 2)), 2)); // the low 62 bits, signed
    const Expr zero = Broadcast::make(Constant::make(Value::from_raw(Int(64), 0)), p.type().lanes());
    const Expr negative = b.let("negative", b.lt(rest, zero));
    const Expr size = b.let("size", b.select(negative, b.sub(zero, rest), rest));
    // Three pieces that a Float(32) holds, so that even a remainder of 2^−30 keeps its digits.
    const auto piece = [&](int from, uint32_t mask) {
        const Expr word = b.bit_and(b.cast(UInt(32), b.shr(size, from)), b.bits(mask));
        return b.cast(Float(32), b.as_int(word));
    };
    const Expr top = b.let("top", b.mul(piece(37, 0xffffff), b.number(0x1p-25)));
    const Expr low = b.let(
        "low", b.fma(piece(0, 0x1fff), b.number(0x1p-62), b.mul(piece(13, 0xffffff), b.number(0x1p-49))));
    // times π/2, to twice the precision
    const Expr half_pi = b.number(0x1.921fb6p0);
    const Expr high = b.let("high", b.mul(top, half_pi));
    const Expr error = b.fma(top, half_pi, b.neg(high));
    const Expr rest_of = b.let("rest_of", b.fma(top, b.number(-0x1.777a5cp-25), b.fma(low, half_pi, error)));
    const Expr r = b.let("r", b.add(high, rest_of));
    // Below π/4 the argument is its own remainder, and the integers would lose its digits.
    const Expr direct = b.let("direct", b.lt(magnitude, b.number(0x1.921fb6p-1)));
    return {b.let("quarter", b.select(direct, b.bits(0), quarter)),
            b.both(Unary::make(UnaryOp::bit_not, direct), negative),
            b.let("angle", b.select(direct, magnitude, r)),
            b.let("tail", b.select(direct, b.number(0), b.add(b.sub(high, r), rest_of)))};
}

Expr sine(MathBuilder& b, const Angle& a, const Expr& z) {
    // (sin(√z) − √z) / √z³ for √z ≤ π/4: sin to 2^−32.5.
    const Expr s = b.polynomial(z, {-0x1.555556p-3, 0x1.111174p-7, -0x1.a05954p-13, 0x1.7c2c3ap-19});
    const Expr by_tail = b.mul(a.tail, b.fma(z, b.number(-0.5), b.number(1))); // tail·cos r
    return b.add(a.r, b.fma(b.mul(a.r, z), s, by_tail));
}

Expr cosine(MathBuilder& b, const Angle& a, const Expr& z) {
    // (cos(√z) − 1 + z/2) / z² for √z ≤ π/4: cos to 2^−33.
    const Expr c = b.polynomial(z, {0x1.55554ap-5, -0x1.6c0c28p-10, 0x1.99e808p-16});
    const Expr half = b.let("half", b.mul(z, b.number(0.5)));
    const Expr w = b.let("w", b.sub(b.number(1), half));
    const Expr lost = b.sub(b.sub(b.number(1), w), half); // 1 − z/2 = w + lost
    return b.add(w, b.add(lost, b.fma(b.mul(z, z), c, b.neg(b.mul(a.r, a.tail)))));
}

/// sin(|x| + ahead·π/2) with the sign bit flipped where `sign` (UInt(32)) has its top bit set.
Expr sine_of(MathBuilder& b, const Expr& x, uint32_t ahead, const Expr& sign) {
    const Expr magnitude = b.let("magnitude", b.abs(x));
    const Angle a = reduce(b, magnitude);
    const Expr z = b.let("z", b.mul(a.r, a.r));
    const Expr quarter = b.let("quarter", b.add(a.quarter, b.bits(ahead)));
    const Expr odd = b.let("odd", b.ne(b.bit_and(quarter, b.bits(1)), b.bits(0)));
    const Expr value = b.select(odd, cosine(b, a, z), sine(b, a, z));
    // Half a turn changes the sign, and so does a negative remainder of the sine.
    const Expr half_turn = b.shl(b.shr(quarter, 1), 31);
    const Expr remainder =
        b.select(b.both(a.negative, Unary::make(UnaryOp::bit_not, odd)), b.bits(0x80000000), b.bits(0));
    const Expr flip = b.bit_xor(b.bit_xor(half_turn, remainder), sign);
    const Expr result = b.as_float(b.bit_xor(b.as_bits(value), flip));
    // An infinity has no sine; a NaN stays one.
    const Expr finite = b.lt(magnitude, b.number(std::numeric_limits<double>::infinity()));
    return b.select(finite, result, b.number(std::numeric_limits<double>::quiet_NaN()));
}

} // namespace

Expr expand_sin(MathBuilder& b, const Expr& x) {
    return sine_of(b, x, 0, b.bit_and(b.as_bits(x), b.bits(0x80000000)));
}

Expr expand_cos(MathBuilder& b, const Expr& x) {
    return sine_of(b, x, 1, b.bits(0));
}

} // namespace lathe::ir
