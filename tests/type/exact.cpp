// Exact types against rational arithmetic, which knows nothing of widths and points: results are the numbers
// that they should be, and fit their types. Independent of AMD's types, so it also covers the corners where
// those err.

#include "deep.h"
#include "lathe/ir/value.h"
#include "typed_op.h"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

using B = BinaryOp;

mpq_class power_of_two(int exponent) {
    const auto bits = static_cast<mp_bitcnt_t>(std::abs(exponent));
    return exponent < 0 ? mpq_class(mpq_class(1) >> bits) : mpq_class(mpq_class(1) << bits);
}

mpz_class floor_of(const mpq_class& q) {
    mpz_class z;
    mpz_fdiv_q(z.get_mpz_t(), q.get_num_mpz_t(), q.get_den_mpz_t());
    return z;
}

mpz_class trunc_of(const mpq_class& q) {
    return sgn(q) < 0 ? mpz_class(-floor_of(-q)) : floor_of(q);
}

/// What `op` should give, as a rational; `r` is the result's type.
mpq_class expected(BinaryOp op, const Value& a, const Value& b, Type r) {
    const mpq_class x = a.as_rational(), y = b.as_rational();
    switch (op) {
    case B::add:
        return x + y;
    case B::sub:
        return x - y;
    case B::mul:
        return x * y;
    case B::min:
        return std::min(x, y);
    case B::max:
        return std::max(x, y);
    case B::eq:
        return x == y;
    case B::ne:
        return x != y;
    case B::lt:
        return x < y;
    case B::le:
        return x <= y;
    case B::gt:
        return x > y;
    case B::ge:
        return x >= y;
    default:
        break;
    }
    if (sgn(y) == 0) return op == B::div || op == B::floordiv ? mpq_class(0) : mpq_class(cast(r, a).raw());
    switch (op) {
    case B::div:
        return trunc_of(x / y / power_of_two(-r.frac())) * power_of_two(-r.frac());
    case B::mod:
        return x - trunc_of(x / y) * y;
    case B::floordiv:
        return floor_of(x / y);
    default:
        return x - floor_of(x / y) * y;
    }
}

/// How the rounding and overflow modes are defined (UG1399), in words of rationals. `r` counts units of
/// 2^−frac.
mpz_class rounded(const mpq_class& r, Round mode) {
    const mpz_class down = floor_of(r);
    const mpq_class rest = r - down, half(1, 2);
    const bool tie = rest == half;
    if (mode == Round::trn) return down;
    if (mode == Round::trn_zero) return trunc_of(r);
    if (!tie) return rest > half ? mpz_class(down + 1) : down;
    switch (mode) {
    case Round::rnd:
        return down + 1;
    case Round::rnd_min_inf:
        return down;
    case Round::rnd_zero:
        return sgn(r) < 0 ? mpz_class(down + 1) : down;
    case Round::rnd_inf:
        return sgn(r) < 0 ? down : mpz_class(down + 1);
    default:
        return mpz_odd_p(down.get_mpz_t()) ? mpz_class(down + 1) : down; // rnd_conv
    }
}

mpz_class modulo(const mpz_class& m, Type t) {
    const mpz_class period = mpz_class(1) << static_cast<mp_bitcnt_t>(t.width());
    mpz_class r = m - floor_of(mpq_class(m, period)) * period;
    if (r > max_value(t).raw()) r -= period;
    return r;
}

mpz_class limited(const mpz_class& m, Type t, const mpq_class& before) {
    const mpz_class low = min_value(t).raw(), high = max_value(t).raw();
    const bool symmetric = t.overflow() == Overflow::sat_sym && t.is_signed() && t.width() > 1;
    if (m <= high && m >= (symmetric ? mpz_class(-high) : low)) return m;
    switch (t.overflow()) {
    case Overflow::wrap:
        return modulo(m, t);
    case Overflow::sat:
        return m < low ? low : high;
    case Overflow::sat_zero:
        return 0;
    case Overflow::sat_sym:
        return sgn(m) > 0 ? high : symmetric ? mpz_class(-high) : low;
    case Overflow::wrap_sm:
        break;
    }
    // The sign bit becomes the bit to its left in the number before rounding; the rest is complemented to
    // match.
    mpz_class r = modulo(m, t);
    const bool above = mpz_odd_p(floor_of(before / power_of_two(t.width())).get_mpz_t());
    if (above != (sgn(r) < 0)) r = -r - 1;
    return r;
}

void check_operation(const TypedOp& op, const Rows& rows) {
    const BinaryOp binary = std::get<BinaryOp>(op.op);
    const std::vector<Value> results = interpret(op, rows);
    for (size_t i = 0; i < rows.size(); ++i) {
        const mpq_class want = expected(binary, rows[i][0], rows[i][1], op.result);
        if (results[i].type() == op.result && results[i].as_rational() == want) continue;
        FAIL_CHECK(op.str() << " on " << rows[i][0].str() << " and " << rows[i][1].str() << ": "
                            << results[i].str() << ", not " << want.get_str());
        return;
    }
}

} // namespace

