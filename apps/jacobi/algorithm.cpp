#include "jacobi/algorithm.h"

using namespace lathe;

Jacobi jacobi(Type type, int64_t H, int64_t W, int64_t sweeps) {
    const InOut A("A", type, {H, W});
    const Var t("t"), i("i"), j("j"), v("v"), u("u");
    // In fixed point the factor has more bits than the elements.
    const Expr fifth = type.is_float() ? cast(type, 0.2f) : cast(UFixed(16, 18, Round::rnd), 0.2);
    const Kernel kernel("jacobi", {A}, [&](KernelBody& k) {
        const Array B = k.array("B", type, {H, W});
        k.for_(t, 0, sweeps, [&] {
            k.for_(i, 1, H - 1, [&] {
                k.for_(j, 1, W - 1, [&] {
                    B(i, j) = (A(i, j) + A(i, j - 1) + A(i, j + 1) + A(i - 1, j) + A(i + 1, j)) * fifth;
                });
            });
            k.for_(v, 1, H - 1, [&] { k.for_(u, 1, W - 1, [&] { A(v, u) = B(v, u); }); });
        });
    });
    return {A, t, i, j, v, u, kernel};
}

namespace {

JacobiValid five_points(int64_t H, int64_t W, Type constant, const auto& fifth) {
    JacobiValid j = {Input("in", Float(32), {H, W}), Func("out", Float(32), {H - 2, W - 2}), Var("y"),
                     Var("x"), constant};
    const Var &y = j.y, &x = j.x;
    const Expr sum =
        j.in(y + 1, x + 1) + j.in(y + 1, x) + j.in(y + 1, x + 2) + j.in(y, x + 1) + j.in(y + 2, x + 1);
    j.out(y, x) = fifth(sum);
    return j;
}

} // namespace

JacobiValid jacobi_valid(int64_t H, int64_t W) {
    return five_points(H, W, support::constant_type(5), [](const Expr& sum) -> Expr { return sum / 5.0f; });
}

JacobiValid jacobi_recip(int64_t H, int64_t W) {
    return five_points(H, W, support::constant_type(0.2), [](const Expr& sum) -> Expr { return sum * 0.2f; });
}
