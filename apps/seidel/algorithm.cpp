#include "seidel/algorithm.h"

#include <functional>

using namespace lathe;

namespace {

/// Means of three, along x and then along y; `third` gives a third of a sum.
Seidel two_means(const Shape& in, const Shape& out, Type constant,
                 const std::function<Expr(const Expr&)>& third) {
    Seidel s = {
        Input("in", Float(32), in), Func("rows"), Func("out", Float(32), out), Var("y"), Var("x"), constant};
    const Var &y = s.y, &x = s.x;
    s.rows(y, x) = third(s.in(y, x) + s.in(y, x + 1) + s.in(y, x + 2));
    s.out(y, x) = third(s.rows(y, x) + s.rows(y + 1, x) + s.rows(y + 2, x));
    return s;
}

Seidel divided(const Shape& in, const Shape& out) {
    return two_means(in, out, support::constant_type(3), [](const Expr& sum) -> Expr { return sum / 3.0f; });
}

Seidel multiplied(const Shape& in, const Shape& out) {
    return two_means(in, out, support::constant_type(1.0 / 3),
                     [](const Expr& sum) -> Expr { return sum * (1.0f / 3.0f); });
}

} // namespace

Seidel seidel() {
    Param H("H"), W("W");
    return divided({H + 2, W + 2}, {H, W});
}

Seidel seidel(int64_t height, int64_t width) {
    return divided({height, width}, {height - 2, width - 2});
}

Seidel seidel_recip() {
    Param H("H"), W("W");
    return multiplied({H + 2, W + 2}, {H, W});
}

Seidel seidel_recip(int64_t height, int64_t width) {
    return multiplied({height, width}, {height - 2, width - 2});
}

Seidel2d seidel_2d() {
    Param N("N"), T("T");
    const InOut A("A", Float(64), {N, N});
    const Var t("t"), i("i"), j("j");
    return {A, t, i, j, Kernel("seidel_2d", {A, T}, [&](KernelBody& k) {
                k.for_(t, 0, T, [&] {
                    k.for_(i, 1, N - 1, [&] {
                        k.for_(j, 1, N - 1, [&] {
                            A(i, j) =
                                (A(i - 1, j - 1) + A(i - 1, j) + A(i - 1, j + 1) + A(i, j - 1) + A(i, j) +
                                 A(i, j + 1) + A(i + 1, j - 1) + A(i + 1, j) + A(i + 1, j + 1)) /
                                9.0;
                        });
                    });
                });
            })};
}
