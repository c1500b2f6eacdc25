#include "random_expressions.h"

using namespace lathe;
using namespace lathe::ir;

/// Half of the types are from a few, so that programs share what a C++ compiler must instantiate for them.
Type RandomExpressions::exact_type() {
    const bool common = pick(2);
    const int widths[] = {1, 5, 8, 12, 16, 24};
    const int width = common ? widths[pick(6)] : 1 + pick(pick(4) ? 24 : 80);
    const auto round = common ? Round::trn : static_cast<Round>(pick(7));
    const auto overflow = common ? Overflow::wrap : static_cast<Overflow>(pick(4));
    const int frac = common ? width / 2 : pick(width + 4) - 2;
    switch (pick(4)) {
    case 0:
        return Int(width);
    case 1:
        return UInt(width);
    case 2:
        return Fixed(width, frac, round, overflow);
    default:
        return UFixed(width, frac, round, overflow);
    }
}
Type RandomExpressions::float_type() {
    const Type types[] = {Float(32), Float(32), Float(64), Float(16), BFloat(16)};
    return types[pick(5)];
}
Type RandomExpressions::storage_type() {
    return pick(4) == 0 ? float_type() : pick(8) == 0 ? Bool() : exact_type();
}

/// x, of a type that leaves room for more operations.
Expr RandomExpressions::tamed(const Expr& x) {
    return x.type().is_exact() && x.type().width() > 90 ? cast(exact_type(), x) : x;
}

/// An integer of few bits: an amount of a shift, a divisor.
Expr RandomExpressions::small(const Expr& x) {
    return cast(pick(2) ? Int(4) : UInt(3), x);
}

Expr RandomExpressions::position(const Expr& x, const Expr& last) {
    if (pick(8)) return clamp(cast(Int(20), x), 0, last);
    // Through numbers that 64 bits do not hold.
    const Expr n = cast(pick(2) ? Int(20) : Int(62), x), wide = n * n * (int64_t{1} << 40) - 5;
    return clamp(pick(2) ? wide : floor_div(floor_div(wide, int64_t{1} << 50), int64_t{1} << 40), 0, last);
}

Expr RandomExpressions::value(const Expr& y, const Expr& x, int depth) {
    if (depth == 0 || pick(8) == 0) return leaf(y, x);
    const Expr a = tamed(value(y, x, depth - 1));
    if (pick(5) == 0) return unary(a);
    const Expr b = tamed(value(y, x, depth - 1));
    if (pick(5) == 0) {
        const Expr c = tamed(value(y, x, depth - 1));
        return select(compared(a, b), a, alike(c, a));
    }
    return combined(a, b);
}

Expr RandomExpressions::combined(const Expr& a, const Expr& other) {
    const Expr b = alike(other, a);
    return a.type().is_float() || b.type().is_float() ? of_floats(a, b) : of_exact(a, b);
}

Expr RandomExpressions::alike(const Expr& y, const Expr& x) {
    const auto is_float = [](const Expr& e) { return e.type().is_float() || e.type().is_real(); };
    if (is_float(y) == is_float(x)) return y;
    return cast(is_float(x) ? Float(32) : exact_type(), y);
}

Expr RandomExpressions::compared(const Expr& a, const Expr& other) {
    const Expr b = alike(other, a);
    switch (pick(4)) {
    case 0:
        return a < b;
    case 1:
        return a >= b;
    case 2:
        return a != b || a > b;
    default:
        return !(a == b);
    }
}

Expr RandomExpressions::unary(const Expr& a) {
    switch (pick(a.type().is_float() ? 6 : 4)) {
    case 0:
        return -a;
    case 1:
        return cast(exact_type(), a);
    case 2:
        return a.type().is_bool() ? !a : abs(a);
    case 3:
        return a.type().is_float() ? cast(float_type(), a) : ~a;
    case 4:
        return a.type().width() == 64 ? floor(a) : tanh(a);
    default:
        return sqrt(a);
    }
}

Expr RandomExpressions::of_floats(const Expr& a, const Expr& b) {
    switch (pick(6)) {
    case 0:
        return a + b;
    case 1:
        return a - b;
    case 2:
        return a * b;
    case 3:
        return a / b;
    case 4:
        return min(a, b);
    default:
        return fma(a, b, a);
    }
}

Expr RandomExpressions::of_exact(const Expr& a, const Expr& b) {
    const bool integers = a.type().is_int() && b.type().is_int();
    switch (pick(integers ? 12 : 8)) {
    case 0:
        return a + b;
    case 1:
        return a - b;
    case 2:
        return a * b;
    case 3:
        return min(a, b);
    case 4:
        return max(a, b);
    case 5:
        return (a + b) >> 1;
    case 6:
        return a << small(b);
    case 7:
        return a / small(b);
    case 8:
        return a % b;
    case 9:
        return a & b;
    case 10:
        return floor_div(a, b);
    default:
        return (a ^ b) | floor_mod(a, small(b));
    }
}

Expr RandomExpressions::zero(Type t) {
    return Constant::make(cast(t, Value::literal(0)));
}

Expr RandomExpressions::few(const Expr& number, const Expr& most) {
    return clamp(cast(Int(20), number), 0, most);
}

Expr RandomExpressions::reduced(const Expr& number, const std::function<Expr(const Expr&)>& at) {
    if (reductions > 1) return at(0);
    ++reductions;
    const bool constant = pick(2);
    Expr points = constant ? Expr(pick(5)) : few(number, 4);
    if (!constant && pick(4) == 0) {
        RDom q(0, 2, "q");
        points = clamp(sum(q, cast(Int(6), number) + q), 0, 4);
    }
    RDom r(0, points, "r");
    if (pick(3) == 0) r.where(pick(2) ? r != 1 : compared(at(r), at(0)));
    const Expr value = at(r);
    const Expr result = reduced(r, value.type().is_bool() ? cast(UInt(3), value) : value, constant);
    --reductions;
    return result;
}

Expr RandomExpressions::reduced(const RDom& r, const Expr& value, bool constant) {
    const Type wide = value.type().is_float() ? value.type() : Int(24);
    switch (pick(8)) {
    case 0:
        return constant ? sum(r, cast(Fixed(14, 3), value)) : sum(r, value, Fixed(18, 3));
    case 1:
        return sum(r, value, wide);
    case 2:
        return product(r, value, wide);
    case 3:
        return value.type().is_real() ? value : minimum(r, value);
    case 4:
        return value.type().is_real() ? value : maximum(r, value);
    case 5:
    case 6:
        return best(r, value);
    default:
        return pair(r, value);
    }
}

Expr RandomExpressions::best(const RDom& r, const Expr& value) {
    const Best found = pick(2) ? argmin(r, value) : argmax(r, value);
    switch (pick(3)) {
    case 0:
        return found.value;
    case 1:
        return found.at[0];
    default:
        return select(found.at[0] > 0, found.value, value.type().is_float() ? Expr(0.5) : Expr(3));
    }
}

/// A reducer of two values that depend on each other.
Expr RandomExpressions::pair(const RDom& r, const Expr& value) {
    const Reducer mixed("mixed", {{Fixed(16, 4), 1}, {Int(12), 3}},
                        [](const std::vector<Expr>& old, const std::vector<Expr>& at) {
                            return std::vector<Expr>{select(old[1] % 2 == 0, at[0], old[0] + 1),
                                                     old[1] + cast(Int(8), old[0])};
                        });
    const std::vector<Expr> both = mixed(r, {cast(Fixed(16, 4), value)});
    return pick(3) ? both[0] + both[1] : both[static_cast<size_t>(pick(2))];
}
