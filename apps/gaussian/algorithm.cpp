#include "algorithm.h"

#include <array>
#include <functional>

using namespace lathe;

namespace {

/// Σ weights[n] · at(n − taps / 2).
template <class At> Expr weighted(int taps, const At& at) {
    static constexpr int three[] = {1, 2, 1}, five[] = {1, 4, 6, 4, 1};
    const int* weights = taps == 3 ? three : five;
    Expr sum = at(-(taps / 2)) * weights[0];
    for (int n = 1; n < taps; ++n)
        sum = sum + at(n - taps / 2) * weights[n];
    return sum;
}

} // namespace

Gaussian gaussian(int taps, Type pixel) {
    Param H("H"), W("W");
    Gaussian g = {Input("in", pixel, {H, W}), Func("padded"), Func("rows"),
                  Func("out", pixel, {H, W}), Var("y"),       Var("x")};
    const Var &y = g.y, &x = g.x;
    const int bits = 2 * (taps - 1); // the weights add up to 2^bits

    g.padded(y, x) = repeat_edge(g.in)(y, x);
    g.rows(y, x) = weighted(taps, [&](int d) -> Expr { return g.padded(y, x + d); });
    const Expr sum = weighted(taps, [&](int d) -> Expr { return g.rows(y + d, x); });
    if (pixel.is_fixed())
        g.out(y, x) = sum * std::ldexp(1.0, -bits);
    else
        g.out(y, x) = (sum + (1 << (bits - 1))) >> bits;
    return g;
}

std::vector<Variant> variants() {
    const Type fixed = UFixed(16, 8, Round::rnd, Overflow::sat);
    return {{"gaussian3_u8", 3, UInt(8)},
            {"gaussian5_u8", 5, UInt(8)},
            {"gaussian3_fixed16", 3, fixed},
            {"gaussian5_fixed16", 5, fixed}};
}

namespace {

/// exp(−n² / 2), divided by their sum.
std::array<double, 3> coefficients() {
    const double side = std::exp(-0.5), sum = 1 + 2 * side;
    return {side / sum, 1 / sum, side / sum};
}

/// A coefficient, the largest being `most`.
Expr coefficient(Type element, double value, double most) {
    if (element.is_float()) return cast(element, static_cast<float>(value));
    return cast(support::constant_type(most), value);
}

/// The sum of what `term` makes of the elements of the window at the origin.
GaussianValid window(int64_t H, int64_t W,
                     const std::function<Expr(const Expr& element, size_t ry, size_t rx)>& term) {
    GaussianValid g = {Input("in", Float(32), {H, W}), Func("out", Float(32), {H - 2, W - 2}), Var("y"),
                       Var("x")};
    const auto at = [&](size_t n) {
        return term(g.in(g.y + static_cast<int>(n / 3), g.x + static_cast<int>(n % 3)), n / 3, n % 3);
    };
    Expr sum = at(0);
    for (size_t n = 1; n < 9; ++n)
        sum = sum + at(n);
    g.out(g.y, g.x) = sum;
    return g;
}

} // namespace

GaussianValid gaussian3_valid(Type element, int64_t H, int64_t W) {
    const std::array<double, 3> k = coefficients();
    return window(H, W, [&](const Expr& in, size_t ry, size_t rx) -> Expr {
        return in * coefficient(element, k[rx], k[1]) * coefficient(element, k[ry], k[1]);
    });
}

GaussianValid gaussian3_recip(Type element, int64_t H, int64_t W) {
    const std::array<double, 3> k = coefficients();
    return window(H, W, [&](const Expr& in, size_t ry, size_t rx) -> Expr {
        return in * coefficient(element, k[rx] * k[ry], k[1] * k[1]);
    });
}
