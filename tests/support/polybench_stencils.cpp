/// \file Stencils over time, recursive filters, and dynamic programs.

#include "polybench.h"

#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"

#include <cmath>

using namespace lathe;

namespace polybench {

namespace {

/// The coefficients of Deriche's filter for alpha = 1/4, as expressions and as numbers.
template <class T> struct Filter {
    T a1, a2, a3, a4, b1, b2;
    Filter(const T& alpha, const T& e1, const T& e2, const T& grown, const T& two)
        : a1((1 - e1) * (1 - e1) / (1 + 2 * alpha * e1 - grown)), a2(a1 * e1 * (alpha - 1)),
          a3(a1 * e1 * (alpha + 1)), a4(-a1 * e2), b1(two), b2(-e2) {}
};

/// y over one line forwards, from the line of x: its own two last results, the last x.
void forwards(KernelBody& b, const Filter<Expr>& c, const Var& n, const Expr& count,
              const std::function<Expr()>& x, const std::function<void(Expr)>& store) {
    Scalar y1 = b.scalar("y_1", Float(32), 0.0f), y2 = b.scalar("y_2", Float(32), 0.0f),
           x1 = b.scalar("x_1", Float(32), 0.0f);
    b.for_(n, 0, count, [&] {
        const Expr y = b.let(c.a1 * x() + c.a2 * x1 + c.b1 * y1 + c.b2 * y2);
        store(y);
        x1 = x();
        y2 = y1;
        y1 = y;
    });
}

void backwards(KernelBody& b, const Filter<Expr>& c, const Var& n, const Expr& count,
               const std::function<Expr()>& x, const std::function<void(Expr)>& store) {
    Scalar y1 = b.scalar("y_1", Float(32), 0.0f), y2 = b.scalar("y_2", Float(32), 0.0f),
           x1 = b.scalar("x_1", Float(32), 0.0f), x2 = b.scalar("x_2", Float(32), 0.0f);
    b.for_(n, count - 1, -1, -1, [&] {
        const Expr y = b.let(c.a3 * x1 + c.a4 * x2 + c.b1 * y1 + c.b2 * y2);
        store(y);
        x2 = x1;
        x1 = x();
        y2 = y1;
        y1 = y;
    });
}

Algorithm make_deriche(const Extents& e) {
    const Expr W = e("W"), H = e("H");
    Input in("in", Float(32), {W, H});
    Output out("out", Float(32), {W, H});
    Var i("i"), j("j"), bi("bi"), bj("bj"), si("si"), sj("sj"), ci("ci"), cj("cj"), di("di"), dj("dj"),
        ei("ei"), ej("ej");
    return build(Kernel("deriche", {in, out}, [&](KernelBody& b) {
        const Expr alpha = cast(Float(32), 0.25f);
        const Filter<Expr> c(alpha, exp(-alpha), exp(-2 * alpha), exp(2 * alpha),
                             pow(cast(Float(32), 2), -alpha));
        const Array y = b.array("y", Float(32), {W, H}), z = b.array("z", Float(32), {W, H});
        b.for_(i, 0, W, [&] {
            forwards(b, c, j, H, [&] { return Expr(in(i, j)); }, [&](const Expr& v) { y(i, j) = v; });
        });
        b.for_(bi, 0, W, [&] {
            backwards(b, c, bj, H, [&] { return Expr(in(bi, bj)); }, [&](const Expr& v) { z(bi, bj) = v; });
        });
        b.for_(si, 0, W, [&] { b.for_(sj, 0, H, [&] { out(si, sj) = y(si, sj) + z(si, sj); }); });
        b.for_(cj, 0, H, [&] {
            forwards(b, c, ci, W, [&] { return Expr(out(ci, cj)); }, [&](const Expr& v) { y(ci, cj) = v; });
        });
        b.for_(dj, 0, H, [&] {
            backwards(b, c, di, W, [&] { return Expr(out(di, dj)); }, [&](const Expr& v) { z(di, dj) = v; });
        });
        b.for_(ei, 0, W, [&] { b.for_(ej, 0, H, [&] { out(ei, ej) = y(ei, ej) + z(ei, ej); }); });
    }));
}

/// Both passes over one line.
std::vector<double> filtered(const Filter<double>& c, const std::vector<double>& x) {
    std::vector<double> y(x.size());
    double y1 = 0, y2 = 0, x1 = 0, x2 = 0;
    for (size_t n = 0; n < x.size(); ++n) {
        y[n] = c.a1 * x[n] + c.a2 * x1 + c.b1 * y1 + c.b2 * y2;
        x1 = x[n];
        y2 = y1;
        y1 = y[n];
    }
    y1 = y2 = x1 = 0;
    for (size_t n = x.size(); n-- > 0;) {
        const double back = c.a3 * x1 + c.a4 * x2 + c.b1 * y1 + c.b2 * y2;
        y[n] += back;
        x2 = x1;
        x1 = x[n];
        y2 = y1;
        y1 = back;
    }
    return y;
}

Benchmark deriche() {
    const auto plain = [](Run& r) {
        const double alpha = 0.25;
        const Filter<double> c(alpha, std::exp(-alpha), std::exp(-2 * alpha), std::exp(2 * alpha),
                               std::pow(2.0, -alpha));
        const auto in = r("in"), out = r("out");
        const auto W = static_cast<size_t>(r.size("W")), H = static_cast<size_t>(r.size("H"));
        for (size_t i = 0; i < W; ++i) {
            std::vector<double> line;
            for (size_t j = 0; j < H; ++j)
                line.push_back(in(i, j));
            line = filtered(c, line);
            for (size_t j = 0; j < H; ++j)
                out(i, j) = line[j];
        }
        for (size_t j = 0; j < H; ++j) {
            std::vector<double> line;
            for (size_t i = 0; i < W; ++i)
                line.push_back(out(i, j));
            line = filtered(c, line);
            for (size_t i = 0; i < W; ++i)
                out(i, j) = line[i];
        }
    };
    return {"deriche", {{{"W", 4}, {"H", 5}}, {{"W", 1}, {"H", 1}}}, Data::any, make_deriche, plain, 1e-4};
}

Benchmark floyd_warshall() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        InOut d("d", Int(32), {N, N});
        Var k("k"), i("i"), j("j");
        return build(Kernel("floyd_warshall", {d}, [&](KernelBody& b) {
            b.for_(k, 0, N, [&] {
                b.for_(i, 0, N, [&] { b.for_(j, 0, N, [&] { d(i, j) = min(d(i, j), d(i, k) + d(k, j)); }); });
            });
        }));
    };
    const auto plain = [](Run& r) { // relaxed until nothing changes
        const auto d = r("d");
        const int64_t N = r.size("N");
        for (int64_t round = 0; round < N; ++round)
            for (int64_t i = 0; i < N; ++i)
                for (int64_t j = 0; j < N; ++j)
                    for (int64_t k = 0; k < N; ++k)
                        d(i, j) = std::min(d(i, j), d(i, k) + d(k, j));
    };
    return {"floyd-warshall", {{{"N", 5}}, {{"N", 1}}}, Data::positive, make, plain};
}

