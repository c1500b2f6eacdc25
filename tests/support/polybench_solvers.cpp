/// \file Decompositions, linear systems, and statistics that need a root.

#include "polybench.h"

#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"

#include <cmath>

using namespace lathe;

namespace polybench {

namespace {

Benchmark cholesky() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        InOut A("A", Float(64), {N, N});
        Var i("i"), j("j"), k("k"), q("q");
        return build(Kernel("cholesky", {A}, [&](KernelBody& b) {
            b.for_(i, 0, N, [&] {
                b.for_(j, 0, i, [&] {
                    b.for_(k, 0, j, [&] { A(i, j) -= A(i, k) * A(j, k); });
                    A(i, j) /= A(j, j);
                });
                b.for_(q, 0, i, [&] { A(i, i) -= A(i, q) * A(i, q); });
                A(i, i) = sqrt(A(i, i));
            });
        }));
    };
    const auto plain = [](Run& r) { // by columns
        const auto A = r("A");
        const int64_t N = r.size("N");
        for (int64_t j = 0; j < N; ++j) {
            for (int64_t k = 0; k < j; ++k)
                for (int64_t i = j; i < N; ++i)
                    A(i, j) -= A(i, k) * A(j, k);
            A(j, j) = std::sqrt(A(j, j));
            for (int64_t i = j + 1; i < N; ++i)
                A(i, j) /= A(j, j);
        }
    };
    return {"cholesky", {{{"N", 5}}, {{"N", 1}}}, Data::definite, make, plain};
}

Benchmark durbin() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input r("r", Float(64), {N});
        Output y("y", Float(64), {N});
        Var k("k"), i("i"), p("p"), q("q");
        return build(Kernel("durbin", {r, y}, [&](KernelBody& b) {
            const Array z = b.array("z", Float(64), {N});
            Scalar beta = b.scalar("beta", Float(64), 1.0), alpha = b.scalar("alpha", Float(64), -r(0));
            y(0) = -r(0);
            b.for_(k, 1, N, [&] {
                Scalar sum = b.scalar("sum", Float(64), 0.0);
                beta = (1 - alpha * alpha) * beta;
                b.for_(i, 0, k, [&] { sum += r(k - i - 1) * y(i); });
                alpha = -(r(k) + sum) / beta;
                b.for_(p, 0, k, [&] { z(p) = y(p) + alpha * y(k - p - 1); });
                b.for_(q, 0, k, [&] { y(q) = z(q); });
                y(k) = alpha;
            });
        }));
    };
    const auto plain = [](Run& run) { // the Toeplitz system T·y = −r by elimination
        const auto r = run("r"), y = run("y");
        const auto N = static_cast<size_t>(run.size("N"));
        std::vector<std::vector<double>> t(N, std::vector<double>(N + 1));
        for (size_t i = 0; i < N; ++i) {
            for (size_t j = 0; j < N; ++j)
                t[i][j] = i == j ? 1 : r(i < j ? j - i - 1 : i - j - 1);
            t[i][N] = -r(i);
        }
        for (size_t k = 0; k < N; ++k)
            for (size_t i = 0; i < N; ++i) {
                if (i == k) continue;
                const double factor = t[i][k] / t[k][k];
                for (size_t j = k; j <= N; ++j)
                    t[i][j] -= factor * t[k][j];
            }
        for (size_t i = 0; i < N; ++i)
            y(i) = t[i][N] / t[i][i];
    };
    return {"durbin", {{{"N", 5}}, {{"N", 1}}}, Data::small, make, plain};
}

