#include "algorithm.h"

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
std::vector<double> coefficients() {
    const double side = std::exp(-0.5), sum = 1 + 2 * side;
    return {side / sum, 1 / sum, side / sum};
}

/// Coefficients, the largest being `most`.
Type coefficient_type(Type element, double most) {
    return element.is_float() ? element : support::constant_type(most);
}

GaussianValid window(const Const& weights, int64_t H, int64_t W) {
    return {Input("in", Float(32), {H, W}), weights,  Func("out", Float(32), {H - 2, W - 2}),
            RDom(0, 3, 0, 3, "r"),          Var("y"), Var("x")};
}

} // namespace

GaussianValid gaussian3_valid(Type element, int64_t H, int64_t W) {
    const std::vector<double> k = coefficients();
    GaussianValid g = window(Const("k", coefficient_type(element, k[1]), {3}, k), H, W);
    const RDom& r = g.r;
    g.out(g.y, g.x) = sum(r, g.in(g.y + r.x, g.x + r.y) * g.weights(r.x) * g.weights(r.y));
    return g;
}

GaussianValid gaussian3_recip(Type element, int64_t H, int64_t W) {
    const std::vector<double> k = coefficients();
    std::vector<double> products;
    for (const double a : k)
        for (const double b : k)
            products.push_back(a * b);
    GaussianValid g = window(Const("kk", coefficient_type(element, k[1] * k[1]), {3, 3}, products), H, W);
    const RDom& r = g.r;
    g.out(g.y, g.x) = sum(r, g.in(g.y + r.x, g.x + r.y) * g.weights(r.x, r.y));
    return g;
}
