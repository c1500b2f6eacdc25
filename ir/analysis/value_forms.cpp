#include "value_forms.h"

#include <algorithm>

namespace lathe::ir {

ValueRange range_of(Type t) {
    if (t.is_float() || t.is_index() || t.is_real()) {
        const double most = t.is_float() && t.width() == 64 ? std::numeric_limits<double>::max()
                            : t.is_float() && t.width() == 16 && t.code() == TypeCode::ieee
                                ? 65504.0
                                : std::numeric_limits<float>::max();
        return {-most, most};
    }
    return {down(min_value(t).as_double()), up(max_value(t).as_double())};
}

ValueRange sum_of(const ValueRange& a, const ValueRange& b) {
    const double low = down(a.low + b.low), high = up(a.high + b.high),
                 none = std::numeric_limits<double>::infinity();
    return {std::isnan(low) ? -none : low, std::isnan(high) ? none : high};
}

double times_error(double most, double error) {
    return error == 0 || most == 0 ? 0 : most * error;
}

namespace {

/// Of ends of ranges, where nothing times infinity is nothing.
double end_product(double x, double y) {
    return x == 0 || y == 0 ? 0 : x * y;
}

} // namespace

ValueRange scaled(const ValueRange& a, double factor) {
    const double x = end_product(a.low, factor), y = end_product(a.high, factor);
    return {down(std::min(x, y)), up(std::max(x, y))};
}

ValueRange product_of(const ValueRange& a, const ValueRange& b) {
    const double all[] = {end_product(a.low, b.low), end_product(a.low, b.high), end_product(a.high, b.low),
                          end_product(a.high, b.high)};
    const auto [low, high] = std::minmax_element(std::begin(all), std::end(all));
    return {down(*low), up(*high)};
}

ValueRange on_grid(const ValueRange& r, int frac) {
    const auto on = [&](double x, double (*round)(double)) {
        const double scaled = std::ldexp(x, frac);
        return std::isfinite(scaled) ? std::ldexp(round(scaled), -frac) : x;
    };
    const ValueRange g = {on(r.low, std::ceil), on(r.high, std::floor)};
    return g.low <= g.high ? g : r;
}

ValueRange held_by(Type t, const ValueRange& r) {
    if (!t.is_exact() || t.is_bool()) return r;
    const ValueRange all = range_of(t);
    return on_grid({std::clamp(r.low, all.low, all.high), std::clamp(r.high, all.low, all.high)}, t.frac());
}

double beyond(Type to, const ValueRange& r) {
    const bool nearest = to.is_fixed() && to.round() != Round::trn && to.round() != Round::trn_zero,
               floors = to.is_fixed() && to.round() == Round::trn;
    const auto rounded = [&](double x, bool up_from_half) {
        const double s = std::ldexp(x, to.frac());
        const double n = nearest  ? up_from_half ? std::floor(s + 0.5) : std::ceil(s - 0.5)
                          : floors ? std::floor(s)
                                  : std::trunc(s);
        return std::ldexp(n, -to.frac());
    };
    const ValueRange all = range_of(to);
    return std::max(rounded(r.high, true) - all.high, all.low - rounded(r.low, false));
}

ValueRange hull_of(const ValueRange& a, const ValueRange& b) {
    return {std::min(a.low, b.low), std::max(a.high, b.high)};
}

Form times(const Form& a, double factor) {
    Form r{{}, scaled(a.rest, factor), up(times_error(a.error, std::abs(factor)))};
    for (const auto& [load, c] : a.loads)
        r.loads[load] = c * factor; // as near as a double is: the rest takes what is lost
    return r;
}

Form added(const Form& a, const Form& b, double sign) {
    Form r = a;
    const Form other = times(b, sign);
    for (const auto& [load, c] : other.loads)
        r.loads[load] += c;
    r.rest = sum_of(a.rest, other.rest);
    r.error = a.error == 0 && other.error <= std::numeric_limits<double>::denorm_min()
                  ? 0
                  : up(a.error + other.error);
    return r;
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
                                : to.code() == TypeCode::bfloat || to.width() == 32 ? 1e-44
                                                                                    : 6e-8;
        return up(most * std::ldexp(1, -digits)) + smallest;
    }
    if (from.is_exact() && from.frac() <= to.frac()) return 0; // only high bits are lost
    if (from.is_index()) return 0;
    const bool nearest = to.is_fixed() && to.round() != Round::trn && to.round() != Round::trn_zero;
    return std::ldexp(1, -(to.is_fixed() ? to.frac() : 0) - (nearest ? 1 : 0));
}

} // namespace lathe::ir
