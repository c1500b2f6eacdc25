/// \file exp, log and tanh, and the pieces that they share with pow.

#include "lathe/ir/math.h"
#include "math_builder.h"

#include <limits>

namespace lathe::ir {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

} // namespace

Expr MathBuilder::let(const char* name, const Expr& value) {
    lets.emplace_back(Symbol(name), value);
    return Variable::make(lets.back().first, value.type());
}

Expr MathBuilder::finish(Expr result) const {
    for (auto i = lets.rbegin(); i != lets.rend(); ++i)
        result = Let::make(i->first, i->second, result);
    return result;
}

Expr MathBuilder::keep_type(BinaryOp op, const Expr& a, const Expr& b) const {
    return a.type().is_float() ? Binary::make(op, a, b) : Binary::make_as(a.type(), op, a, b);
}

Expr MathBuilder::polynomial(const Expr& x, const std::vector<double>& c) const {
    Expr r = number(c.back());
    for (size_t i = c.size() - 1; i-- > 0;)
        r = fma(r, x, number(c[i]));
    return r;
}

MathBuilder::Rounded MathBuilder::round(const Expr& x, double scale) {
    // Beside 1.5·2^23 a float has no fraction bits, and its low bits are an integer.
    const Expr magic = number(0x1.8p23);
    const Expr t = let("t", fma(x, number(scale), magic));
    return {sub(t, magic), sub(as_int(t), integer(0x4b400000))};
}

Expr MathBuilder::scaled(const Expr& y, const Expr& k) {
    // In two steps, of which the first is exact: 2^k alone may be no Float(32).
    const Expr half = let("half", shr(k, 1));
    const auto power = [&](const Expr& e) { return as_float(shl(add(e, integer(127)), 23)); };
    return mul(mul(y, power(half)), power(sub(k, half)));
}

MathBuilder::Power MathBuilder::exp(const Expr& x) {
    const Rounded k = round(x, 0x1.715476p0); // x / ln 2
    const Expr kf = let("kf", k.as_float);
    const Expr high = fma(kf, number(-0x1.62e43p-1), x);
    const Expr r = let("r", fma(kf, number(0x1.05c61p-29), high)); // x − k·ln 2
    // (e^r − 1 − r) / r² for |r| ≤ ln 2 / 2: e^r to 2^−28.2.
    const Expr q = polynomial(r, {0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558b4p-5, 0x1.1239ap-7, 0x1.6a496p-10});
    const Expr y = add(number(1), fma(mul(r, r), q, r));
    return {y, let("k", k.as_int)};
}

MathBuilder::Parts MathBuilder::split(const Expr& x) {
    const Expr subnormal = let("subnormal", lt(x, number(0x1p-126)));
    const Expr bits = let("bits", as_int(select(subnormal, mul(x, number(0x1p23)), x)));
    const Expr e = let("e", shr(sub(bits, integer(0x3f2aaaab)), 23)); // 0x3f2aaaab: 2/3
    const Expr m = as_float(sub(bits, shl(e, 23)));
    return {m, sub(e, select(subnormal, integer(23), integer(0)))};
}

Expr expand_exp(MathBuilder& b, const Expr& x) {
    // Beyond the limits the result is 0 or infinite; a NaN fails both comparisons and stays.
    const Expr low = b.select(b.lt(x, b.number(-104)), b.number(-104), x);
    const Expr limited = b.let("limited", b.select(b.lt(b.number(89), x), b.number(89), low));
    const MathBuilder::Power p = b.exp(limited);
    return b.scaled(p.y, p.k);
}

Expr expand_log(MathBuilder& b, const Expr& x) {
    const MathBuilder::Parts parts = b.split(x);
    const Expr f = b.let("f", b.sub(parts.m, b.number(1)));
    // (log(1 + f) − f + f²/2) / f³ for |f| ≤ 1/3: log(1 + f) to 2^−27.7.
    const Expr p = b.polynomial(f, {0x1.555506p-2, -0x1.fffef8p-3, 0x1.99d05ep-3, -0x1.559c88p-3,
                                    0x1.1ed416p-3, -0x1.f332cap-4, 0x1.1e743cp-3, -0x1.07bf0ap-3});
    const Expr r = b.fma(b.mul(f, f), b.fma(f, p, b.number(-0.5)), f);
    const Expr e = b.let("ef", b.cast(Float(32), parts.e));
    const Expr y = b.fma(e, b.number(0x1.62e43p-1), b.fma(e, b.number(-0x1.05c61p-29), r)); // + e·ln 2
    const Expr outside = b.select(b.eq(x, b.number(0)), b.number(-infinity), b.number(nan));
    const Expr finite = b.select(b.lt(x, b.number(infinity)), y, b.number(infinity));
    return b.select(b.lt(b.number(0), x), finite, outside);
}

Expr expand_tanh(MathBuilder& b, const Expr& x) {
    const Expr a = b.let("a", b.abs(x));
    const Expr z = b.let("z", b.mul(a, a));
    // (tanh(√z) − √z) / √z³ for √z ≤ 0.75: tanh to 2^−29.1.
    const Expr p = b.polynomial(
        z, {-0x1.55554ap-2, 0x1.110ddap-3, -0x1.b98108p-5, 0x1.5f908p-6, -0x1.f662d8p-8, 0x1.c8969cp-10});
    const Expr small = b.fma(b.mul(a, z), p, a);
    // 1 − 2 / (e^2a + 1), which is 1 from 9.1 on.
    const Expr limited = b.select(b.lt(b.number(9.1), a), b.number(9.1), a);
    const MathBuilder::Power e = b.exp(b.let("twice", b.add(limited, limited)));
    const Expr large = b.sub(b.number(1), b.div(b.number(2), b.add(b.scaled(e.y, e.k), b.number(1))));
    const Expr sign = b.bit_and(b.as_bits(x), b.bits(0x80000000));
    return b.as_float(b.bit_or(b.as_bits(b.select(b.lt(a, b.number(0.75)), small, large)), sign));
}

namespace {

Expr expand_float32(MathBuilder& b, const std::string& function, const std::vector<Expr>& x) {
    if (function == "exp") return expand_exp(b, x[0]);
    if (function == "log") return expand_log(b, x[0]);
    if (function == "tanh") return expand_tanh(b, x[0]);
    if (function == "sin") return expand_sin(b, x[0]);
    if (function == "cos") return expand_cos(b, x[0]);
    return expand_pow(b, x[0], x[1]);
}

} // namespace

Expr expand_math(const std::string& function, const std::vector<Expr>& arguments, Loc loc) {
    invariant(is_math(function) && arguments.size() == (function == "pow" ? 2u : 1u),
              "a math function and its arguments");
    const Type t = arguments[0].type();
    for (const Expr& a : arguments) {
        invariant(a.type() == t && t.is_float(), "the arguments of a math function are of one float type");
        if (t.element() == Float(64))
            fail(loc, "{} of Float(64) does not exist yet: cast the argument to Float(32)", function);
    }
    MathBuilder b(t.lanes());
    std::vector<Expr> x;
    for (const Expr& a : arguments) {
        const Expr wide = t.element() == Float(32) ? a : b.cast(Float(32), a);
        x.push_back(wide.as<Variable>() || wide.as<Constant>() ? wide : b.let("x", wide));
    }
    Expr r = expand_float32(b, function, x);
    if (t.element() != Float(32)) r = b.cast(t, r);
    return b.finish(r);
}

} // namespace lathe::ir
