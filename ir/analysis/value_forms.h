#pragma once
/// \file Arithmetic with bounds. Everything is rounded outwards.

#include "lathe/ir/value_bounds.h"

#include <cmath>
#include <limits>

namespace lathe::ir {

inline double up(double x) {
    return std::nextafter(x, std::numeric_limits<double>::infinity());
}
inline double down(double x) {
    return std::nextafter(x, -std::numeric_limits<double>::infinity());
}

ValueRange sum_of(const ValueRange& a, const ValueRange& b);
ValueRange scaled(const ValueRange& a, double factor);
ValueRange product_of(const ValueRange& a, const ValueRange& b);
ValueRange hull_of(const ValueRange& a, const ValueRange& b);
/// A factor's error in a product with numbers up to `most`: none times anything is none.
double times_error(double most, double error);
/// The multiples of 2^-frac in a range. \pre there is one, or the range is kept.
ValueRange on_grid(const ValueRange& r, int frac);
/// What of a range a value of the type can be.
ValueRange held_by(Type t, const ValueRange& r);
/// How far a number of the range, rounded as the exact type `to` does, lies outside of it; else at most 0.
double beyond(Type to, const ValueRange& r);

/// Σ coefficient · load + rest, where loads are numbered.
struct Form {
    std::map<size_t, double> loads;
    ValueRange rest;
    double error = 0; ///< beside that of the loads
    bool is_number() const { return loads.empty() && rest.low == rest.high && error == 0; }
};

Form added(const Form& a, const Form& b, double sign);
Form times(const Form& a, double factor);

/// What rounding a number of this range to `to` may change it by, where it fits.
double rounding_error(Type to, Type from, double most);

} // namespace lathe::ir
