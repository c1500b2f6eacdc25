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