Benchmark nussinov() {
    const auto make = [](const Extents& e) {
        const Expr N = e("N");
        Input seq("seq", Int(32), {N});
        Output t("t", Int(32), {N, N});
        Var y("y"), x("x"), i("i"), j("j"), k("k");
        return build(Kernel("nussinov", {seq, t}, [&](KernelBody& b) {
            b.for_(y, 0, N, [&] { b.for_(x, 0, N, [&] { t(y, x) = 0; }); });
            b.for_(i, N - 1, -1, -1, [&] {
                b.for_(j, i + 1, N, [&] {
                    t(i, j) = max(t(i, j), t(i, j - 1));
                    b.if_(i + 1 < N, [&] { t(i, j) = max(t(i, j), t(i + 1, j)); });
                    b.if_(i + 1 < N, [&] {
                        const Expr pair = select(seq(i) + seq(j) == 3, 1, 0);
                        b.if_(i < j - 1, [&] { t(i, j) = max(t(i, j), t(i + 1, j - 1) + pair); }).else_([&] {
                            t(i, j) = max(t(i, j), t(i + 1, j - 1));
                        });
                    });
                    b.for_(k, i + 1, j, [&] { t(i, j) = max(t(i, j), t(i, k) + t(k + 1, j)); });
                });
            });
        }));
    };
    const auto plain = [](Run& r) { // by the length of the piece
        const auto seq = r("seq"), t = r("t");
        const int64_t N = r.size("N");
        for (int64_t length = 2; length <= N; ++length)
            for (int64_t i = 0; i + length <= N; ++i) {
                const int64_t j = i + length - 1;
                double best = length > 2 && seq(i) + seq(j) == 3 ? t(i + 1, j - 1) + 1 : 0;
                for (int64_t k = i; k < j; ++k)
                    best = std::max(best, t(i, k) + t(k + 1, j));
                t(i, j) = best;
            }
    };
    return {"nussinov", {{{"N", 6}}, {{"N", 1}}}, Data::bases, make, plain};
}

