// Floats: every operation gives the exact result rounded once. The oracle searches the format's own values.

#include "deep.h"
#include "lathe/ir/value.h"
#include "typed_op.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>

using namespace lathe;
using namespace lathe::ir;

namespace {

using B = BinaryOp;
using U = UnaryOp;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The non-negative finite values of a 16-bit format in order; index = bits.
const std::vector<mpq_class>& magnitudes(Type t) {
    static std::vector<mpq_class> tables[2];
    std::vector<mpq_class>& table = tables[t == BFloat(16)];
    for (long bits = static_cast<long>(table.size()); bits < 0x7fff; ++bits) {
        const Value v = Value::from_bits(t, bits);
        if (v.is_nan() || std::isinf(v.as_double())) break;
        table.push_back(v.as_rational());
    }
    return table;
}

/// Bits of the value of 16-bit format `t` nearest to q, halves to even, beyond the largest by half a step
/// infinite. `negative_zero`: the sign if q is zero or rounds to it.
long nearest(Type t, const mpq_class& q, bool negative_zero) {
    const std::vector<mpq_class>& values = magnitudes(t);
    const mpq_class x = abs(q);
    const auto above = std::lower_bound(values.begin(), values.end(), x);
    auto bits = above - values.begin(); // of the smallest value ≥ x, or of infinity
    if (bits > 0 && (above == values.end() || *above != x)) {
        const mpq_class below = values[static_cast<size_t>(bits - 1)];
        const mpq_class next =
            above == values.end() ? mpq_class(2 * below - values[static_cast<size_t>(bits - 2)]) : *above;
        const mpq_class middle = (below + next) / 2;
        if (x < middle || (x == middle && bits % 2 == 1)) --bits;
    }
    const bool negative = sgn(q) < 0 || (sgn(q) == 0 && negative_zero);
    return bits | (negative ? 0x8000 : 0);
}

/// Is r the correctly rounded square root? Decided without roots: compare q with the squares of the two
/// middles.
bool is_nearest_root(Type t, const mpq_class& q, long bits) {
    const std::vector<mpq_class>& values = magnitudes(t);
    const auto i = static_cast<size_t>(bits);
    const mpq_class low = i == 0 ? mpq_class(0) : mpq_class((values[i - 1] + values[i]) / 2);
    const mpq_class high = (values[i] + values[i + 1]) / 2;
    return q >= low * low && q <= high * high;
}

Value half(Type t, long bits) {
    return Value::from_bits(t, bits);
}

/// Random bits, with small differences in exponent favoured.
std::array<long, 3> random_bits(Random& random) {
    std::array<long, 3> bits{};
    const long base = static_cast<long>(random() & 0x7fff);
    for (long& b : bits)
        b = random() % 4 == 0 ? static_cast<long>(random() & 0xffff)
                              : ((base + static_cast<long>(random() % 8192) - 4096) & 0x7fff) |
                                    static_cast<long>(random() % 2 << 15);
    return bits;
}

bool finite(const Value& v) {
    return std::isfinite(v.as_double());
}

} // namespace

TEST_CASE("16-bit formats: + - * / sqrt fma are rounded once") {
    for (const Type t : {Float(16), BFloat(16)}) {
        Random random(3);
        const auto check = [&](const Value& r, const mpq_class& q, bool negative_zero, const char* op,
                               const Value& a, const Value& b) {
            if (r.bit_pattern() != nearest(t, q, negative_zero))
                FAIL_CHECK(t.str() << " " << a.str() << " " << op << " " << b.str() << " = " << r.str());
        };
        for (int i = 0; i < count(30000, 1000000); ++i) {
            const auto bits = random_bits(random);
            const Value a = half(t, bits[0]), b = half(t, bits[1]), c = half(t, bits[2]);
            if (!finite(a) || !finite(b) || !finite(c)) continue;
            const mpq_class x = a.as_rational(), y = b.as_rational(), z = c.as_rational();
            const bool sa = std::signbit(a.as_double()), sb = std::signbit(b.as_double());
            check(apply(B::add, a, b), x + y, sa && sb, "+", a, b);
            check(apply(B::sub, a, b), x - y, sa && !sb, "-", a, b);
            check(apply(B::mul, a, b), x * y, sa != sb, "*", a, b);
            if (sgn(y) != 0) check(apply(B::div, a, b), x / y, sa != sb, "/", a, b);
            check(fma(a, b, c), x * y + z, (sa != sb) && std::signbit(c.as_double()), "fma", a, b);
            if (sgn(x) > 0 && !is_nearest_root(t, x, apply(U::sqrt, a).bit_pattern().get_si()))
                FAIL_CHECK(t.str() << " sqrt " << a.str());
        }
    }
}

