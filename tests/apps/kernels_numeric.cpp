// Kernels of linear algebra, graphs and sequences, in place.

#include "kernel_program.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("kernel: Gauss-Seidel in place is a wavefront, and says so") {
    Param N("N"), T("T");
    InOut a("a", Float(32), {N, N});
    Var t("t"), i("i"), j("j");
    const Kernel seidel("seidel", {a, T}, [&](KernelBody& k) {
        k.for_(t, 0, T, [&] {
            k.for_(i, 1, N - 1, [&] {
                k.for_(j, 1, N - 1, [&] {
                    a(i, j) = (a(i - 1, j) + a(i, j - 1) + a(i, j) + a(i, j + 1) + a(i + 1, j)) / 5;
                });
            });
        });
    });
    const auto before = random_buffer<float>({9, 9}, -4, 4, 1, 0.25);
    Buffer<float> after = clone(before);
    for (int round = 0; round < 3; ++round)
        for (int64_t p = 1; p < 8; ++p)
            for (int64_t q = 1; q < 8; ++q)
                after(p, q) =
                    (after(p - 1, q) + after(p, q - 1) + after(p, q) + after(p, q + 1) + after(p + 1, q)) / 5;
    expect_change(seidel, {}, {before}, {after}, {{"T", Value::index(3)}});
    for (const Var& loop : {t, i, j}) {
        Schedule s(seidel);
        CHECK_THROWS_WITH_AS(s[seidel].parallel(loop),
                             doctest::Contains(("carried by " + loop.name()).c_str()), Error);
    }
}

TEST_CASE("kernel: Floyd-Warshall") {
    Param N("N");
    InOut d("d", Int(32), {N, N});
    Var m("m"), i("i"), j("j");
    const Kernel k("paths", {d}, [&](KernelBody& k) {
        k.for_(m, 0, N, [&] {
            k.for_(i, 0, N, [&] { k.for_(j, 0, N, [&] { d(i, j) = min(d(i, j), d(i, m) + d(m, j)); }); });
        });
    });
    const auto before = random_buffer<int32_t>({11, 11}, 1, 90);
    Buffer<int32_t> after = clone(before);
    for (int64_t x = 0; x < 11; ++x)
        for (int64_t p = 0; p < 11; ++p)
            for (int64_t q = 0; q < 11; ++q)
                after(p, q) = std::min(after(p, q), after(p, x) + after(x, q));
    expect_change(k, {}, {before}, {after});
}

TEST_CASE("kernel: LU without pivots") {
    Param N("N");
    InOut a("a", Float(64), {N, N});
    Var i("i"), j("j"), p("p"), q("q"), u("u");
    const Kernel k("lu", {a}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.for_(j, 0, i, [&] {
                k.for_(p, 0, j, [&] { a(i, j) -= a(i, p) * a(p, j); });
                a(i, j) /= a(j, j);
            });
            k.for_(u, i, N, [&] { k.for_(q, 0, i, [&] { a(i, u) -= a(i, q) * a(q, u); }); });
        });
    });
    Buffer<double> before = random_buffer<double>({8, 8}, -1, 1, 1, 0.125);
    for (int64_t x = 0; x < 8; ++x)
        before(x, x) = 10;
    Buffer<double> after = clone(before);
    for (int64_t x = 0; x < 8; ++x) {
        for (int64_t y = 0; y < x; ++y) {
            for (int64_t z = 0; z < y; ++z)
                after(x, y) += -(after(x, z) * after(z, y));
            after(x, y) /= after(y, y);
        }
        for (int64_t y = x; y < 8; ++y)
            for (int64_t z = 0; z < x; ++z)
                after(x, y) += -(after(x, z) * after(z, y));
    }
    Schedule plain(k);
    plain.disable_contraction();
    expect_change(plain, {}, {before}, {after});
    for (const Var& loop : {i, j, p, q})
        CHECK_THROWS_WITH_AS(plain[k].parallel(loop),
                             doctest::Contains(("carried by " + loop.name()).c_str()), Error);
}

TEST_CASE("kernel: Cholesky with a scalar as accumulator") {
    Param N("N");
    InOut a("a", Float(64), {N, N});
    Var i("i"), j("j"), p("p"), q("q");
    const Kernel k("cholesky", {a}, [&](KernelBody& k) {
        k.for_(i, 0, N, [&] {
            k.for_(j, 0, i, [&] {
                Scalar x = k.scalar("x", Float(64), a(i, j));
                k.for_(p, 0, j, [&] { x -= a(i, p) * a(j, p); });
                a(i, j) = x / a(j, j);
            });
            Scalar y = k.scalar("y", Float(64), a(i, i));
            k.for_(q, 0, i, [&] { y -= a(i, q) * a(i, q); });
            k.require(y > 0, "the matrix is positive definite");
            a(i, i) = sqrt(y);
        });
    });
    Buffer<double> before = random_buffer<double>({7, 7}, -1, 1, 1, 0.125);
    for (int64_t x = 0; x < 7; ++x)
        before(x, x) = 9;
    Buffer<double> after = clone(before);
    for (int64_t x = 0; x < 7; ++x) {
        for (int64_t y = 0; y < x; ++y) {
            double s = after(x, y);
            for (int64_t z = 0; z < y; ++z)
                s += -(after(x, z) * after(y, z));
            after(x, y) = s / after(y, y);
        }
        double s = after(x, x);
        for (int64_t z = 0; z < x; ++z)
            s += -(after(x, z) * after(x, z));
        after(x, x) = std::sqrt(s);
    }
    Schedule s(k);
    s.disable_contraction();
    expect_change(s, {}, {before}, {after});
    before(3, 3) = -1;
    std::vector<AnyBuffer*> arguments = {&before};
    CHECK_THROWS_WITH_AS(interpret(s, arguments), doctest::Contains("positive definite"), Error);
    CHECK_THROWS_WITH_AS(jit(s).call(arguments), doctest::Contains("positive definite"), Error);
}