Benchmark gramschmidt() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        InOut A("A", Float(64), {M, N});
        Output R("R", Float(64), {N, N}), Q("Q", Float(64), {M, N});
        Var k("k"), i("i"), p("p"), j("j"), q("q"), u("u");
        return build(Kernel("gramschmidt", {A, R, Q}, [&](KernelBody& b) {
            b.for_(k, 0, N, [&] {
                Scalar norm = b.scalar("norm", Float(64), 0.0);
                b.for_(i, 0, M, [&] { norm += A(i, k) * A(i, k); });
                R(k, k) = sqrt(norm);
                b.for_(p, 0, M, [&] { Q(p, k) = A(p, k) / R(k, k); });
                b.for_(j, k + 1, N, [&] {
                    R(k, j) = 0.0;
                    b.for_(q, 0, M, [&] { R(k, j) += Q(q, k) * A(q, j); });
                    b.for_(u, 0, M, [&] { A(u, j) -= Q(u, k) * R(k, j); });
                });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), R = r("R"), Q = r("Q");
        const int64_t M = r.size("M"), N = r.size("N");
        for (int64_t k = 0; k < N; ++k) {
            double norm = 0;
            for (int64_t i = 0; i < M; ++i)
                norm += A(i, k) * A(i, k);
            R(k, k) = std::sqrt(norm);
            for (int64_t i = 0; i < M; ++i)
                Q(i, k) = A(i, k) / R(k, k);
            for (int64_t j = k + 1; j < N; ++j) {
                for (int64_t i = 0; i < M; ++i)
                    R(k, j) += Q(i, k) * A(i, j);
                for (int64_t i = 0; i < M; ++i)
                    A(i, j) -= Q(i, k) * R(k, j);
            }
        }
    };
    return {"gramschmidt", {{{"M", 4}, {"N", 3}}, {{"M", 1}, {"N", 1}}}, Data::any, make, plain};
}

/// A = L·U in place, the unit diagonal of L left out, row by row.
void decompose(KernelBody& b, const InOut& A, const Expr& N) {
    Var i("i"), j("j"), k("k"), u("u"), q("q");
    b.for_(i, 0, N, [&] {
        b.for_(j, 0, i, [&] {
            b.for_(k, 0, j, [&] { A(i, j) -= A(i, k) * A(k, j); });
            A(i, j) /= A(j, j);
        });
        b.for_(u, i, N, [&] { b.for_(q, 0, i, [&] { A(i, u) -= A(i, q) * A(q, u); }); });
    });
}

/// The same by elimination.
void eliminate(const Plain& A, int64_t N) {
    for (int64_t k = 0; k < N; ++k)
        for (int64_t i = k + 1; i < N; ++i) {
            A(i, k) /= A(k, k);
            for (int64_t j = k + 1; j < N; ++j)
                A(i, j) -= A(i, k) * A(k, j);
        }
}

Benchmark lu() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        InOut A("A", Float(64), {N, N});
        return build(Kernel("lu", {A}, [&](KernelBody& b) { decompose(b, A, N); }));
    };
    const auto plain = [](Run& r) { eliminate(r("A"), r.size("N")); };
    return {"lu", {{{"N", 5}}, {{"N", 1}}}, Data::definite, make, plain};
}