/// Alternating directions with a = c = −1, b = 3, d = f = −1/2, e = 2: two sweeps of tridiagonal systems.
Benchmark adi() {
    const auto make = [](const Extents& extents) {
        const Expr N = extents("N"), T = extents("T");
        InOut u("u", Float(64), {N, N});
        Var t("t"), i("i"), j("j"), jb("jb"), ri("ri"), rj("rj"), rb("rb");
        return build(Kernel("adi", {u}, [&](KernelBody& k) {
            const double a = -1, b = 3, d = -0.5, e = 2;
            const Array v = k.array("v", Float(64), {N, N}), p = k.array("p", Float(64), {N, N}),
                        q = k.array("q", Float(64), {N, N});
            k.for_(t, 0, T, [&] {
                k.for_(i, 1, N - 1, [&] {
                    v(0, i) = 1.0;
                    p(i, 0) = 0.0;
                    q(i, 0) = v(0, i);
                    k.for_(j, 1, N - 1, [&] {
                        p(i, j) = -a / (a * p(i, j - 1) + b);
                        q(i, j) =
                            (-d * u(j, i - 1) + (1 + 2 * d) * u(j, i) - d * u(j, i + 1) - a * q(i, j - 1)) /
                            (a * p(i, j - 1) + b);
                    });
                    v(N - 1, i) = 1.0;
                    k.for_(jb, N - 2, 0, -1, [&] { v(jb, i) = p(i, jb) * v(jb + 1, i) + q(i, jb); });
                });
                k.for_(ri, 1, N - 1, [&] {
                    u(ri, 0) = 1.0;
                    p(ri, 0) = 0.0;
                    q(ri, 0) = u(ri, 0);
                    k.for_(rj, 1, N - 1, [&] {
                        p(ri, rj) = -d / (d * p(ri, rj - 1) + e);
                        q(ri, rj) = (-a * v(ri - 1, rj) + (1 + 2 * a) * v(ri, rj) - a * v(ri + 1, rj) -
                                     d * q(ri, rj - 1)) /
                                    (d * p(ri, rj - 1) + e);
                    });
                    u(ri, N - 1) = 1.0;
                    k.for_(rb, N - 2, 0, -1, [&] { u(ri, rb) = p(ri, rb) * u(ri, rb + 1) + q(ri, rb); });
                });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto u = r("u");
        const int64_t N = r.size("N");
        const auto at = [](int64_t n) { return static_cast<size_t>(n); };
        // x[0] = x[N − 1] = 1, and off·x[n − 1] + on·x[n] + off·x[n + 1] = right[n] between.
        const auto solve = [&](double off, double on, const std::vector<double>& right) {
            std::vector<double> diagonal(at(N), on), rest = right, x(at(N), 1.0);
            rest[1] -= off;
            rest[at(N - 2)] -= off;
            for (int64_t n = 2; n < N - 1; ++n) {
                const double factor = off / diagonal[at(n - 1)];
                diagonal[at(n)] -= factor * off;
                rest[at(n)] -= factor * rest[at(n - 1)];
            }
            for (int64_t n = N - 2; n > 0; --n)
                x[at(n)] = (rest[at(n)] - (n < N - 2 ? off * x[at(n + 1)] : 0)) / diagonal[at(n)];
            return x;
        };
        for (int64_t t = 0; t < r.size("T") && N > 2; ++t) {
            std::vector<std::vector<double>> columns(at(N));
            for (int64_t i = 1; i < N - 1; ++i) {
                std::vector<double> right(at(N));
                for (int64_t j = 1; j < N - 1; ++j)
                    right[at(j)] = 0.5 * u(j, i - 1) + 0.5 * u(j, i + 1);
                columns[at(i)] = solve(-1, 3, right);
            }
            for (int64_t i = 1; i < N - 1; ++i) {
                std::vector<double> right(at(N));
                for (int64_t j = 1; j < N - 1; ++j) {
                    const auto& v = columns[at(j)];
                    right[at(j)] = v[at(i - 1)] - v[at(i)] + v[at(i + 1)];
                }
                const std::vector<double> x = solve(-0.5, 2, right);
                for (int64_t j = 0; j < N; ++j)
                    u(i, j) = x[at(j)];
            }
        }
    };
    return {
        "adi", {{{"N", 6}, {"T", 2}}, {{"N", 3}, {"T", 1}}, {{"N", 2}, {"T", 1}}}, Data::any, make, plain};
}

Benchmark fdtd_2d() {
    const auto make = [](const Extents& e) {
        const Expr T = e("T"), X = e("X"), Y = e("Y");
        Input fict("fict", Float(64), {T});
        InOut ex("ex", Float(64), {X, Y}), ey("ey", Float(64), {X, Y}), hz("hz", Float(64), {X, Y});
        Var t("t"), s("s"), yi("yi"), yj("yj"), xi("xi"), xj("xj"), zi("zi"), zj("zj");
        return build(Kernel("fdtd_2d", {fict, ex, ey, hz}, [&](KernelBody& b) {
            b.for_(t, 0, T, [&] {
                b.for_(s, 0, Y, [&] { ey(0, s) = fict(t); });
                b.for_(yi, 1, X, [&] {
                    b.for_(yj, 0, Y, [&] { ey(yi, yj) = ey(yi, yj) - 0.5 * (hz(yi, yj) - hz(yi - 1, yj)); });
                });
                b.for_(xi, 0, X, [&] {
                    b.for_(xj, 1, Y, [&] { ex(xi, xj) = ex(xi, xj) - 0.5 * (hz(xi, xj) - hz(xi, xj - 1)); });
                });
                b.for_(zi, 0, X - 1, [&] {
                    b.for_(zj, 0, Y - 1, [&] {
                        hz(zi, zj) =
                            hz(zi, zj) - 0.7 * (ex(zi, zj + 1) - ex(zi, zj) + ey(zi + 1, zj) - ey(zi, zj));
                    });
                });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto fict = r("fict"), ex = r("ex"), ey = r("ey"), hz = r("hz");
        const int64_t X = r.size("X"), Y = r.size("Y");
        for (int64_t t = 0; t < r.size("T"); ++t) {
            for (int64_t i = 0; i < X; ++i)
                for (int64_t j = 0; j < Y; ++j) {
                    if (i == 0)
                        ey(i, j) = fict(t);
                    else
                        ey(i, j) -= 0.5 * (hz(i, j) - hz(i - 1, j));
                    if (j > 0) ex(i, j) -= 0.5 * (hz(i, j) - hz(i, j - 1));
                }
            for (int64_t i = 0; i < X - 1; ++i)
                for (int64_t j = 0; j < Y - 1; ++j)
                    hz(i, j) -= 0.7 * (ex(i, j + 1) - ex(i, j) + ey(i + 1, j) - ey(i, j));
        }
    };
    return {
        "fdtd-2d", {{{"T", 2}, {"X", 4}, {"Y", 5}}, {{"T", 1}, {"X", 1}, {"Y", 1}}}, Data::any, make, plain};
}

Benchmark heat_3d() {
    const auto make = [](const Extents& e) {
        const Expr T = e("T"), N = e("N");
        InOut A("A", Float(64), {N, N, N}), B("B", Float(64), {N, N, N});
        Var t("t");
        return build(Kernel("heat_3d", {A, B}, [&](KernelBody& b) {
            const auto step = [&](const InOut& from, const InOut& to, const char* i, const char* j,
                                  const char* k) {
                Var x(i), y(j), z(k);
                b.for_(x, 1, N - 1, [&] {
                    b.for_(y, 1, N - 1, [&] {
                        b.for_(z, 1, N - 1, [&] {
                            const Expr c = from(x, y, z);
                            to(x, y, z) = 0.125 * (from(x + 1, y, z) - 2.0 * c + from(x - 1, y, z)) +
                                          0.125 * (from(x, y + 1, z) - 2.0 * c + from(x, y - 1, z)) +
                                          0.125 * (from(x, y, z + 1) - 2.0 * c + from(x, y, z - 1)) + c;
                        });
                    });
                });
            };
            b.for_(t, 0, T, [&] {
                step(A, B, "i", "j", "k");
                step(B, A, "p", "q", "r");
            });
        }));
    };
    const auto plain = [](Run& r) {
        const int64_t N = r.size("N");
        const auto step = [&](const Plain& from, const Plain& to) {
            for (int64_t i = 1; i < N - 1; ++i)
                for (int64_t j = 1; j < N - 1; ++j)
                    for (int64_t k = 1; k < N - 1; ++k)
                        to(i, j, k) = 0.25 * from(i, j, k) +
                                      0.125 * (from(i + 1, j, k) + from(i - 1, j, k) + from(i, j + 1, k) +
                                               from(i, j - 1, k) + from(i, j, k + 1) + from(i, j, k - 1));
        };
        for (int64_t t = 0; t < r.size("T"); ++t) {
            step(r("A"), r("B"));
            step(r("B"), r("A"));
        }
    };
    return {"heat-3d", {{{"T", 2}, {"N", 4}}, {{"T", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark jacobi_1d() {
    const auto make = [](const Extents& e) {
        const Expr T = e("T"), N = e("N");
        InOut A("A", Float(64), {N}), B("B", Float(64), {N});
        Var t("t"), i("i"), j("j");
        return build(Kernel("jacobi_1d", {A, B}, [&](KernelBody& b) {
            b.for_(t, 0, T, [&] {
                b.for_(i, 1, N - 1, [&] { B(i) = 0.33333 * (A(i - 1) + A(i) + A(i + 1)); });
                b.for_(j, 1, N - 1, [&] { A(j) = 0.33333 * (B(j - 1) + B(j) + B(j + 1)); });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B");
        for (int64_t t = 0; t < 2 * r.size("T"); ++t)
            for (int64_t i = 1; i < r.size("N") - 1; ++i) {
                const Plain &from = t % 2 ? B : A, &to = t % 2 ? A : B;
                to(i) = 0.33333 * (from(i - 1) + from(i) + from(i + 1));
            }
    };
    return {"jacobi-1d", {{{"T", 3}, {"N", 6}}, {{"T", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark jacobi_2d() {
    const auto make = [](const Extents& e) {
        const Expr T = e("T"), N = e("N");
        InOut A("A", Float(64), {N, N}), B("B", Float(64), {N, N});
        Var t("t"), i("i"), j("j"), p("p"), q("q");
        return build(Kernel("jacobi_2d", {A, B}, [&](KernelBody& b) {
            const auto mean = [](const InOut& f, const Var& y, const Var& x) {
                return 0.2 * (f(y, x) + f(y, x - 1) + f(y, x + 1) + f(y + 1, x) + f(y - 1, x));
            };
            b.for_(t, 0, T, [&] {
                b.for_(i, 1, N - 1, [&] { b.for_(j, 1, N - 1, [&] { B(i, j) = mean(A, i, j); }); });
                b.for_(p, 1, N - 1, [&] { b.for_(q, 1, N - 1, [&] { A(p, q) = mean(B, p, q); }); });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A"), B = r("B");
        const int64_t N = r.size("N");
        for (int64_t t = 0; t < 2 * r.size("T"); ++t)
            for (int64_t i = 1; i < N - 1; ++i)
                for (int64_t j = 1; j < N - 1; ++j) {
                    const Plain &f = t % 2 ? B : A, &to = t % 2 ? A : B;
                    to(i, j) = 0.2 * (f(i, j) + f(i, j - 1) + f(i, j + 1) + f(i + 1, j) + f(i - 1, j));
                }
    };
    return {"jacobi-2d", {{{"T", 2}, {"N", 5}}, {{"T", 1}, {"N", 2}}}, Data::any, make, plain};
}

Benchmark seidel_2d() {
    const auto make = [](const Extents& e) {
        const Expr T = e("T"), N = e("N");
        InOut A("A", Float(64), {N, N});
        Var t("t"), i("i"), j("j");
        return build(Kernel("seidel_2d", {A}, [&](KernelBody& b) {
            b.for_(t, 0, T, [&] {
                b.for_(i, 1, N - 1, [&] {
                    b.for_(j, 1, N - 1, [&] {
                        A(i, j) = (A(i - 1, j - 1) + A(i - 1, j) + A(i - 1, j + 1) + A(i, j - 1) + A(i, j) +
                                   A(i, j + 1) + A(i + 1, j - 1) + A(i + 1, j) + A(i + 1, j + 1)) /
                                  9.0;
                    });
                });
            });
        }));
    };
    const auto plain = [](Run& r) {
        const auto A = r("A");
        for (int64_t t = 0; t < r.size("T"); ++t)
            for (int64_t i = 1; i < r.size("N") - 1; ++i)
                for (int64_t j = 1; j < r.size("N") - 1; ++j) {
                    double sum = 0;
                    for (int64_t y = -1; y <= 1; ++y)
                        for (int64_t x = -1; x <= 1; ++x)
                            sum += A(i + y, j + x);
                    A(i, j) = sum / 9;
                }
    };
    return {"seidel-2d", {{{"T", 2}, {"N", 5}}, {{"T", 1}, {"N", 2}}}, Data::any, make, plain};
}

} // namespace

void add_others(std::vector<Benchmark>& to) {
    for (Benchmark (*make)() :
         {deriche, floyd_warshall, nussinov, adi, fdtd_2d, heat_3d, jacobi_1d, jacobi_2d, seidel_2d})
        to.push_back(make());
}

} // namespace polybench
