#include "kmeans/algorithm.h"

using namespace lathe;

KMeans kmeans(Type type, int64_t N, int64_t D, int64_t K, int64_t rounds) {
    const Input points("points", type, {N, D});
    const InOut means("means", type, {K, D});
    const Output joined("joined", Int(16), {N});
    const Var round("round"), n("n"), k("k"), d("d"), e("e");
    const Type difference = ir::result_type(ir::BinaryOp::sub, type, type, {});
    const Type square = ir::result_type(ir::BinaryOp::mul, difference, difference, {});
    const Type distance = ir::sum_type(square, D, {}), total = ir::sum_type(type, N, {});
    const Kernel kernel("kmeans", {points, means, joined}, [&](KernelBody& b) {
        const Array sums = b.array("sums", total, {K, D}), counts = b.array("counts", Int(32), {K});
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
                joined(n) = best;
                counts(clamp(best, 0, K - 1)) = counts(clamp(best, 0, K - 1)) + 1;
                b.for_(d, 0, D, [&] {
                    sums(clamp(best, 0, K - 1), d) = sums(clamp(best, 0, K - 1), d) + points(n, d);
                });
            });
            b.for_(k, 0, K, [&] {
                b.if_(counts(k) > 0, [&] { b.for_(d, 0, D, [&] { means(k, d) = sums(k, d) / counts(k); }); });
            });
        });
    });
    return {points, means, joined, round, n, k, d, e, kernel};
}