TEST_CASE("16-bit fma where rounding twice would err") {
    const auto f = [](double x) { return Value::from_double(BFloat(16), x); };
    const double tiny = std::ldexp(1.0, -100), even = 1.125, odd = 1.125 + 1.0 / 128;
    // 1.0625² is halfway between `even` and `odd`, and a double cannot hold it with 2^-100 added.
    CHECK(fma(f(1.0625), f(1.0625), f(tiny)).as_double() == odd);
    CHECK(fma(f(1.0625), f(1.0625), f(-tiny)).as_double() == even);
    CHECK(fma(f(1.0625), f(1.0625), f(0)).as_double() == even);
    CHECK(fma(f(-1.0625), f(1.0625), f(-tiny)).as_double() == -odd);
    CHECK(fma(f(tiny), f(tiny), f(1)).as_double() == 1);
    CHECK(fma(f(infinity), f(1), f(-infinity)).is_nan());
}

TEST_CASE("casts from exact numbers and from wider floats are rounded once") {
    Random random(4);
    for (const Type t : {Float(16), BFloat(16)})
        for (int i = 0; i < count(20000, 400000); ++i) {
            Value x = random_value(i % 3   ? random_type(1, i % 5 ? 40 : 300, true, random)
                                   : i % 2 ? Float(32)
                                           : Float(64),
                                   random);
            if (i % 7 == 0) { // exactly between two neighbours, or a little off
                const auto& m = magnitudes(t);
                const size_t k = 1 + random() % (m.size() - 1);
                mpq_class q = (m[k] + m[k - 1]) / 2;
                if (random() % 2) q += mpq_class(random() % 2 ? 1 : -1) >> (150 + random() % 100);
                x = Value::real(q);
            }
            if (!x.type().is_real() && x.type().is_float() && !finite(x)) continue;
            const bool negative_zero = x.type().is_float() && std::signbit(x.as_double());
            const Value r = cast(t, x);
            long want = nearest(t, x.as_rational(), negative_zero);
            if (r.bit_pattern() != want) FAIL_CHECK(t.str() << " of " << x.str() << " is " << r.str());
        }
}

TEST_CASE("Float(32) and Float(64) from numbers of any size") {
    Random random(5);
    for (int i = 0; i < count(20000, 400000); ++i) {
        // Candidates on both sides of the number: the nearer one must have been taken.
        const Type t = i % 2 ? Float(32) : Float(64);
        const Value x = i % 3 ? random_value(random_type(1, 200, true, random), random)
                              : Value::real(mpq_class(mpz_class(static_cast<unsigned long>(random())),
                                                      mpz_class(static_cast<unsigned long>(random() | 1))));
        const double r = cast(t, x).as_double();
        if (!std::isfinite(r)) continue;
        const auto distance = [&](double y) { return mpq_class(abs(mpq_class(y) - x.as_rational())); };
        const auto neighbour = [&](double direction) {
            return t.width() == 32 ? std::nextafter(static_cast<float>(r), static_cast<float>(direction))
                                   : std::nextafter(r, direction);
        };
        for (const double y : {double(neighbour(-infinity)), double(neighbour(infinity))}) {
            if (!std::isfinite(y)) continue;
            const mpz_class bits = cast(t, Value::from_double(Float(64), r)).bit_pattern();
            if (distance(y) < distance(r) || (distance(y) == distance(r) && mpz_odd_p(bits.get_mpz_t())))
                FAIL_CHECK(t.str() << " of " << x.str() << " is " << r);
        }
    }
    CHECK(cast(Float(32), Value::from_raw(Int(4096), (mpz_class(1) << 4000))).as_double() == infinity);
    CHECK(cast(Float(64), Value::from_raw(Int(4096), -(mpz_class(1) << 4000))).as_double() == -infinity);
    CHECK(cast(Float(64), Value::from_raw(Fixed(8, 1080), 96)).as_double() == std::ldexp(96, -1080));
    CHECK(cast(Float(64), Value::from_raw(UFixed(70, 1130), (mpz_class(1) << 55) + 1)).as_double() ==
          std::ldexp(1.0, -1074)); // just above half of the smallest number
    CHECK(cast(Float(64), Value::from_raw(UFixed(70, 1130), mpz_class(1) << 55)).as_double() == 0);
}

TEST_CASE("Float(32) and Float(64) compute as the machine does") {
    Random random(6);
    for (int i = 0; i < count(50000, 1000000); ++i) {
        const Value a = random_value(Float(32), random), b = random_value(Float(32), random),
                    c = random_value(Float(32), random);
        const auto x = static_cast<float>(a.as_double()), y = static_cast<float>(b.as_double()),
                   z = static_cast<float>(c.as_double());
        const auto same = [](const Value& v, float f) { return v == Value::from_double(Float(32), f); };
        if (!same(apply(B::add, a, b), x + y) || !same(apply(B::sub, a, b), x - y) ||
            !same(apply(B::mul, a, b), x * y) || !same(apply(B::div, a, b), x / y) ||
            !same(fma(a, b, c), std::fma(x, y, z)) || !same(apply(U::sqrt, a), std::sqrt(x)))
            FAIL_CHECK(a.str() << ", " << b.str() << ", " << c.str());
        const Value d = random_value(Float(64), random), e = random_value(Float(64), random);
        const double u = d.as_double(), v = e.as_double();
        const auto same64 = [](const Value& w, double f) { return w == Value::from_double(Float(64), f); };
        if (!same64(apply(B::add, d, e), u + v) || !same64(apply(B::mul, d, e), u * v) ||
            !same64(apply(B::div, d, e), u / v) || !same64(apply(U::sqrt, d), std::sqrt(u)) ||
            !same64(fma(d, e, d), std::fma(u, v, u)))
            FAIL_CHECK(d.str() << ", " << e.str());
    }
}