TEST_CASE("kernel: Smith-Waterman with two rows and a best place") {
    Param M("M"), N("N");
    Input s("s", UInt(2), {M}), t("t", UInt(2), {N});
    Output best("best", Int(16), {3});
    Var i("i"), j("j"), z("z");
    const Kernel k("align", {s, t, best}, [&](KernelBody& k) {
        Array row = k.array("row", Int(16), {N + 1});
        Scalar top = k.scalar("top", Int(16), 0), top_i = k.scalar("top_i", Int(32), 0),
               top_j = k.scalar("top_j", Int(32), 0);
        k.for_(z, 0, N + 1, [&] { row(z) = 0; });
        k.for_(i, 0, M, [&] {
            Scalar diagonal = k.scalar("diagonal", Int(16), 0);
            k.for_(j, 0, N, [&] {
                const Expr up = k.let(row(j + 1));
                const Expr match = diagonal + select(s(i) == t(j), 2, -1);
                row(j + 1) = max(max(match, 0), max(up - 1, row(j) - 1));
                diagonal = up;
                k.if_(row(j + 1) > top, [&] {
                    top = row(j + 1);
                    top_i = i;
                    top_j = j;
                });
            });
        });
        best(0) = top;
        best(1) = top_i;
        best(2) = top_j;
    });
    const auto letters = [](int64_t n, unsigned seed) {
        return random_buffer<uint8_t>(UInt(2), {n}, 0, 3, seed);
    };
    const auto a = letters(23, 3), b = letters(31, 4);
    int16_t h[24][32] = {};
    Buffer<int16_t> want({3});
    std::fill(want.begin(), want.end(), int16_t{0});
    for (int64_t x = 0; x < 23; ++x)
        for (int64_t y = 0; y < 31; ++y) {
            const int16_t cell = static_cast<int16_t>(
                std::max({0, h[x][y] + (a(x) == b(y) ? 2 : -1), h[x][y + 1] - 1, h[x + 1][y] - 1}));
            h[x + 1][y + 1] = cell;
            if (cell > want(0)) {
                want(0) = cell;
                want(1) = static_cast<int16_t>(x);
                want(2) = static_cast<int16_t>(y);
            }
        }
    expect(k, {{{a, b}, {want}}});
}

TEST_CASE("kernel: the three nearest neighbours, kept sorted in a local array") {
    Param N("N"), Q("Q");
    Input train("train", UInt(32), {N}), query("query", UInt(32), {Q});
    Output nearest("nearest", Int(32), {Q, 3});
    Var q("q"), n("n"), c("c"), w("w");
    const Kernel knn("knn", {train, query, nearest}, [&](KernelBody& k) {
        k.for_(q, 0, Q, [&] {
            Array distance = k.array("distance", Int(32), {3});
            k.for_(c, 0, 3, [&] {
                distance(c) = 1000;
                nearest(q, c) = -1;
            });
            k.for_(n, 0, N, [&] {
                Scalar at = k.scalar("at", Int(32), 3);
                const Expr d = k.let(popcount(train(n) ^ query(q)));
                k.while_([&] { return select(at > 0, d < distance(max(at - 1, 0)), false); },
                         [&] {
                             at -= 1;
                             k.if_(at < 2, [&] {
                                 distance(at + 1) = distance(at);
                                 nearest(q, at + 1) = nearest(q, at);
                             });
                         });
                k.if_(at < 3, [&] {
                    distance(at) = d;
                    nearest(q, at) = n;
                });
            });
        });
    });
    const auto in = random_buffer<uint32_t>({40}, 0, 100000, 5),
               ask = random_buffer<uint32_t>({6}, 0, 100000, 6);
    Buffer<int32_t> want({6, 3});
    for (int64_t x = 0; x < 6; ++x) {
        std::vector<int32_t> order(40);
        std::iota(order.begin(), order.end(), 0);
        const auto distance = [&](int32_t y) { return std::pair(__builtin_popcount(in(y) ^ ask(x)), y); };
        std::sort(order.begin(), order.end(),
                  [&](int32_t y, int32_t z) { return distance(y) < distance(z); });
        for (int64_t y = 0; y < 3; ++y)
            want(x, y) = order[static_cast<size_t>(y)];
    }
    expect(knn, {{{in, ask}, {want}}});
    Schedule s(knn);
    s[knn].parallel(q);
    expect(s, {{{in, ask}, {want}}});
}