Benchmark ludcmp() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input c("c", Float(64), {N});
        InOut A("A", Float(64), {N, N});
        Output x("x", Float(64), {N}), y("y", Float(64), {N});
        Var i("i"), j("j"), k("k"), u("u"), q("q"), fi("fi"), fj("fj"), bi("bi"), bj("bj");
        return build(Kernel("ludcmp", {c, A, x, y}, [&](KernelBody& b) {
            Scalar w = b.scalar("w", Float(64));
            b.for_(i, 0, N, [&] {
                b.for_(j, 0, i, [&] {
                    w = A(i, j);
                    b.for_(k, 0, j, [&] { w -= A(i, k) * A(k, j); });
                    A(i, j) = w / A(j, j);
                });
                b.for_(u, i, N, [&] {
                    w = A(i, u);
                    b.for_(q, 0, i, [&] { w -= A(i, q) * A(q, u); });
                    A(i, u) = w;
                });
            });
            b.for_(fi, 0, N, [&] {
                w = c(fi);
                b.for_(fj, 0, fi, [&] { w -= A(fi, fj) * y(fj); });
                y(fi) = w;
            });
            b.for_(bi, N - 1, -1, -1, [&] {
                w = y(bi);
                b.for_(bj, bi + 1, N, [&] { w -= A(bi, bj) * x(bj); });
                x(bi) = w / A(bi, bi);
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto c = r("c"), A = r("A"), x = r("x"), y = r("y");
        const int64_t N = r.size("N");
        eliminate(A, N);
        for (int64_t i = 0; i < N; ++i) {
            y(i) = c(i);
            for (int64_t j = 0; j < i; ++j)
                y(i) -= A(i, j) * y(j);
        }
        for (int64_t i = N; i-- > 0;) {
            x(i) = y(i);
            for (int64_t j = i + 1; j < N; ++j)
                x(i) -= A(i, j) * x(j);
            x(i) /= A(i, i);
        }
    };
    return {"ludcmp", {{{"N", 5}}, {{"N", 1}}}, Data::definite, make, plain};
}

Benchmark trisolv() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input L("L", Float(64), {N, N}), c("c", Float(64), {N});
        Output x("x", Float(64), {N});
        Var i("i"), j("j");
        return build(Kernel("trisolv", {L, c, x}, [&](KernelBody& b) {
            b.for_(i, 0, N, [&] {
                x(i) = c(i);
                b.for_(j, 0, i, [&] { x(i) -= L(i, j) * x(j); });
                x(i) /= L(i, i);
            });
        }));
    };
    const auto plain = [](Run& r) { // column by column
        const auto L = r("L"), c = r("c"), x = r("x");
        for (int64_t i = 0; i < r.size("N"); ++i)
            x(i) = c(i);
        for (int64_t j = 0; j < r.size("N"); ++j) {
            x(j) /= L(j, j);
            for (int64_t i = j + 1; i < r.size("N"); ++i)
                x(i) -= L(i, j) * x(j);
        }
    };
    return {"trisolv", {{{"N", 5}}, {{"N", 1}}}, Data::definite, make, plain};
}

/// sum over rows k of X(k, i)·X(k, j), divided by `by` if it is given, in both triangles of C from `first`
/// on.
void products_of_columns(KernelBody& b, const InOut& X, const Output& C, const Expr& M, const Expr& N,
                         int64_t first, const Expr& by) {
    Var i("ci"), j("cj"), k("ck");
    b.for_(i, 0, M, [&] {
        b.for_(j, i + first, M, [&] {
            C(i, j) = 0.0;
            b.for_(k, 0, N, [&] { C(i, j) += X(k, i) * X(k, j); });
            if (by.defined()) C(i, j) /= by;
            C(j, i) = C(i, j);
        });
    });
}

Benchmark covariance() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        InOut X("X", Float(64), {N, M});
        Output C("C", Float(64), {M, M}), mean("mean", Float(64), {M});
        Var j("j"), i("i"), ni("ni"), nj("nj");
        return build(Kernel("covariance", {X, C, mean}, [&](KernelBody& b) {
            b.for_(j, 0, M, [&] {
                mean(j) = 0.0;
                b.for_(i, 0, N, [&] { mean(j) += X(i, j); });
                mean(j) /= cast(Float(64), N);
            });
            b.for_(ni, 0, N, [&] { b.for_(nj, 0, M, [&] { X(ni, nj) -= mean(nj); }); });
            products_of_columns(b, X, C, M, N, 0, cast(Float(64), N - 1));
        }));
    };
    const auto plain = [](Run& r) {
        const auto X = r("X"), C = r("C"), mean = r("mean");
        const int64_t M = r.size("M"), N = r.size("N");
        for (int64_t j = 0; j < M; ++j) {
            for (int64_t i = 0; i < N; ++i)
                mean(j) += X(i, j) / static_cast<double>(N);
            for (int64_t i = 0; i < N; ++i)
                X(i, j) -= mean(j);
        }
        for (int64_t i = 0; i < M; ++i)
            for (int64_t j = 0; j < M; ++j)
                for (int64_t k = 0; k < N; ++k)
                    C(i, j) += X(k, i) * X(k, j) / static_cast<double>(N - 1);
    };
    return {"covariance", {{{"M", 3}, {"N", 4}}, {{"M", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark correlation() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        InOut X("X", Float(64), {N, M});
        Output C("C", Float(64), {M, M}), mean("mean", Float(64), {M}), spread("spread", Float(64), {M});
        Var j("j"), i("i"), sj("sj"), si("si"), ni("ni"), nj("nj"), d("d");
        return build(Kernel("correlation", {X, C, mean, spread}, [&](KernelBody& b) {
            const Expr n = cast(Float(64), N);
            b.for_(j, 0, M, [&] {
                mean(j) = 0.0;
                b.for_(i, 0, N, [&] { mean(j) += X(i, j); });
                mean(j) /= n;
            });
            b.for_(sj, 0, M, [&] {
                spread(sj) = 0.0;
                b.for_(si, 0, N, [&] { spread(sj) += (X(si, sj) - mean(sj)) * (X(si, sj) - mean(sj)); });
                spread(sj) = sqrt(spread(sj) / n);
                spread(sj) = select(spread(sj) <= 0.1, 1.0, spread(sj));
            });
            b.for_(ni, 0, N, [&] {
                b.for_(nj, 0, M, [&] {
                    X(ni, nj) -= mean(nj);
                    X(ni, nj) /= sqrt(n) * spread(nj);
                });
            });
            b.for_(d, 0, M, [&] { C(d, d) = 1.0; });
            products_of_columns(b, X, C, M, N, 1, {});
        }));
    };
    const auto plain = [](Run& r) {
        const auto X = r("X"), C = r("C"), mean = r("mean"), spread = r("spread");
        const int64_t M = r.size("M"), N = r.size("N");
        const auto n = static_cast<double>(N);
        for (int64_t j = 0; j < M; ++j) {
            for (int64_t i = 0; i < N; ++i)
                mean(j) += X(i, j) / n;
            for (int64_t i = 0; i < N; ++i)
                spread(j) += (X(i, j) - mean(j)) * (X(i, j) - mean(j));
            spread(j) = std::sqrt(spread(j) / n);
            if (spread(j) <= 0.1) spread(j) = 1;
            for (int64_t i = 0; i < N; ++i)
                X(i, j) = (X(i, j) - mean(j)) / (std::sqrt(n) * spread(j));
        }
        for (int64_t i = 0; i < M; ++i)
            for (int64_t j = 0; j < M; ++j) {
                for (int64_t k = 0; k < N; ++k)
                    C(i, j) += X(k, i) * X(k, j);
                if (i == j) C(i, j) = 1;
            }
    };
    return {"correlation", {{{"M", 3}, {"N", 4}}, {{"M", 1}, {"N", 2}}}, Data::any, make, plain};
}

} // namespace

void add_solvers(std::vector<Benchmark>& to) {
    for (Benchmark (*make)() : {correlation, covariance, cholesky, durbin, gramschmidt, lu, ludcmp, trisolv})
        to.push_back(make());
}

} // namespace polybench