TEST_CASE("operations on exact types are the rational ones") {
    Random random(7);
    for (int i = 0; i < count(1500, 20000); ++i) {
        const int most = i % 8 == 0 ? 200 : i % 3 == 0 ? 40 : 5;
        const Type a = i % 50 == 0 ? Bool() : random_type(1, most, true, random),
                   b = random_type(1, most, true, random);
        for (const BinaryOp op : {B::add, B::sub, B::mul, B::div, B::min, B::max, B::eq, B::ne, B::lt, B::le,
                                  B::gt, B::ge, B::mod, B::floordiv, B::floormod}) {
            if (op >= B::mod && op <= B::floormod && !(a.is_integral() && b.is_integral())) continue;
            const TypedOp typed = TypedOp::binary(op, a, b);
            check_operation(typed, most == 5 ? all_rows(typed) : random_rows(typed, 40, random));
        }
    }
}

TEST_CASE("Index is computed as a mathematical integer") {
    Random random(8);
    for (int i = 0; i < 20000; ++i) {
        const Type t = i % 2 ? Int(4) : Int(100);
        const Value x = random_value(t, random), y = random_value(t, random);
        for (const BinaryOp op :
             {B::add, B::sub, B::mul, B::floordiv, B::floormod, B::min, B::max, B::lt, B::eq}) {
            const Value r = apply(op, Value::index(x.raw()), Value::index(y.raw()));
            mpq_class want = expected(op, x, y, IndexType());
            if (op == B::floormod && y.is_zero()) want = x.raw();
            if (r.type() != (is_compare(op) ? Bool() : IndexType()) || r.as_rational() != want)
                FAIL_CHECK(x.str() << " " << symbol(op) << " " << y.str() << " = " << r.str());
        }
    }
    CHECK(apply(UnaryOp::neg, Value::index(5)) == Value::index(-5));
    CHECK(apply(UnaryOp::abs, Value::index(-5)) == Value::index(5));
}

TEST_CASE("unary operations") {
    Random random(9);
    for (int i = 0; i < 3000; ++i) {
        const Type t = random_type(1, i % 2 ? 6 : 150, true, random);
        const Value x = random_value(t, random);
        CHECK(apply(UnaryOp::neg, x).as_rational() == -x.as_rational());
        CHECK(apply(UnaryOp::abs, x).as_rational() == abs(x.as_rational()));
        CHECK(apply(UnaryOp::bit_not, x).raw() ==
              (t.is_signed() ? mpz_class(-x.raw() - 1) : mpz_class(max_value(t).raw() - x.raw())));
    }
}

TEST_CASE("logic on bits that both operands are extended to") {
    Random random(10);
    for (int i = 0; i < 3000; ++i) {
        const Type a = random_type(1, i % 2 ? 8 : 150, true, random),
                   b = random_type(1, i % 2 ? 8 : 150, true, random);
        const Value x = random_value(a, random), y = random_value(b, random);
        const Type r = result_type(B::bit_and, a, b, {});
        CHECK(holds(r, a.with_modes(Round::trn, Overflow::wrap)));
        const mpz_class u = cast(r, x).raw(), v = cast(r, y).raw();
        CHECK(apply(B::bit_and, x, y).raw() == (u & v));
        CHECK(apply(B::bit_or, x, y).raw() == (u | v));
        CHECK(apply(B::bit_xor, x, y).raw() == (u ^ v));
    }
}

TEST_CASE("fma on exact types is exact") {
    Random random(11);
    for (int i = 0; i < 1000; ++i) {
        const Value a = random_value(random_type(1, 40, true, random), random);
        const Value b = random_value(random_type(1, 40, true, random), random);
        const Value c = random_value(random_type(1, 40, true, random), random);
        CHECK(fma(a, b, c).as_rational() == a.as_rational() * b.as_rational() + c.as_rational());
    }
}

TEST_CASE("casts round and overflow as the modes are defined") {
    Random random(12);
    for (int i = 0; i < count(3000, 40000); ++i) {
        const Type to = random_type(1, i % 4 ? 6 : 80, true, random);
        const Round mode = to.is_fixed() ? to.round() : Round::trn_zero;
        const Type from =
            i % 5 == 0 ? (i % 2 ? Float(32) : Float(64)) : random_type(1, i % 3 ? 9 : 80, true, random);
        const TypedOp op = TypedOp::cast(to, from);
        for (const Row& row : from.width() <= 6 ? all_rows(op) : random_rows(op, 40, random)) {
            if (from.is_float() && (row[0].is_nan() || std::isinf(row[0].as_double()))) continue;
            const mpq_class units = row[0].as_rational() * power_of_two(to.frac());
            const mpz_class want = limited(rounded(units, mode), to, units);
            if (cast(to, row[0]).raw() == want) continue;
            FAIL_CHECK(op.str() << " of " << row[0].str() << " is " << cast(to, row[0]).raw() << ", not "
                                << want);
            break;
        }
    }
}

TEST_CASE("untyped reals are rounded as the endless binary fractions that they are") {
    Random random(13);
    for (int i = 0; i < 3000; ++i) {
        const Type to = random_type(1, 20, true, random);
        mpq_class q(static_cast<long>(random() % 4001) - 2000, static_cast<long>(random() % 97) + 1);
        q.canonicalize();
        const mpq_class units = q * power_of_two(to.frac());
        const Round mode = to.is_fixed() ? to.round() : Round::trn_zero;
        if (cast(to, Value::real(q)).raw() != limited(rounded(units, mode), to, units))
            FAIL_CHECK(to.str() << " of " << q.get_str());
    }
}
