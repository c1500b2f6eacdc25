/// Products of matrices and vectors, as PolyBench and BLAS have them.

#include "program.h"

using namespace lathe;

namespace {

using F = Buffer<float>;

/// Values whose sums are exact in Float(32), so that order and contraction do not matter.
F exact_floats(std::vector<int64_t> shape, unsigned seed) {
    return random_buffer<float>(std::move(shape), -4, 4, seed, 0.25);
}

F multiply(const F& a, const F& b) {
    F c({a.extent(0), b.extent(1)});
    for (int64_t i = 0; i < a.extent(0); ++i)
        for (int64_t j = 0; j < b.extent(1); ++j)
            for (int64_t k = 0; k < a.extent(1); ++k)
                c(i, j) += a(i, k) * b(k, j);
    return c;
}

} // namespace

TEST_CASE("batched matmul: batch and tiles in parallel, blocks of k outside") {
    Param P("P"), M("M"), N("N"), K("K");
    Input A("A", Float(32), {P, M, K}), B("B", Float(32), {P, K, N});
    Var p("p"), i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Float(32), {P, M, N});
    C(p, i, j) = 0.0f;
    C(p, i, j) += A(p, i, k) * B(p, k, j);

    std::vector<Case> cases;
    for (const auto& [b, m, n, kk] :
         {std::array{2, 5, 19, 7}, std::array{1, 1, 1, 1}, std::array{3, 8, 16, 4}, std::array{0, 3, 4, 2},
          std::array{2, 3, 5, 0}}) {
        F a = exact_floats({b, m, kk}, 1), x = exact_floats({b, kk, n}, 2), c({b, m, n});
        for (int64_t q = 0; q < b; ++q)
            for (int64_t y = 0; y < m; ++y)
                for (int64_t z = 0; z < n; ++z)
                    for (int64_t r = 0; r < kk; ++r)
                        c(q, y, z) += a(q, y, r) * x(q, r, z);
        cases.push_back({{a, x}, {c}});
    }
    expect(Schedule(C), cases);
    Schedule s(C);
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {4, 8});
    s[C].reorder(p, io, jo, k, ii, ji).fuse_init(jo).unroll(ii).vectorize(ji);
    s[C].parallel(p);
    expect(s, cases);
    Schedule t(C);
    Loop pi = t[C].fuse(p, i);
    auto [ko, ki] = t[C].split(k, 3);
    t[C].reorder(pi, ko, ki, j).parallel(pi).vectorize(j, 8).unroll(ki);
    t[C].init().vectorize(j, 8).parallel(p);
    expect(t, cases);
    Schedule u(C);
    u[C].reorder(k, p, i, j).vectorize(i, 4);
    expect(u, cases);
}

TEST_CASE("int8 gemm with an Int(32) sum") {
    Param M("M"), N("N"), K("K");
    Input A("A", UInt(8), {M, K}), B("B", Int(8), {K, N});
    Var i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Int(32), {M, N});
    C(i, j) += A(i, k) * B(k, j);

    std::vector<Case> cases;
    for (const auto& [m, n, kk] :
         {std::array{5, 33, 9}, std::array{16, 16, 16}, std::array{1, 1, 1}, std::array{2, 3, 0}}) {
        Buffer<uint8_t> a = random_buffer<uint8_t>({m, kk}, 0, 255);
        Buffer<int8_t> b = random_buffer<int8_t>({kk, n}, -128, 127, 2);
        Buffer<int32_t> c({m, n});
        for (int64_t y = 0; y < m; ++y)
            for (int64_t x = 0; x < n; ++x)
                for (int64_t z = 0; z < kk; ++z)
                    c(y, x) += a(y, z) * b(z, x);
        cases.push_back({{a, b}, {c}});
    }
    Schedule s(C);
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {4, 16});
    s[C].reorder(io, jo, k, ii, ji).unroll(ii).vectorize(ji).parallel(io).fuse_init(jo);
    expect(s, cases);
    Schedule t(C); // integers may be summed in any order
    t[C].vectorize(k, 8);
    expect(t, cases);
    Schedule u(C);
    auto [ko, ki] = u[C].split(k, 4);
    u[C].reorder(ko, i, j, ki).unroll(ki).vectorize(j, 16);
    expect(u, cases);
}

TEST_CASE("gemm with a constant inner size and other sizes from buffers") {
    Param M("M"), N("N");
    Input A("A", Float(32), {M, 6}), B("B", Float(32), {6, N});
    Var i("i"), j("j");
    RDom k(0, 6, "k");
    Func C("C", Float(32), {M, N});
    C(i, j) = sum(k, A(i, k) * B(k, j));
    std::vector<Case> cases;
    for (const auto& [m, n] : {std::pair{7, 21}, std::pair{4, 16}, std::pair{1, 2}, std::pair{0, 5}}) {
        F a = exact_floats({m, 6}, 3), b = exact_floats({6, n}, 4);
        cases.push_back({{a, b}, {multiply(a, b)}});
    }
    expect(Schedule(C), cases);
    Schedule s(C);
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {4, 8});
    s[C].unroll(k).vectorize(ji).parallel(io);
    expect(s, cases);
    F wrong({4, 7}), b({6, 4}), c({4, 4});
    CHECK_THROWS_AS(jit(s)(wrong, b, c), Error);
}

