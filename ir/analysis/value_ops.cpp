#include "value_ops.h"

#include <algorithm>

namespace lathe::ir {

std::optional<bool> decided(BinaryOp op, const ValueRange& a, const ValueRange& b) {
    switch (op) {
    case BinaryOp::lt:
        return a.high < b.low ? std::optional(true) : a.low >= b.high ? std::optional(false) : std::nullopt;
    case BinaryOp::le:
        return a.high <= b.low ? std::optional(true) : a.low > b.high ? std::optional(false) : std::nullopt;
    case BinaryOp::gt:
        return decided(BinaryOp::lt, b, a);
    case BinaryOp::ge:
        return decided(BinaryOp::le, b, a);
    case BinaryOp::eq:
        if (is_point(a) && a == b) return true;
        return a.high < b.low || b.high < a.low ? std::optional(false) : std::nullopt;
    case BinaryOp::ne:
        if (const auto equal = decided(BinaryOp::eq, a, b)) return !*equal;
        return std::nullopt;
    case BinaryOp::logical_and:
        if ((is_point(a) && a.low == 0) || (is_point(b) && b.low == 0)) return false;
        return a.low >= 1 && b.low >= 1 ? std::optional(true) : std::nullopt;
    case BinaryOp::logical_or:
        if (a.low >= 1 || b.low >= 1) return true;
        return a.high <= 0 && b.high <= 0 ? std::optional(false) : std::nullopt;
    default:
        return std::nullopt;
    }
}

ValueBound compared(BinaryOp op, const ValueBound& a, const ValueBound& b) {
    const bool exact = a.error == 0 && b.error == 0, numbers = !a.nan && !b.nan;
    const auto held = numbers ? decided(op, a.held, b.held) : std::nullopt;
    const auto meant = exact ? held : decided(op, a.range, b.range);
    if (held && held == meant) return exact_bound({*held ? 1.0 : 0.0, *held ? 1.0 : 0.0});
    return {{0, 1}, exact && numbers ? 0.0 : 1.0, {0, 1}, false};
}

ValueRange where_holds(BinaryOp op, const ValueRange& a, const ValueRange& b) {
    switch (op) {
    case BinaryOp::lt:
    case BinaryOp::le:
        return common_of(a, {-no_end, b.high});
    case BinaryOp::gt:
    case BinaryOp::ge:
        return common_of(a, {b.low, no_end});
    case BinaryOp::eq:
        return common_of(a, b);
    default:
        return a;
    }
}

namespace {

double div_up(double a, double b) {
    const double q = a / b;
    if (a == 0) return 0;
    if (std::isnan(q)) return no_end;
    constexpr double rest_fits = 1e-290;
    if (std::isinf(q) || std::abs(q) < rest_fits || std::abs(a) < rest_fits || std::isinf(b)) return up(q);
    const double rest = std::fma(-q, b, a);
    return rest != 0 && (rest > 0) == (b > 0) ? up(q) : q;
}

double div_down(double a, double b) {
    return -div_up(-a, b);
}

/// \pre 0 is not in b.
ValueRange quotient_of(const ValueRange& a, const ValueRange& b) {
    const double x[] = {a.low, a.high}, y[] = {b.low, b.high};
    ValueRange r = {no_end, -no_end};
    for (const double p : x)
        for (const double q : y)
            r = {std::min(r.low, div_down(p, q)), std::max(r.high, div_up(p, q))};
    return r;
}

double nearest_to_zero(const ValueRange& a) {
    return has_point(a, 0) ? 0 : std::min(std::abs(a.low), std::abs(a.high));
}

} // namespace

ValueBound multiplied(const ValueBound& a, const ValueBound& b, bool same) {
    ValueBound r{same ? square_of(a.range) : product_of(a.range, b.range), 0,
                 same ? square_of(a.held) : product_of(a.held, b.held), a.nan || b.nan};
    if (a.error > 0 || b.error > 0)
        r.error = add_up(add_up(mul_up(a.range.most(), b.error), mul_up(b.range.most(), a.error)),
                         mul_up(a.error, b.error));
    const auto none = [](const ValueBound& x, const ValueBound& y) {
        return !has_end(x.held) && has_point(y.held, 0);
    };
    if (none(a, b) || none(b, a)) r.nan = true;
    return settled(r);
}

ValueBound divided(const ValueBound& a, const ValueBound& b, Type type) {
    ValueBound r{all_numbers, no_end, quotient_of(a.held, b.held), a.nan || b.nan};
    if (!has_end(a.held) && !has_end(b.held)) r.nan = true;
    if (a.error < no_end && b.error < no_end) {
        r.range = quotient_of(a.range, b.range);
        const double wrong = add_up(a.error, mul_up(r.range.most(), b.error));
        r.error = wrong == 0 ? 0 : div_up(wrong, nearest_to_zero(b.held));
    }
    if (type.is_exact()) {
        const int frac = type.is_fixed() ? type.frac() : 0;
        const auto truncated = [&](double x) {
            const double s = std::ldexp(x, frac);
            return std::isfinite(s) ? std::ldexp(std::trunc(s), -frac) : x;
        };
        r.held = {truncated(r.held.low), truncated(r.held.high)};
        r.error = add_up(r.error, std::ldexp(1, -frac));
    }
    return settled(r);
}

ValueBound least_or_greatest(BinaryOp op, const ValueBound& a, const ValueBound& b) {
    const auto pick = [&](double p, double q) {
        return op == BinaryOp::min ? std::min(p, q) : std::max(p, q);
    };
    const auto of = [&](const ValueRange& x, const ValueRange& y) {
        return ValueRange{pick(x.low, y.low), pick(x.high, y.high)};
    };
    // Beside a NaN the other one may win, whatever it is.
    const bool nan = a.nan || b.nan;
    return settled({of(a.range, b.range), std::max(a.error, b.error),
                    nan ? hull_of(a.held, b.held) : of(a.held, b.held), nan});
}

ValueBound absolute(const ValueBound& a) {
    const auto of = [](const ValueRange& r) { return ValueRange{nearest_to_zero(r), r.most()}; };
    return settled({of(a.range), a.error, of(a.held), a.nan});
}

ValueBound root(const ValueBound& a) {
    const auto of = [](const ValueRange& r) {
        const auto exact = [](double x, double s) { return s * s == x && std::fma(s, s, -x) == 0; };
        const double low = std::sqrt(r.low), high = std::sqrt(r.high);
        return ValueRange{exact(r.low, low) ? low : std::max(down(low), 0.0),
                          exact(r.high, high) ? high : up(high)};
    };
    if (a.error == no_end) return {all_numbers, no_end, of(a.held), a.nan};
    ValueBound r{of(a.range), 0, of(a.held), a.nan};
    if (a.error > 0) {
        r.error = up(std::sqrt(a.error));
        if (const double both = add_down(r.range.low, r.held.low); both > 0)
            r.error = std::min(r.error, div_up(a.error, both));
    }
    return settled(r);
}

ValueBound whole(UnaryOp op, const ValueBound& a) {
    const auto of = [&](const ValueRange& r) {
        return op == UnaryOp::floor  ? ValueRange{std::floor(r.low), std::floor(r.high)}
               : op == UnaryOp::ceil ? ValueRange{std::ceil(r.low), std::ceil(r.high)}
                                     : ValueRange{std::floor(r.low), std::ceil(r.high)};
    };
    const double error = a.error > 0 ? add_up(a.error, 1) : 0;
    return settled({of(a.range), error, of(a.held), a.nan});
}

namespace {

/// With what the function's computation may lose: two units in the last place, which are four roundings.
ValueBound computed(ValueBound b, Type type) {
    const auto lost = [&](double x) { return 4 * rounding_error(type, RealType(), std::abs(x)); };
    b.error = add_up(b.error, lost(b.held.most()));
    b.held = {add_down(b.held.low, -lost(b.held.low)), add_up(b.held.high, lost(b.held.high))};
    return settled(b);
}

/// The library's own functions are that near.
ValueRange about(double low, double high) {
    constexpr double near = 1e-15;
    return {down(low - std::abs(low) * near), up(high + std::abs(high) * near)};
}

template <class F>
ValueBound monotone(const ValueBound& a, Type type, F f, double slope, double most = no_end) {
    ValueBound r{about(f(a.range.low), f(a.range.high)), 0, about(f(a.held.low), f(a.held.high)), a.nan};
    if (a.error > 0) r.error = std::min(mul_up(slope, a.error), most);
    return computed(r, type);
}

ValueBound power(const ValueBound& x, const ValueBound& y, Type type) {
    const auto of = [](const ValueRange& a, const ValueRange& b) {
        const auto [low, high] = std::minmax({std::pow(a.low, b.low), std::pow(a.low, b.high),
                                              std::pow(a.high, b.low), std::pow(a.high, b.high)});
        return about(low, high);
    };
    ValueBound r{of(x.range, y.range), 0, of(x.held, y.held), x.nan || y.nan};
    if (x.error > 0 || y.error > 0) {
        const ValueRange base = hull_of(x.range, x.held), exponent = hull_of(y.range, y.held);
        const double log = std::max(std::abs(std::log(base.low)), std::abs(std::log(base.high)));
        const double by_base = up(of(base, {exponent.low - 1, exponent.high - 1}).most() * exponent.most()),
                     by_exponent = up(of(base, exponent).most() * log * (1 + 1e-14));
        r.error = add_up(mul_up(by_base * (1 + 1e-14), x.error), mul_up(by_exponent, y.error));
    }
    if (std::isnan(r.error)) r.error = no_end;
    return computed(r, type);
}

} // namespace

std::optional<ValueBound> function(const std::string& name, Type type, const std::vector<ValueBound>& a) {
    const ValueBound& x = a.front();
    if (name == "tanh") {
        ValueBound r = monotone(x, type, [](double v) { return std::tanh(v); }, 1, 2);
        r.range = common_of({-1, 1}, r.range);
        return r;
    }
    if (name == "exp") {
        const double slope = std::exp(add_up(std::max(x.held.high, x.range.high), 0)) * (1 + 1e-14);
        ValueBound r = monotone(x, type, [](double v) { return std::exp(v); }, slope);
        r.held.low = std::max(r.held.low, 0.0);
        return r;
    }
    if (name == "sin" || name == "cos") {
        ValueBound r{{-1, 1}, std::min(x.error, 2.0), {-1, 1}, x.nan || !has_end(x.held)};
        return computed(r, type);
    }
    const bool positive = x.held.low > 0 && x.range.low > 0 && !x.nan;
    if (name == "log" && positive)
        return monotone(
            x, type, [](double v) { return std::log(v); }, div_up(1, std::min(x.held.low, x.range.low)));
    if (name == "pow" && positive && a[1].error < no_end && has_end(x.held) && has_end(a[1].held))
        return power(x, a[1], type);
    return std::nullopt;
}

ValueRange bits_held(BinaryOp op, Type type, const ValueRange& a, const ValueRange& b) {
    const ValueRange all = range_of(type);
    const int frac = type.is_fixed() ? type.frac() : 0;
    const bool positive = a.low >= 0 && b.low >= 0;
    constexpr double most_shift = 8192;
    switch (op) {
    case BinaryOp::shr:
    case BinaryOp::shl: {
        if (!is_point(b) || std::abs(b.low) > most_shift) return all;
        const int by = static_cast<int>(op == BinaryOp::shl ? b.low : -b.low);
        const auto shifted = [&](double x) {
            const double s = std::ldexp(x, by + frac);
            return std::isfinite(s) && (s != 0 || x == 0) ? std::ldexp(std::floor(s), -frac) : no_end;
        };
        const ValueRange r = {shifted(a.low), shifted(a.high)};
        constexpr int exact_bits = 53; // of wider types the greatest number is no double, and `all` is wider
        const double most = type.width() > exact_bits ? down(all.high) : all.high;
        const bool fits = has_end(r) && r.low >= all.low && r.high <= most;
        return fits ? r : all;
    }
    case BinaryOp::bit_and:
        if (a.low >= 0) return common_of(all, {0, b.low >= 0 ? std::min(a.high, b.high) : a.high});
        return b.low >= 0 ? common_of(all, {0, b.high}) : all;
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor: {
        const double most = std::max(a.high, b.high);
        if (!positive || !std::isfinite(most)) return all;
        int bits = -frac; // the first power of two that is beyond both
        while (std::ldexp(1, bits) <= most)
            ++bits;
        return common_of(all, {0, std::ldexp(1, bits)});
    }
    case BinaryOp::mod: {
        const double most = std::min(a.most(), b.most());
        return common_of(all, {a.low >= 0 ? 0 : -most, a.high <= 0 ? 0 : most});
    }
    default:
        return all;
    }
}

ValueRange inverted_bits(Type type, const ValueRange& a) {
    if (type.is_bool()) return {1 - a.high, 1 - a.low};
    const double last = std::ldexp(1, type.is_fixed() ? -type.frac() : 0);
    const ValueRange all = range_of(type);
    if (type.is_signed()) return common_of(all, {add_down(-a.high, -last), add_up(-a.low, -last)});
    return common_of(all, {add_down(all.high, -a.high), add_up(all.high, -a.low)});
}

} // namespace lathe::ir
