#pragma once
/// \file Arithmetic with bounds. Everything is rounded outwards, and what is exact stays exact.

#include "lathe/ir/value_bounds.h"

#include <cmath>
#include <limits>

namespace lathe::ir {

constexpr double no_end = std::numeric_limits<double>::infinity();

inline double up(double x) {
    return std::nextafter(x, no_end);
}
inline double down(double x) {
    return std::nextafter(x, -no_end);
}
double add_up(double a, double b);
double add_down(double a, double b);
/// Nothing times infinity is nothing.
double mul_up(double a, double b);
double mul_down(double a, double b);

ValueRange sum_of(const ValueRange& a, const ValueRange& b);
ValueRange scaled(const ValueRange& a, double factor);
ValueRange product_of(const ValueRange& a, const ValueRange& b);
ValueRange square_of(const ValueRange& a);
ValueRange hull_of(const ValueRange& a, const ValueRange& b);
/// What both hold; `a` where they have nothing in common.
ValueRange common_of(const ValueRange& a, const ValueRange& b);
inline ValueRange negated(const ValueRange& a) {
    return {-a.high, -a.low};
}
inline bool has_point(const ValueRange& r, double x) {
    return r.low <= x && x <= r.high;
}
inline bool is_point(const ValueRange& r) {
    return r.low == r.high;
}
inline bool has_end(const ValueRange& r) {
    return std::isfinite(r.low) && std::isfinite(r.high);
}
constexpr ValueRange all_numbers = {-no_end, no_end};

/// The multiples of 2^-frac in a range. \pre there is one, or the range is kept.
ValueRange on_grid(const ValueRange& r, int frac);
/// What of a range a value of an exact type can be.
ValueRange held_by(Type t, const ValueRange& r);

/// Numbers that nothing rounds.
inline ValueBound exact_bound(const ValueRange& r) {
    return {r, 0, r, false};
}
ValueBound hull_of(const ValueBound& a, const ValueBound& b);
/// With what each of range, error and held says of the others.
ValueBound settled(ValueBound b);

/// Σ coefficient · load + rest, where loads are numbered.
struct Form {
    std::map<size_t, double> loads;
    ValueRange rest;
    double error = 0; ///< beside that of the loads
    ValueRange held;  ///< of the whole
    bool nan = false;
    bool is_number() const {
        return loads.empty() && is_point(rest) && error == 0 && !nan && std::isfinite(rest.low);
    }
};

/// A value after its conversion.
struct Conversion {
    ValueBound bound;
    double lost = 0;                ///< what it adds to the error
    std::optional<double> overflow; ///< the value farthest out of the type's range
};
Conversion convert(Type to, Type from, const ValueBound& v);

/// The nearest value of a float type; infinite where it overflows.
double nearest(Type to, double x);
ValueRange nearest(Type to, const ValueRange& r);

/// What rounding a number of this range to `to` may change it by, where it fits.
double rounding_error(Type to, Type from, double most);

} // namespace lathe::ir