TEST_CASE("min, max and comparisons with NaN and zeros") {
    for (const Type t : {Float(16), BFloat(16), Float(32), Float(64)}) {
        const auto f = [t](double x) { return Value::from_double(t, x); };
        const Value nan = f(NAN), one = f(1), two = f(2), zero = f(0.0), minus = f(-0.0);
        CHECK(apply(B::min, one, two) == one);
        CHECK(apply(B::max, one, two) == two);
        for (const BinaryOp op :
             {B::min, B::max}) { // as std::min and std::max: the first unless the second is better
            CHECK(apply(op, nan, one) == nan);
            CHECK(apply(op, one, nan) == one);
            CHECK(apply(op, zero, minus) == zero);
            CHECK(apply(op, minus, zero) == minus);
        }
        for (const BinaryOp op : {B::eq, B::lt, B::le, B::gt, B::ge}) {
            CHECK_FALSE(apply(op, nan, one).is_true());
            CHECK_FALSE(apply(op, nan, nan).is_true());
        }
        CHECK(apply(B::ne, nan, nan).is_true());
        CHECK(apply(B::eq, zero, minus).is_true());
        CHECK(apply(U::neg, zero) == minus);
        CHECK(apply(U::abs, minus) == zero);
        CHECK(apply(U::sqrt, f(-1)).is_nan());
        CHECK(apply(U::sqrt, minus) == minus);
    }
}

TEST_CASE("rounding to an integral float") {
    for (const Type t : {Float(16), BFloat(16), Float(32), Float(64)}) {
        const auto f = [t](double x) { return Value::from_double(t, x); };
        CHECK(apply(U::floor, f(-2.5)) == f(-3));
        CHECK(apply(U::ceil, f(-2.5)) == f(-2));
        CHECK(apply(U::trunc, f(-2.5)) == f(-2));
        CHECK(apply(U::round_even, f(2.5)) == f(2));
        CHECK(apply(U::round_even, f(3.5)) == f(4));
        CHECK(apply(U::round_even, f(-0.25)) == f(-0.0));
        CHECK(apply(U::floor, f(infinity)) == f(infinity));
        CHECK(apply(U::ceil, f(NAN)).is_nan());
    }
}

TEST_CASE("mixed floats take the wider type, exact operands are converted first") {
    const auto f = [](Type t, double x) { return Value::from_double(t, x); };
    CHECK(apply(B::add, f(Float(16), 1), f(BFloat(16), std::ldexp(1.0, -20))) ==
          f(Float(32), 1 + std::ldexp(1.0, -20)));
    CHECK(apply(B::add, f(Float(32), 1), f(Float(64), 1e-10)) == f(Float(64), 1 + 1e-10));
    CHECK(apply(B::mul, Value::from_raw(Fixed(8, 4), 8), f(Float(16), 3)) == f(Float(16), 1.5));
    // 2^24 + 1 becomes 2^24 in Float(32): a comparison sees the converted number.
    CHECK(apply(B::eq, Value::literal((1 << 24) + 1), f(Float(32), 1 << 24)).is_true());
    CHECK(apply(B::max, Value::literal(3), f(BFloat(16), 2)) == f(BFloat(16), 3));
    CHECK_THROWS_AS(fma(f(Float(32), 1), f(Float(64), 1), f(Float(32), 1)), InternalError);
}

TEST_CASE("overflow and underflow of the 16-bit formats") {
    const auto h = [](double x) { return Value::from_double(Float(16), x).as_double(); };
    CHECK(h(65504) == 65504);
    CHECK(h(65519.99) == 65504);
    CHECK(h(65520) == infinity);
    CHECK(h(-1e300) == -infinity);
    CHECK(h(std::ldexp(1.0, -25)) == 0); // half of the smallest: to even
    CHECK(h(std::ldexp(1.0001, -25)) == std::ldexp(1.0, -24));
    CHECK(std::signbit(h(-1e-30)));
    CHECK(Value::from_double(BFloat(16), 3.39e38).as_double() == 3.3895313892515355e38);
    CHECK(Value::from_double(BFloat(16), 3.4e38).as_double() == infinity);
    CHECK(Value::from_double(Float(32), 1e39).as_double() == infinity);
}
