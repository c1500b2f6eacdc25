/// \file The interpreter's operations are those of value.h, in every representation.

#include "deep.h"
#include "interpret_random.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using lathe::testing::Random;

namespace {

/// Constants as variables, so that nothing folds them.
class Variables {
  public:
    Expr operator()(const Value& v) {
        const Symbol s("v");
        values.emplace(s, v);
        return Variable::make(s, v.type());
    }
    Value evaluate(const Expr& e) const { return lathe::ir::evaluate(e, values); }

  private:
    std::map<Symbol, Value> values;
};

std::string show(const Value& v) {
    return v.type().str() + " " + v.str();
}

const std::vector<BinaryOp> binary_ops{
    BinaryOp::add,         BinaryOp::sub,       BinaryOp::mul, BinaryOp::div, BinaryOp::mod,
    BinaryOp::floordiv,    BinaryOp::floormod,  BinaryOp::min, BinaryOp::max, BinaryOp::bit_and,
    BinaryOp::bit_or,      BinaryOp::bit_xor,   BinaryOp::shl, BinaryOp::shr, BinaryOp::eq,
    BinaryOp::ne,          BinaryOp::lt,        BinaryOp::le,  BinaryOp::gt,  BinaryOp::ge,
    BinaryOp::logical_and, BinaryOp::logical_or};

bool defined(BinaryOp op, Type a, Type b) {
    try {
        result_type(op, a, b, {});
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool defined(UnaryOp op, Type a) {
    try {
        result_type(op, a, {});
        return true;
    } catch (const Error&) {
        return false;
    }
}

void check_binary(BinaryOp op, const Value& a, const Value& b) {
    Variables v;
    const Expr x = v(a), y = v(b);
    const Value expected = apply(op, a, b), got = v.evaluate(Binary::make(op, x, y));
    INFO(show(a), " ", symbol(op), " ", show(b), " = ", show(expected), ", not ", show(got));
    CHECK(got == expected);
}

} // namespace

TEST_CASE("binary operations of random types") {
    Random random(1);
    const int n = count(20000, 2000000);
    for (int i = 0; i < n; ++i) {
        const BinaryOp op = random.pick(binary_ops);
        const bool index = random.chance(10);
        const Type a = index ? IndexType() : random.any(), b = index              ? IndexType()
                                                               : random.chance(3) ? a
                                                                                  : random.any();
        if (defined(op, a, b)) check_binary(op, random.value(a), random.value(b));
    }
}

TEST_CASE("binary operations of small types, all values") {
    const std::vector<Type> types{Int(1), Int(3),      UInt(1),      UInt(3),
                                  Bool(), Fixed(3, 1), UFixed(3, 4), Fixed(3, -1)};
    for (const Type& a : types)
        for (const Type& b : types)
            for (const BinaryOp op : binary_ops) {
                if (!defined(op, a, b)) continue;
                for (long i = 0; i < 1 << a.width(); ++i)
                    for (long j = 0; j < 1 << b.width(); ++j)
                        check_binary(op, Value::from_raw(a, i), Value::from_raw(b, j));
            }
}

TEST_CASE("a narrower result is the exact one modulo 2^width") {
    Random random(2);
    const int n = count(5000, 500000);
    for (int i = 0; i < n; ++i) {
        const BinaryOp op = random.pick(binary_ops);
        const Type a = random.exact(), b = random.exact();
        if (is_compare(op) || !defined(op, a, b)) continue;
        const Value x = random.value(a), y = random.value(b), exact = apply(op, x, y);
        const int w = random.width(), frac = exact.type().frac();
        const Type t = frac != 0 ? Fixed(w, frac) : random.chance(2) ? Int(w) : UInt(w);
        Variables v;
        const Expr vx = v(x), vy = v(y);
        const Value got = v.evaluate(Binary::make_as(t, op, vx, vy));
        INFO(show(x), " ", symbol(op), " ", show(y), " as ", t.str(), " is not ", show(got));
        CHECK(got == Value::from_raw(t, exact.raw()));
    }
}

TEST_CASE("conversions between random types") {
    Random random(3);
    const int n = count(40000, 4000000);
    for (int i = 0; i < n; ++i) {
        const bool index = random.chance(15);
        const Type from = index && random.chance(2) ? IndexType() : index ? random.integer() : random.any();
        const Type to = !index ? random.any() : from.is_index() ? random.integer() : IndexType();
        Value x = random.value(from);
        if (to.is_index() && !x.raw().fits_slong_p()) x = Value::from_raw(from, 1);
        Variables v;
        const Expr e = v(x);
        const Value expected = cast(to, x), got = v.evaluate(Cast::make(to, e));
        INFO(show(x), " to ", show(expected), ", not ", show(got));
        CHECK(got == expected);
    }
}

TEST_CASE("conversions between small fixed-point types, all values and modes") {
    for (int modes = 0; modes < 7 * 5; ++modes)
        for (int width = 1; width <= 4; ++width)
            for (int frac = -2; frac <= 5; ++frac) {
                const Type to =
                    Fixed(width, frac, static_cast<Round>(modes % 7), static_cast<Overflow>(modes / 7));
                for (long m = -16; m < 16; ++m) {
                    const Value x = Value::from_raw(Fixed(5, 2), m), d = cast(Float(32), x);
                    Variables v;
                    const Expr vx = v(x), vd = v(d);
                    INFO(show(x), " to ", to.str());
                    CHECK(v.evaluate(Cast::make(to, vx)) == cast(to, x));
                    CHECK(v.evaluate(Cast::make(to, vd)) == cast(to, d));
                }
            }
}

TEST_CASE("unary operations of random types") {
    Random random(4);
    const int n = count(10000, 1000000);
    for (int i = 0; i < n; ++i) {
        const auto op = static_cast<UnaryOp>(random.between(0, 7));
        const Type t = random.chance(10) ? IndexType() : random.any();
        if (!defined(op, t)) continue;
        const Value x = random.value(t);
        Variables v;
        const Expr e = v(x);
        const Value expected = apply(op, x), got = v.evaluate(Unary::make(op, e));
        INFO(name(op), " of ", show(x), " = ", show(expected), ", not ", show(got));
        CHECK(got == expected);
    }
}

TEST_CASE("bit patterns of random types") {
    Random random(5);
    const int n = count(10000, 1000000);
    for (int i = 0; i < n; ++i) {
        const Type from = random.any();
        const Value x = random.value(from);
        Variables v;
        const Expr e = v(x);
        const int w = from.width();
        std::vector<Type> same_width{Int(w), UInt(w), Fixed(w, 3)};
        if (w == 1) same_width.push_back(Bool());
        if (w == 16) same_width.insert(same_width.end(), {Float(16), BFloat(16)});
        if (w == 32 || w == 64) same_width.push_back(Float(w));
        const Type to = random.pick(same_width);
        INFO(show(x), " as ", to.str());
        CHECK(v.evaluate(Bitcast::make(to, e)) == bitcast(to, x));
        if (!from.is_exact()) continue;
        const int lo = static_cast<int>(random.between(0, w - 1)),
                  hi = static_cast<int>(random.between(lo, w - 1));
        CHECK(v.evaluate(Slice::make(e, hi, lo)) == slice(x, hi, lo));
        CHECK(v.evaluate(Call::make("popcount", {e})) == popcount(x));
        CHECK(v.evaluate(Call::make("reverse", {e})) == reverse_bits(x));
        const Value y = random.value(random.exact());
        const Expr f = v(y);
        CHECK(v.evaluate(Call::make("concat", {e, f})) == concat(x, y));
        const auto bit = [](int b) { return Constant::make(Value::literal(b)); };
        CHECK(v.evaluate(Call::make("with_slice", {e, f, bit(hi), bit(lo)})) == with_slice(x, hi, lo, y));
    }
}

TEST_CASE("fma rounds once") {
    Random random(6);
    const int n = count(20000, 2000000);
    for (int i = 0; i < n; ++i) {
        const Type t = random.floating();
        const Value a = random.value(t), b = random.value(t), c = random.value(t);
        Variables v;
        const Expr x = v(a), y = v(b), z = v(c);
        const Value expected = fma(a, b, c), got = v.evaluate(Fma::make(x, y, z));
        INFO(show(a), " * ", show(b), " + ", show(c), " = ", show(expected), ", not ", show(got));
        CHECK(got == expected);
    }
}

TEST_CASE("an untyped literal takes the other operand's type") {
    Random random(7);
    for (int i = 0; i < 2000; ++i) {
        const Value x = random.value(random.any()),
                    literal = Value::real(mpq_class(static_cast<long>(random.between(-99, 99)), 7));
        const BinaryOp op = random.pick(
            std::vector<BinaryOp>{BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::lt, BinaryOp::max});
        Variables v;
        const Expr e = v(x), l = Constant::make(literal);
        INFO(show(x), " ", symbol(op), " ", literal.str());
        CHECK(v.evaluate(Binary::make(op, e, l)) == apply(op, x, literal));
        CHECK(v.evaluate(Binary::make(op, l, e)) == apply(op, literal, x));
        const Expr select = Select::make(Constant::make(Value::boolean(true)), l, e);
        CHECK(v.evaluate(select) == cast(select.type(), type_literal(literal, x.type())));
    }
    CHECK(evaluate(Constant::make(Value::real(mpq_class(1, 3)))) == Value::real(mpq_class(1, 3)));
}

TEST_CASE("select aligns its arms and is lazy") {
    Random random(8);
    for (int i = 0; i < 2000; ++i) {
        const Value a = random.value(random.any()), b = random.value(random.any()), c = random.value(Bool());
        Variables v;
        const Expr vc = v(c), va = v(a), vb = v(b);
        const Expr e = Select::make(vc, va, vb);
        INFO("select ", c.str(), ", ", show(a), ", ", show(b));
        CHECK(v.evaluate(e) == cast(e.type(), c.is_true() ? a : b));
    }
}

TEST_CASE("subscripts do not leave 64 bits") {
    const int64_t top = std::numeric_limits<int64_t>::max();
    Variables v;
    const Expr big = v(Value::index(top)), least = v(Value::index(-top - 1)), one = v(Value::index(1)),
               minus = v(Value::index(-1));
    for (const Expr& e :
         {Binary::make(BinaryOp::add, big, one), Binary::make(BinaryOp::sub, least, one),
          Binary::make(BinaryOp::mul, big, big), Binary::make(BinaryOp::floordiv, least, minus),
          Unary::make(UnaryOp::neg, least), Unary::make(UnaryOp::abs, least)})
        CHECK_THROWS_AS(v.evaluate(e), Error);
    CHECK(v.evaluate(Binary::make(BinaryOp::floormod, least, minus)) == Value::index(0));
    const Expr wide = v(max_value(UInt(64)));
    CHECK_THROWS_AS(v.evaluate(Cast::make(IndexType(), wide)), Error);
}
