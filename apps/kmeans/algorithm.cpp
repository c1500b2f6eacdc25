#include "kmeans/algorithm.h"

using namespace lathe;

KMeans kmeans(Type type, int64_t N, int64_t D, int64_t K, int64_t rounds) {
    const Input points("points", type, {N, D});
    const InOut means("means", type, {K, D});
    const Output joined("joined", Int(16), {N});
    const Var round("round"), n("n"), m("m"), k("k"), d("d"), e("e");
    const Type difference = ir::result_type(ir::BinaryOp::sub, type, type, {});
    const Type square = ir::result_type(ir::BinaryOp::mul, difference, difference, {});
    const Type distance = ir::sum_type(square, D, {}), total = ir::sum_type(type, N, {});
    const Kernel kernel("kmeans", {points, means, joined}, [&](KernelBody& b) {
        const Array sums = b.array("sums", total, {K, D}), counts = b.array("counts", Int(32), {K}),
                    nearest = b.array("nearest", Int(16), {N});
        b.for_(round, 0, rounds, [&] {
            b.for_(k, 0, K, [&] {
                counts(k) = 0;
                b.for_(d, 0, D, [&] { sums(k, d) = 0; });
            });
            b.for_(n, 0, N, [&] {
                Scalar least = b.scalar("least", distance, 0), best = b.scalar("best", Int(16), 0);
                b.for_(k, 0, K, [&] {
                    Scalar far = b.scalar("far", distance, 0);
                    b.for_(e, 0, D, [&] {
                        const Expr apart = b.let(points(n, e) - means(k, e));
                        far = far + apart * apart;
                    });
                    b.if_(k == 0 || far < least, [&] {
                        least = far;
                        best = k;
                    });
                });
                nearest(n) = best;
            });
            // Apart from the search, whose points are independent.
            b.for_(m, 0, N, [&] {
                const Expr mean = b.let(clamp(nearest(m), 0, K - 1));
                joined(m) = nearest(m);
                counts(mean) = counts(mean) + 1;
                b.for_(d, 0, D, [&] { sums(mean, d) = sums(mean, d) + points(m, d); });
            });
            b.for_(k, 0, K, [&] {
                b.if_(counts(k) > 0, [&] { b.for_(d, 0, D, [&] { means(k, d) = sums(k, d) / counts(k); }); });
            });
        });
    });
    return {points, means, joined, round, n, k, d, e, kernel};
}