TEST_CASE("2mm and 3mm: products of products") {
    Param M("M"), N("N"), K("K"), L("L");
    Param alpha("alpha", Float(32)), beta("beta", Float(32));
    Input A("A", Float(32), {M, K}), B("B", Float(32), {K, N}), C("C", Float(32), {N, L}),
        D("D", Float(32), {M, L});
    Var i("i"), j("j");
    RDom k(0, K, "k"), n(0, N, "n");
    Func tmp("tmp", Float(32)), out("out", Float(32), {M, L});
    tmp(i, j) = 0.0f;
    tmp(i, j) += alpha * A(i, k) * B(k, j);
    out(i, j) = D(i, j) * beta;
    out(i, j) += tmp(i, n) * C(n, j);
    std::vector<Case> cases;
    for (const auto& [m, kk, nn, l] :
         {std::array{6, 5, 9, 10}, std::array{1, 1, 1, 1}, std::array{4, 8, 8, 8}}) {
        F a = exact_floats({m, kk}, 1), b = exact_floats({kk, nn}, 2), c = exact_floats({nn, l}, 3),
          d = exact_floats({m, l}, 4);
        F e = multiply(multiply(a, b), c);
        for (int64_t y = 0; y < m; ++y)
            for (int64_t x = 0; x < l; ++x)
                e(y, x) = 0.5f * d(y, x) + 2 * e(y, x);
        cases.push_back(
            {{a, b, c, d},
             {e},
             {{"alpha", Value::from_double(Float(32), 2)}, {"beta", Value::from_double(Float(32), 0.5)}}});
    }
    expect(Schedule(out), cases);
    Schedule s(out); // one row of tmp for one row of out
    s[out].fuse_init(i);
    s.compute_at(tmp, out, i).store_in(tmp, MemorySpace::heap());
    s[tmp].reorder(k, j).vectorize(j, 8);
    s[out].reorder(n, j).vectorize(j, 8).parallel(i);
    expect(s, cases);
    Schedule t(out);
    auto [io, ii] = t[out].split(i, 4);
    t.compute_at(tmp, out, io);
    t[tmp].reorder(k, i, j).unroll(i).vectorize(j, 4);
    t[out].reorder(io, n, ii, j).vectorize(j, 8);
    expect(t, cases);

    Func E("E", Float(32)), G("G", Float(32)), H("H", Float(32), {M, L});
    E(i, j) += A(i, k) * B(k, j);
    RDom m(0, L, "m");
    Input X("X", Float(32), {L, L});
    G(i, j) += C(i, m) * X(m, j);
    H(i, j) += E(i, n) * G(n, j);
    F a = exact_floats({5, 3}, 1), b = exact_floats({3, 6}, 2), c = exact_floats({6, 9}, 3),
      x = exact_floats({9, 9}, 4);
    for (F* f : {&b, &c, &x}) // keep every sum exact
        for (float& v : *f)
            v = std::trunc(v);
    Schedule v(H);
    v[G].reorder(m, i, j).vectorize(j, 8);
    v[H].reorder(i, n, j).vectorize(j, 8).parallel(i);
    v[E].vectorize(j, 4).fuse_init();
    expect(v, {{{a, b, c, x}, {multiply(multiply(a, b), multiply(c, x))}}});
}

TEST_CASE("syrk and trmm: triangles by a dependent range and by a condition") {
    Param N("N"), M("M");
    Input A("A", Int(16), {N, M}), C0("C0", Int(32), {N, N});
    Var i("i"), j("j");
    RDom k(0, M, "k");
    Func C("C", Int(32), {N, N});
    C(i, j) = C0(i, j);
    RDom below({{0, i + 1}, {0, M}}, "below");
    C(i, below.x) += A(i, below.y) * A(below.x, below.y);
    Func E("E", Int(32), {N, N});
    RDom all({{0, N}, {0, N}, {0, M}}, "all");
    all.where(all.y <= all.x);
    E(i, j) = C0(i, j);
    E(all.x, all.y) += A(all.x, all.z) * A(all.y, all.z);
    Func G("G", Int(32), {N, N});
    G(i, j) = select(j <= i, C0(i, j) + sum(k, A(i, k) * A(j, k), Int(33)), C0(i, j));

    std::vector<Case> cases, cases2;
    for (const auto& [n, m] :
         {std::pair{9, 5}, std::pair{8, 8}, std::pair{1, 1}, std::pair{0, 2}, std::pair{3, 0}}) {
        Buffer<int16_t> a = random_buffer<int16_t>({n, m}, -300, 300);
        Buffer<int32_t> c0 = random_buffer<int32_t>({n, n}, -9, 9, 2), c({n, n});
        for (int64_t y = 0; y < n; ++y)
            for (int64_t x = 0; x < n; ++x) {
                c(y, x) = c0(y, x);
                for (int64_t z = 0; z < m && x <= y; ++z)
                    c(y, x) += a(y, z) * a(x, z);
            }
        cases.push_back({{a, c0}, {c}});
    }
    expect(Schedule(C), cases);
    Schedule s(C);
    s[C].parallel(i).vectorize(below.y, 8);
    expect(s, cases);
    Schedule s2(C);
    s2[C].parallel(i).reorder(i, below.y, below.x).vectorize(below.x, 4);
    expect(s2, cases);
    Schedule t(E);
    t[E].parallel(all.x).vectorize(all.z, 4);
    expect(t, cases);
    Schedule t2(E);
    auto [yo, xo, yi, xi] = t2[E].tile({all.x, all.y}, {4, 4});
    t2[E].reorder(yo, xo, all.z, yi, xi).vectorize(xi).parallel(yo);
    expect(t2, cases);
    Schedule u(G);
    u[G].vectorize(j, 4).parallel(i);
    expect(u, cases);
}

