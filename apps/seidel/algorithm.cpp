#include "seidel/algorithm.h"

using namespace lathe;

Seidel seidel() {
    Param H("H"), W("W");
    Seidel s = {Input("in", Float(32), {H + 2, W + 2}), Func("rows"), Func("out", Float(32), {H, W}),
                Var("y"), Var("x")};
    const Var &y = s.y, &x = s.x;
    s.rows(y, x) = (s.in(y, x) + s.in(y, x + 1) + s.in(y, x + 2)) / 3.0f;
    s.out(y, x) = (s.rows(y, x) + s.rows(y + 1, x) + s.rows(y + 2, x)) / 3.0f;
    return s;
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
