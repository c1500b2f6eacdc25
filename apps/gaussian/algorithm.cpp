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