TEST_CASE("gesummv, atax, bicg, mvt") {
    Param N("N"), M("M");
    Input A("A", Float(32), {M, N}), B("B", Float(32), {M, N}), x("x", Float(32), {N}),
        r("r", Float(32), {M});
    Var i("i");
    RDom j(0, N, "j"), m(0, M, "m");
    Func gesummv("gesummv", Float(32), {M}), tmp("tmp", Float(32)), atax("atax", Float(32), {N}),
        q("q", Float(32), {M}), t("t", Float(32), {N});
    gesummv(i) = 1.5f * sum(j, A(i, j) * x(j)) + 0.5f * sum(j, B(i, j) * x(j));
    tmp(i) = 0.0f;
    tmp(i) += A(i, j) * x(j);
    atax(i) += A(m, i) * tmp(m);
    q(i) += A(i, j) * x(j);
    t(i) += A(m, i) * r(m);

    std::vector<Case> cases;
    for (const auto& [mm, n] : {std::pair{7, 11}, std::pair{16, 16}, std::pair{1, 1}, std::pair{1, 9}}) {
        F a = exact_floats({mm, n}, 1), b = exact_floats({mm, n}, 2), vx = exact_floats({n}, 3),
          vr = exact_floats({mm}, 4);
        F g({mm}), at({n}), vq({mm}), vt({n});
        for (int64_t y = 0; y < mm; ++y) {
            float p = 0, o = 0;
            for (int64_t z = 0; z < n; ++z)
                p += a(y, z) * vx(z), o += b(y, z) * vx(z);
            g(y) = 1.5f * p + 0.5f * o;
            vq(y) = p;
            for (int64_t z = 0; z < n; ++z)
                at(z) += a(y, z) * p, vt(z) += a(y, z) * vr(y);
        }
        cases.push_back({{a, b, vx, vr}, {g, at, vq, vt}});
    }
    const std::vector<Func> outputs = {gesummv, atax, q, t};
    expect(Schedule({A, B, x, r}, outputs), cases);
    Schedule s({A, B, x, r}, outputs);
    s[atax].reorder(m, i).vectorize(i, 8);
    s[t].reorder(m, i).vectorize(i, 8);
    auto [qo, qi] = s[q].split(i, 4);
    s[q].reorder(qo, j, qi).unroll(qi).parallel(qo);
    s[gesummv].parallel(i);
    s.compute_at(tmp, atax, m);
    expect(s, cases);
    Schedule v({A, B, x, r}, outputs); // rows as lanes: strided loads
    v[q].vectorize(i, 4);
    v[gesummv].vectorize(i, 4);
    v[tmp].vectorize(i, 8);
    expect(v, cases);
}

TEST_CASE("a transposed matrix in tiles") {
    Param H("H"), W("W");
    Input in("in", UInt(16), {H, W});
    Var y("y"), x("x");
    Func out("out", UInt(16), {W, H});
    out(x, y) = in(y, x);
    std::vector<Case> cases;
    for (const auto& [h, w] : {std::pair{13, 18}, std::pair{16, 16}, std::pair{1, 5}, std::pair{0, 4}}) {
        Buffer<uint16_t> a = random_buffer<uint16_t>({h, w}, 0, 65535), b({w, h});
        for (int64_t p = 0; p < h; ++p)
            for (int64_t q = 0; q < w; ++q)
                b(q, p) = a(p, q);
        cases.push_back({{a}, {b}});
    }
    Schedule s(out);
    auto [xo, yo, xi, yi] = s[out].tile({x, y}, {8, 8});
    s[out].vectorize(yi).unroll(xi).parallel(xo);
    expect(s, cases);
    Schedule t(out);
    auto tiles = t[out].tile({x, y}, {8, 8});
    t[out].reorder(tiles[0], tiles[1], tiles[3], tiles[2]).vectorize(tiles[2]);
    t[out].separate(tiles[0], tiles[1]);
    expect(t, cases);
}
