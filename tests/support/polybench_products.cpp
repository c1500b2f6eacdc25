/// \file Products of matrices and vectors. Those without triangles or updates in place are Funcs.

#include "polybench.h"

#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/reduction.h"

using namespace lathe;

namespace polybench {

namespace {

const double alpha = 1.5, beta = 1.25;

Benchmark gemm() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N"), K = e("K");
        Input A("A", Float(64), {M, K}), B("B", Float(64), {K, N});
        InOut C("C", Float(64), {M, N});
        Var i("i"), j("j"), k("k"), q("q");
        return build(Kernel("gemm", {A, B, C}, [&](KernelBody& b) {
            b.for_(i, 0, M, [&] {
                b.for_(j, 0, N, [&] { C(i, j) *= beta; });
                b.for_(k, 0, K, [&] { b.for_(q, 0, N, [&] { C(i, q) += alpha * A(i, k) * B(k, q); }); });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B"), C = r("C");
        for (int64_t i = 0; i < r.size("M"); ++i)
            for (int64_t j = 0; j < r.size("N"); ++j) {
                C(i, j) *= beta;
                for (int64_t k = 0; k < r.size("K"); ++k)
                    C(i, j) += alpha * A(i, k) * B(k, j);
            }
    };
    return {"gemm", {{{"M", 3}, {"N", 4}, {"K", 2}}, {{"M", 2}, {"N", 1}, {"K", 5}}}, Data::any, make, plain};
}

Benchmark gemver() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input u1("u1", Float(64), {N}), v1("v1", Float(64), {N}), u2("u2", Float(64), {N}),
            v2("v2", Float(64), {N}), y("y", Float(64), {N}), z("z", Float(64), {N});
        InOut A("A", Float(64), {N, N}), x("x", Float(64), {N}), w("w", Float(64), {N});
        Var i("i"), j("j"), ti("ti"), tj("tj"), zi("zi"), wi("wi"), wj("wj");
        return build(Kernel("gemver", {u1, v1, u2, v2, y, z, A, x, w}, [&](KernelBody& b) {
            b.for_(i, 0, N,
                   [&] { b.for_(j, 0, N, [&] { A(i, j) = A(i, j) + u1(i) * v1(j) + u2(i) * v2(j); }); });
            b.for_(ti, 0, N, [&] { b.for_(tj, 0, N, [&] { x(ti) += beta * A(tj, ti) * y(tj); }); });
            b.for_(zi, 0, N, [&] { x(zi) += z(zi); });
            b.for_(wi, 0, N, [&] { b.for_(wj, 0, N, [&] { w(wi) += alpha * A(wi, wj) * x(wj); }); });
        }));
    };
    const auto plain = [](Run& r) {
        const auto u1 = r("u1"), v1 = r("v1"), u2 = r("u2"), v2 = r("v2"), y = r("y"), z = r("z"), A = r("A"),
                   x = r("x"), w = r("w");
        const int64_t N = r.size("N");
        for (int64_t i = 0; i < N; ++i)
            for (int64_t j = 0; j < N; ++j)
                A(i, j) += u1(i) * v1(j) + u2(i) * v2(j);
        for (int64_t i = 0; i < N; ++i) {
            for (int64_t j = 0; j < N; ++j)
                x(i) += beta * A(j, i) * y(j);
            x(i) += z(i);
        }
        for (int64_t i = 0; i < N; ++i)
            for (int64_t j = 0; j < N; ++j)
                w(i) += alpha * A(i, j) * x(j);
    };
    return {"gemver", {{{"N", 4}}, {{"N", 1}}}, Data::any, make, plain};
}

Benchmark gesummv() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input A("A", Float(64), {N, N}), B("B", Float(64), {N, N}), x("x", Float(64), {N});
        Var i("i");
        RDom r(0, N, "r"), q(0, N, "q");
        Func t("t", Float(64), {N}), u("u", Float(64), {N}), y("y", Float(64), {N});
        t(i) = 0.0;
        t(i) += A(i, r) * x(r);
        u(i) = 0.0;
        u(i) += B(i, q) * x(q);
        y(i) = alpha * t(i) + beta * u(i);
        return build({y}, {A, B, x});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B"), x = r("x"), y = r("y");
        for (int64_t i = 0; i < r.size("N"); ++i) {
            double t = 0, u = 0;
            for (int64_t j = 0; j < r.size("N"); ++j) {
                t += A(i, j) * x(j);
                u += B(i, j) * x(j);
            }
            y(i) = alpha * t + beta * u;
        }
    };
    return {"gesummv", {{{"N", 4}}, {{"N", 1}}}, Data::any, make, plain};
}

Benchmark symm() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        Input A("A", Float(64), {M, M}), B("B", Float(64), {M, N});
        InOut C("C", Float(64), {M, N});
        Var i("i"), j("j"), k("k");
        return build(Kernel("symm", {A, B, C}, [&](KernelBody& b) {
            b.for_(i, 0, M, [&] {
                b.for_(j, 0, N, [&] {
                    Scalar t = b.scalar("t", Float(64), 0.0);
                    b.for_(k, 0, i, [&] {
                        C(k, j) += alpha * B(i, j) * A(i, k);
                        t += B(k, j) * A(i, k);
                    });
                    C(i, j) = beta * C(i, j) + alpha * B(i, j) * A(i, i) + alpha * t;
                });
            });
        }));
    };
    const auto plain = [](Run& r) { // as a full product with the symmetric matrix
        const auto A = r("A"), B = r("B"), C = r("C");
        for (int64_t i = 0; i < r.size("M"); ++i)
            for (int64_t j = 0; j < r.size("N"); ++j) {
                double sum = 0;
                for (int64_t k = 0; k < r.size("M"); ++k)
                    sum += (k <= i ? A(i, k) : A(k, i)) * B(k, j);
                C(i, j) = beta * C(i, j) + alpha * sum;
            }
    };
    return {"symm", {{{"M", 4}, {"N", 3}}, {{"M", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark syrk() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N"), M = e("M");
        Input A("A", Float(64), {N, M});
        InOut C("C", Float(64), {N, N});
        Var i("i"), j("j"), k("k"), q("q");
        return build(Kernel("syrk", {A, C}, [&](KernelBody& b) {
            b.for_(i, 0, N, [&] {
                b.for_(j, 0, i + 1, [&] { C(i, j) *= beta; });
                b.for_(k, 0, M, [&] { b.for_(q, 0, i + 1, [&] { C(i, q) += alpha * A(i, k) * A(q, k); }); });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), C = r("C");
        for (int64_t i = 0; i < r.size("N"); ++i)
            for (int64_t j = 0; j <= i; ++j) {
                C(i, j) *= beta;
                for (int64_t k = 0; k < r.size("M"); ++k)
                    C(i, j) += alpha * A(i, k) * A(j, k);
            }
    };
    return {"syrk", {{{"N", 4}, {"M", 3}}, {{"N", 1}, {"M", 2}}}, Data::any, make, plain};
}

Benchmark syr2k() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N"), M = e("M");
        Input A("A", Float(64), {N, M}), B("B", Float(64), {N, M});
        InOut C("C", Float(64), {N, N});
        Var i("i"), j("j"), k("k"), q("q");
        return build(Kernel("syr2k", {A, B, C}, [&](KernelBody& b) {
            b.for_(i, 0, N, [&] {
                b.for_(j, 0, i + 1, [&] { C(i, j) *= beta; });
                b.for_(k, 0, M, [&] {
                    b.for_(q, 0, i + 1,
                           [&] { C(i, q) += A(q, k) * alpha * B(i, k) + B(q, k) * alpha * A(i, k); });
                });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B"), C = r("C");
        for (int64_t i = 0; i < r.size("N"); ++i)
            for (int64_t j = 0; j <= i; ++j) {
                C(i, j) *= beta;
                for (int64_t k = 0; k < r.size("M"); ++k)
                    C(i, j) += alpha * (A(j, k) * B(i, k) + B(j, k) * A(i, k));
            }
    };
    return {"syr2k", {{{"N", 4}, {"M", 3}}, {{"N", 1}, {"M", 2}}}, Data::any, make, plain};
}

Benchmark trmm() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        Input A("A", Float(64), {M, M});
        InOut B("B", Float(64), {M, N});
        Var i("i"), j("j"), k("k");
        return build(Kernel("trmm", {A, B}, [&](KernelBody& b) {
            b.for_(i, 0, M, [&] {
                b.for_(j, 0, N, [&] {
                    b.for_(k, i + 1, M, [&] { B(i, j) += A(k, i) * B(k, j); });
                    B(i, j) *= alpha;
                });
            });
        }));
    };
    const auto plain = [](Run& r) { // alpha · transposed unit lower triangle · B
        const auto A = r("A"), B = r("B");
        for (int64_t j = 0; j < r.size("N"); ++j)
            for (int64_t i = 0; i < r.size("M"); ++i) {
                double sum = B(i, j);
                for (int64_t k = i + 1; k < r.size("M"); ++k)
                    sum += A(k, i) * B(k, j);
                B(i, j) = alpha * sum;
            }
    };
    return {"trmm", {{{"M", 4}, {"N", 3}}, {{"M", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark two_products() {
    const auto make = [](const Extents& e) {
        const Expr I = e("I"), J = e("J"), K = e("K"), L = e("L");
        Input A("A", Float(64), {I, K}), B("B", Float(64), {K, J}), C("C", Float(64), {J, L}),
            D("D", Float(64), {I, L});
        Var i("i"), j("j"), l("l");
        RDom k(0, K, "k"), q(0, J, "q");
        Func t("t", Float(64), {I, J}), E("E", Float(64), {I, L});
        t(i, j) = 0.0;
        t(i, j) += alpha * A(i, k) * B(k, j);
        E(i, l) = beta * D(i, l);
        E(i, l) += t(i, q) * C(q, l);
        return build({E}, {A, B, C, D});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B"), C = r("C"), D = r("D"), E = r("E");
        for (int64_t i = 0; i < r.size("I"); ++i)
            for (int64_t l = 0; l < r.size("L"); ++l) {
                E(i, l) = beta * D(i, l);
                for (int64_t j = 0; j < r.size("J"); ++j)
                    for (int64_t k = 0; k < r.size("K"); ++k)
                        E(i, l) += alpha * A(i, k) * B(k, j) * C(j, l);
            }
    };
    return {"2mm", {{{"I", 3}, {"J", 2}, {"K", 4}, {"L", 3}}}, Data::any, make, plain};
}

Benchmark three_products() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N"), M = e("M");
        Input A("A", Float(64), {N, M}), B("B", Float(64), {M, N}), C("C", Float(64), {N, M}),
            D("D", Float(64), {M, N});
        Var i("i"), j("j");
        RDom k(0, M, "k"), p(0, M, "p"), q(0, N, "q");
        Func E("E", Float(64), {N, N}), F("F", Float(64), {N, N}), G("G", Float(64), {N, N});
        E(i, j) = 0.0;
        E(i, j) += A(i, k) * B(k, j);
        F(i, j) = 0.0;
        F(i, j) += C(i, p) * D(p, j);
        G(i, j) = 0.0;
        G(i, j) += E(i, q) * F(q, j);
        return build({G}, {A, B, C, D});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B"), C = r("C"), D = r("D"), G = r("G");
        const int64_t N = r.size("N"), M = r.size("M");
        for (int64_t i = 0; i < N; ++i)
            for (int64_t j = 0; j < N; ++j)
                for (int64_t q = 0; q < N; ++q) {
                    double e = 0, f = 0;
                    for (int64_t k = 0; k < M; ++k) {
                        e += A(i, k) * B(k, q);
                        f += C(q, k) * D(k, j);
                    }
                    G(i, j) += e * f;
                }
    };
    return {"3mm", {{{"N", 3}, {"M", 2}}, {{"N", 1}, {"M", 4}}}, Data::any, make, plain};
}

Benchmark atax() {
    const auto make = [](const Extents& e) {
        const Expr M = e("M"), N = e("N");
        Input A("A", Float(64), {M, N}), x("x", Float(64), {N});
        Var i("i"), j("j");
        RDom r(0, N, "r"), q(0, M, "q");
        Func t("t", Float(64), {M}), y("y", Float(64), {N});
        t(i) = 0.0;
        t(i) += A(i, r) * x(r);
        y(j) = 0.0;
        y(j) += A(q, j) * t(q);
        return build({y}, {A, x});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), x = r("x"), y = r("y");
        for (int64_t i = 0; i < r.size("M"); ++i) {
            double t = 0;
            for (int64_t j = 0; j < r.size("N"); ++j)
                t += A(i, j) * x(j);
            for (int64_t j = 0; j < r.size("N"); ++j)
                y(j) += A(i, j) * t;
        }
    };
    return {"atax", {{{"M", 3}, {"N", 4}}, {{"M", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark bicg() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N"), M = e("M");
        Input A("A", Float(64), {N, M}), p("p", Float(64), {M}), w("w", Float(64), {N});
        Var i("i"), j("j");
        RDom r(0, N, "r"), u(0, M, "u");
        Func s("s", Float(64), {M}), q("q", Float(64), {N});
        s(j) = 0.0;
        s(j) += w(r) * A(r, j);
        q(i) = 0.0;
        q(i) += A(i, u) * p(u);
        return build({s, q}, {A, p, w});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), p = r("p"), w = r("w"), s = r("s"), q = r("q");
        for (int64_t i = 0; i < r.size("N"); ++i)
            for (int64_t j = 0; j < r.size("M"); ++j) {
                s(j) += w(i) * A(i, j);
                q(i) += A(i, j) * p(j);
            }
    };
    return {"bicg", {{{"N", 3}, {"M", 4}}, {{"N", 2}, {"M", 1}}}, Data::any, make, plain};
}

Benchmark doitgen() {
    const auto make = [](const Extents& e) {
        const Expr R = e("R"), Q = e("Q"), P = e("P");
        Input C("C", Float(64), {P, P});
        InOut A("A", Float(64), {R, Q, P});
        Var r("r"), q("q"), p("p"), s("s"), c("c");
        return build(Kernel("doitgen", {C, A}, [&](KernelBody& b) {
            b.for_(r, 0, R, [&] {
                b.for_(q, 0, Q, [&] {
                    const Array sum = b.array("sum", Float(64), {P});
                    b.for_(p, 0, P, [&] {
                        sum(p) = 0.0;
                        b.for_(s, 0, P, [&] { sum(p) += A(r, q, s) * C(s, p); });
                    });
                    b.for_(c, 0, P, [&] { A(r, q, c) = sum(c); });
                });
            });
        }));
    };
    const auto plain = [](Run& run) {
        const auto C = run("C"), A = run("A");
        const int64_t P = run.size("P");
        for (int64_t r = 0; r < run.size("R"); ++r)
            for (int64_t q = 0; q < run.size("Q"); ++q) {
                std::vector<double> sum(static_cast<size_t>(P));
                for (int64_t p = 0; p < P; ++p)
                    for (int64_t s = 0; s < P; ++s)
                        sum[static_cast<size_t>(p)] += A(r, q, s) * C(s, p);
                for (int64_t p = 0; p < P; ++p)
                    A(r, q, p) = sum[static_cast<size_t>(p)];
            }
    };
    return {
        "doitgen", {{{"R", 2}, {"Q", 3}, {"P", 4}}, {{"R", 1}, {"Q", 1}, {"P", 1}}}, Data::any, make, plain};
}

Benchmark mvt() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input A("A", Float(64), {N, N}), y1("y1", Float(64), {N}), y2("y2", Float(64), {N}),
            a1("a1", Float(64), {N}), a2("a2", Float(64), {N});
        Var i("i");
        RDom r(0, N, "r"), q(0, N, "q");
        Func x1("x1", Float(64), {N}), x2("x2", Float(64), {N});
        x1(i) = a1(i);
        x1(i) += A(i, r) * y1(r);
        x2(i) = a2(i);
        x2(i) += A(q, i) * y2(q);
        return build({x1, x2}, {A, y1, y2, a1, a2});
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), y1 = r("y1"), y2 = r("y2"), a1 = r("a1"), a2 = r("a2"), x1 = r("x1"),
                   x2 = r("x2");
        for (int64_t i = 0; i < r.size("N"); ++i) {
            x1(i) = a1(i);
            x2(i) = a2(i);
            for (int64_t j = 0; j < r.size("N"); ++j) {
                x1(i) += A(i, j) * y1(j);
                x2(i) += A(j, i) * y2(j);
            }
        }
    };
    return {"mvt", {{{"N", 4}}, {{"N", 1}}}, Data::any, make, plain};
}

} // namespace

void add_products(std::vector<Benchmark>& to) {
    for (Benchmark (*make)() : {gemm, gemver, gesummv, symm, syrk, syr2k, trmm, two_products, three_products,
                                atax, bicg, doitgen, mvt})
        to.push_back(make());
}

} // namespace polybench
