#include "value_forms.h"

#include <algorithm>

namespace lathe::ir {

namespace {

constexpr double greatest = std::numeric_limits<double>::max();

/// A result that left the range of doubles: which side of it is certain.
double beyond_doubles(double x, bool upwards, bool finite_operands) {
    if (std::isnan(x)) return upwards ? no_end : -no_end;
    if (!finite_operands) return x;
    if (upwards) return x > 0 ? x : -greatest;
    return x < 0 ? x : greatest;
}

/// How far a + b is from its double.
double lost_in_sum(double a, double b, double sum) {
    const double rest = sum - a;
    return (a - (sum - rest)) + (b - rest);
}

} // namespace

double add_up(double a, double b) {
    const double s = a + b;
    if (!std::isfinite(s)) return beyond_doubles(s, true, std::isfinite(a) && std::isfinite(b));
    return lost_in_sum(a, b, s) > 0 ? up(s) : s;
}

double add_down(double a, double b) {
    return -add_up(-a, -b);
}

double mul_up(double a, double b) {
    if (a == 0 || b == 0) return 0;
    const double p = a * b;
    if (!std::isfinite(p)) return beyond_doubles(p, true, std::isfinite(a) && std::isfinite(b));
    constexpr double rest_fits = 1e-290; // below it a product's rest may be no double
    if (std::abs(p) < rest_fits) return up(p);
    return std::fma(a, b, -p) > 0 ? up(p) : p;
}

double mul_down(double a, double b) {
    return -mul_up(-a, b);
}

ValueRange range_of(Type t) {
    if (t.is_float() || t.is_index() || t.is_real()) {
        const double most = t.is_float() && t.width() == 64                                 ? greatest
                            : t.is_float() && t.width() == 16 && t.code() == TypeCode::ieee ? 65504.0
                            : t.is_float() && t.code() == TypeCode::bfloat
                                ? std::ldexp(255.0, 120)
                                : std::numeric_limits<float>::max();
        return {-most, most};
    }
    const auto outside = [](const Value& v, double (*out)(double)) {
        const double x = v.as_double();
        return std::isfinite(x) && mpq_class(x) == v.as_rational() ? x : out(x);
    };
    return {outside(min_value(t), down), outside(max_value(t), up)};
}

ValueRange sum_of(const ValueRange& a, const ValueRange& b) {
    return {add_down(a.low, b.low), add_up(a.high, b.high)};
}

ValueRange scaled(const ValueRange& a, double factor) {
    return factor >= 0 ? ValueRange{mul_down(a.low, factor), mul_up(a.high, factor)}
                       : ValueRange{mul_down(a.high, factor), mul_up(a.low, factor)};
}

ValueRange product_of(const ValueRange& a, const ValueRange& b) {
    const double x[] = {a.low, a.high}, y[] = {b.low, b.high};
    ValueRange r = {no_end, -no_end};
    for (const double p : x)
        for (const double q : y)
            r = {std::min(r.low, mul_down(p, q)), std::max(r.high, mul_up(p, q))};
    return r;
}

ValueRange square_of(const ValueRange& a) {
    const double most = a.most(), least = has_point(a, 0) ? 0 : std::min(std::abs(a.low), std::abs(a.high));
    return {mul_down(least, least), mul_up(most, most)};
}

ValueRange on_grid(const ValueRange& r, int frac) {
    const auto on = [&](double x, double (*round)(double)) {
        const double scaled = std::ldexp(x, frac);
        return std::isfinite(scaled) && scaled != 0 ? std::ldexp(round(scaled), -frac) : x;
    };
    const ValueRange g = {on(r.low, std::ceil), on(r.high, std::floor)};
    return g.low <= g.high ? g : r;
}

ValueRange held_by(Type t, const ValueRange& r) {
    return on_grid(common_of(range_of(t), r), t.is_fixed() ? t.frac() : 0);
}

ValueRange hull_of(const ValueRange& a, const ValueRange& b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

ValueRange common_of(const ValueRange& a, const ValueRange& b) {
    const ValueRange c = {std::max(a.low, b.low), std::min(a.high, b.high)};
    return c.low <= c.high ? c : a;
}

ValueBound hull_of(const ValueBound& a, const ValueBound& b) {
    return {hull_of(a.range, b.range), std::max(a.error, b.error), hull_of(a.held, b.held), a.nan || b.nan};
}

ValueBound settled(ValueBound b) {
    if (b.nan) b.error = no_end;
    if (b.error == no_end)
        b.range = all_numbers;
    else
        b.held = common_of(b.held, {add_down(b.range.low, -b.error), add_up(b.range.high, b.error)});
    return b;
}

double nearest(Type to, double x) {
    if (to.width() == 64 || std::isinf(x)) return x;
    if (to.width() == 32) return static_cast<double>(static_cast<float>(x));
    return Value::from_double(to, x).as_double();
}

ValueRange nearest(Type to, const ValueRange& r) {
    return {nearest(to, r.low), nearest(to, r.high)};
}

double rounding_error(Type to, Type from, double most) {
    if (from == to || (from.is_exact() && !to.is_bool() && holds(to, from))) return 0;
    if (from.is_float() && to.is_float() && holds(to, from)) return 0;
    if (to.is_float()) {
        const int digits = to.code() == TypeCode::bfloat ? 8
                           : to.width() == 16            ? 11
                           : to.width() == 32            ? 24
                                                         : 53;
        const double smallest = to.width() == 64                                    ? 1e-320
                                : to.code() == TypeCode::bfloat || to.width() == 32 ? 1e-40
                                                                                    : 6e-8;
        return most == 0 ? 0 : add_up(mul_up(most, std::ldexp(1, -digits)), smallest);
    }
    if (from.is_exact() && from.frac() <= to.frac()) return 0; // only high bits are lost
    if (from.is_index()) return 0;
    const bool nearest = to.is_fixed() && to.round() != Round::trn && to.round() != Round::trn_zero;
    return std::ldexp(1, -(to.is_fixed() ? to.frac() : 0) - (nearest ? 1 : 0));
}

namespace {

/// x ≠ 0.
Conversion truth(const ValueBound& v) {
    const auto of = [](const ValueRange& r, bool nan) {
        return ValueRange{has_point(r, 0) ? 0.0 : 1.0, r.low == 0 && r.high == 0 && !nan ? 0.0 : 1.0};
    };
    ValueBound b{of(v.range, false), 0, of(v.held, v.nan), false};
    const bool same = (v.error == 0 && !v.nan) || (b.range == b.held && is_point(b.held));
    b.error = same ? 0 : 1;
    if (v.error == 0) b.held = b.range = common_of(b.held, b.range);
    return {b, b.error, std::nullopt};
}

Conversion to_float(Type to, Type from, const ValueBound& v) {
    Conversion c{v, rounding_error(to, from, v.held.most()), std::nullopt};
    c.bound.held = nearest(to, v.held);
    if (is_point(v.held) && is_point(c.bound.held) && v.held == c.bound.held) c.lost = 0;
    const auto lost = [&](double before, double after) { return std::isfinite(before) && std::isinf(after); };
    if (lost(v.held.high, c.bound.held.high)) c.overflow = v.held.high;
    if (lost(v.held.low, c.bound.held.low) && !(c.overflow && v.held.high >= -v.held.low))
        c.overflow = v.held.low;
    if (c.overflow) c.lost = no_end;
    return c;
}

/// An end of a range as the exact type rounds it.
double rounded_end(Type to, double x, bool high) {
    const int frac = to.is_fixed() ? to.frac() : 0;
    const double s = std::ldexp(x, frac);
    constexpr double whole = 0x1p52; // from there on every double is whole
    if (!std::isfinite(s) || std::abs(s) >= whole || x == 0) return x;
    if (s == 0) return high == (x > 0) ? std::ldexp(x > 0 ? 1 : -1, -frac) : 0; // too small for a double
    const Round r = to.is_fixed() ? to.round() : Round::trn_zero;
    const double n = r == Round::trn        ? std::floor(s)
                     : r == Round::trn_zero ? std::trunc(s)
                     : high                 ? std::floor(s + 0.5)
                                            : std::ceil(s - 0.5);
    return std::ldexp(n, -frac);
}

/// The greatest and the least number that fit, as doubles inside of them.
ValueRange inner_limits(Type t) {
    const auto inside = [](const Value& v) {
        const double x = v.as_double();
        if (std::isinf(x)) return x > 0 ? greatest : -greatest;
        const mpq_class exact = v.as_rational();
        return x > 0 && mpq_class(x) > exact ? down(x) : x < 0 && mpq_class(x) < exact ? up(x) : x;
    };
    ValueRange r = {inside(min_value(t)), inside(max_value(t))};
    if (t.overflow() == Overflow::sat_sym) r.low = t.is_signed() ? -r.high : r.low;
    return r;
}

bool saturates(Type t) {
    return t.is_fixed() && (t.overflow() == Overflow::sat || t.overflow() == Overflow::sat_sym);
}

Conversion to_exact(Type to, Type from, const ValueBound& v) {
    Conversion c{v, rounding_error(to, from.is_real() ? Float(64) : from, v.held.most()), std::nullopt};
    const ValueRange limits = inner_limits(to);
    if (is_point(v.held) && std::isfinite(v.held.low) && !v.nan) {
        const Value exact = Value::real(mpq_class(v.held.low)), held = cast(to, exact);
        const double x = held.as_double();
        if (mpq_class(x) == held.as_rational()) {
            c.bound.held = {x, x};
            if (x == v.held.low) {
                c.lost = 0;
                return c;
            }
        }
    }
    const ValueRange r = {rounded_end(to, v.held.low, false), rounded_end(to, v.held.high, true)};
    const double above = add_up(r.high, -limits.high), below = add_up(limits.low, -r.low);
    const bool number = is_point(c.bound.held) && is_point(v.held);
    if (above <= 0 && below <= 0) {
        if (!number) c.bound.held = v.nan ? hull_of(r, ValueRange{0, 0}) : r;
    } else {
        c.overflow = above >= below ? v.held.high : v.held.low;
        const double over = std::max(above, below);
        c.lost = saturates(to) && std::isfinite(over) && !v.nan ? add_up(c.lost, over) : no_end;
        if (!number)
            c.bound.held = saturates(to) && !v.nan ? ValueRange{std::clamp(r.low, limits.low, limits.high),
                                                                std::clamp(r.high, limits.low, limits.high)}
                                                   : range_of(to);
    }
    if (v.nan) c.lost = no_end;
    c.bound.nan = false;
    return c;
}

} // namespace

Conversion convert(Type to, Type from, const ValueBound& v) {
    const bool sized = !from.is_index() && !from.is_real();
    if (to == from || (sized && holds(to, from))) return {v, 0, std::nullopt};
    if (to.is_bool()) return truth(v);
    Conversion c = to.is_float() ? to_float(to, from, v) : to_exact(to, from, v);
    c.bound.error = v.error == no_end || c.lost == no_end ? no_end : add_up(v.error, c.lost);
    c.bound = settled(c.bound);
    return c;
}

} // namespace lathe::ir
