/// Chains of time steps, scans, graphs: programs whose order matters.

#include "program.h"

using namespace lathe;

namespace {

using F = Buffer<float>;

F exact_floats(std::vector<int64_t> shape, unsigned seed) {
    return random_buffer<float>(std::move(shape), -64, 64, seed);
}

} // namespace

TEST_CASE("Jacobi 2-D: a chain of Funcs, tiles that overlap") {
    Param N("N"), M("M");
    const int steps = 4;
    Input in("in", Float(32), {N, M});
    Var y("y"), x("x");
    std::vector<Func> t;
    for (int n = 0; n < steps; ++n) {
        t.emplace_back("t" + std::to_string(n), Float(32), Shape{N, M});
        const auto at = [&](const Expr& v, const Expr& u) -> Expr {
            if (n == 0) return in(v, u);
            return t[static_cast<size_t>(n - 1)](v, u);
        };
        const Expr inside = y > 0 && y < N - 1 && x > 0 && x < M - 1;
        const Expr mean = 0.25f * (at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1));
        t.back()(y, x) = select(inside, mean, at(y, x));
    }
    std::vector<Case> cases;
    for (const auto& [h, w] :
         {std::pair{11, 21}, std::pair{8, 16}, std::pair{1, 1}, std::pair{2, 9}, std::pair{0, 3}}) {
        F a = exact_floats({h, w}, 1), now = a;
        for (int n = 0; n < steps; ++n) {
            F next({h, w});
            for (int64_t v = 0; v < h; ++v)
                for (int64_t u = 0; u < w; ++u) {
                    const bool inside = v > 0 && v < h - 1 && u > 0 && u < w - 1;
                    next(v, u) = inside
                                     ? 0.25f * (now(v - 1, u) + now(v + 1, u) + now(v, u - 1) + now(v, u + 1))
                                     : now(v, u);
                }
            now = next;
        }
        cases.push_back({{a}, {now}});
    }
    const Func out = t.back();
    expect(Schedule(out), cases);
    Schedule s(out);
    for (const Func& f : t)
        s[f].vectorize(x, 8).parallel(y);
    expect(s, cases);
    Schedule tiles(out);
    auto [yo, xo, yi, xi] = tiles[out].tile({y, x}, {4, 8});
    for (size_t n = t.size() - 1; n-- > 0;) {
        tiles.compute_at(t[n], out, xo);
        tiles[t[n]].vectorize(x, 8);
    }
    tiles[out].vectorize(xi).parallel(yo);
    expect(tiles, cases);
    Schedule pairs(out); // two steps at a time
    auto [po, pi] = pairs[out].split(y, 4);
    pairs.compute_at(t[2], out, po);
    auto [qo, qi] = pairs[t[1]].split(y, 3);
    pairs.compute_at(t[0], t[1], qo);
    for (const Func& f : t)
        pairs[f].vectorize(x, 4);
    expect(pairs, cases);
    Schedule inlined(out);
    inlined.inline_(t[2]).inline_(t[0]);
    inlined[out].vectorize(x, 8);
    expect(inlined, cases);
}

TEST_CASE("Seidel 2-D: in place, in order") {
    Param N("N"), T("T");
    Input in("in", Float(32), {N, N});
    Var y("y"), x("x");
    RDom r({{0, T}, {1, max(N - 2, 0)}, {1, max(N - 2, 0)}}, "r");
    Func a("a", Float(32), {N, N});
    a(y, x) = in(y, x);
    a(r.y, r.z) = 0.25f * (a(r.y - 1, r.z) + a(r.y, r.z - 1) + a(r.y, r.z + 1) + a(r.y + 1, r.z));
    std::vector<Case> cases;
    for (const auto& [n, steps] : {std::pair{9, 3}, std::pair{2, 2}, std::pair{1, 1}, std::pair{5, 0}}) {
        F b = exact_floats({n, n}, 2), e({n, n});
        for (int64_t v = 0; v < b.size(); ++v)
            e.begin()[v] = b.begin()[v];
        for (int q = 0; q < steps; ++q)
            for (int64_t v = 1; v < n - 1; ++v)
                for (int64_t u = 1; u < n - 1; ++u)
                    e(v, u) = 0.25f * (e(v - 1, u) + e(v, u - 1) + e(v, u + 1) + e(v + 1, u));
        cases.push_back({{b}, {e}, {{"T", Value::index(steps)}}});
    }
    Schedule s(a);
    CHECK_THROWS_WITH_AS(s[a].parallel(r.y), doctest::Contains("is read as"), Error);
    CHECK_THROWS_WITH_AS(s[a].vectorize(r.z, 4), doctest::Contains("is read as"), Error);
    CHECK_THROWS_WITH_AS(s[a].reorder(r.y, r.x), doctest::Contains("order"), Error);
    s[a].unroll(r.z, 2).init().vectorize(x, 4);
    expect(s, cases);
    Schedule u(a);
    auto [zo, zi] = u[a].split(r.z, 3);
    u[a].unroll(zi);
    expect(u, cases);
}

TEST_CASE("Floyd-Warshall") {
    Param N("N");
    Input in("in", UInt(16), {N, N});
    Var i("i"), j("j");
    RDom r({{0, N}, {0, N}, {0, N}}, "r"); // k, i, j
    Func d("d", UInt(16), {N, N});
    d(i, j) = in(i, j);
    d(r.y, r.z) = min(d(r.y, r.z), d(r.y, r.x) + d(r.x, r.z));
    std::vector<Case> cases;
    for (int n : {7, 1, 0, 12}) {
        Buffer<uint16_t> a = random_buffer<uint16_t>({n, n}, 1, 100), e({n, n});
        std::copy(a.begin(), a.end(), e.begin());
        for (int64_t k = 0; k < n; ++k)
            for (int64_t y = 0; y < n; ++y)
                for (int64_t x = 0; x < n; ++x)
                    e(y, x) = std::min<uint16_t>(e(y, x), static_cast<uint16_t>(e(y, k) + e(k, x)));
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(d), cases);
    Schedule s(d);
    CHECK_THROWS_AS(s[d].parallel(r.x), Error);
    s[d].init().vectorize(j, 8).parallel(i);
    s[d].unroll(r.z, 2);
    expect(s, cases);
}

TEST_CASE("prefix sums, in order and by doubling") {
    Param N("N"), M("M");
    Input in("in", Int(16), {M, N});
    Var i("i"), x("x");
    RDom r(1, N - 1, "r");
    Func scan("scan", Int(32), {M, N});
    scan(i, x) = in(i, x);
    scan(i, r) += scan(i, r - 1);
    std::vector<Case> cases;
    for (const auto& [m, n] : {std::pair{5, 17}, std::pair{8, 16}, std::pair{1, 1}, std::pair{3, 2}}) {
        Buffer<int16_t> a = random_buffer<int16_t>({m, n}, -30000, 30000);
        Buffer<int32_t> e({m, n});
        for (int64_t v = 0; v < m; ++v)
            for (int64_t u = 0; u < n; ++u)
                e(v, u) = (u ? e(v, u - 1) : 0) + a(v, u);
        cases.push_back({{a}, {e}});
    }
    Schedule s(scan);
    s[scan].parallel(i);
    expect(s, cases);
    Schedule t(scan);
    t[scan].reorder(r, i).vectorize(i, 4);
    expect(t, cases);
    std::vector<Func> doubled;
    for (int step = 1, n = 0; step < 32; step *= 2, ++n) {
        doubled.emplace_back("d" + std::to_string(n), Int(32), Shape{M, N});
        const auto before = [&](const Expr& u) -> Expr {
            if (n == 0) return in(i, u);
            return doubled[static_cast<size_t>(n - 1)](i, u);
        };
        doubled.back()(i, x) = before(x) + select(x >= step, before(x - step), 0);
    }
    Schedule u(doubled.back());
    for (const Func& f : doubled)
        u[f].vectorize(x, 8);
    expect(u, cases);
    Schedule v(doubled.back());
    for (size_t n = doubled.size() - 1; n-- > 0;)
        v.compute_at(doubled[n], doubled.back(), i);
    v[doubled.back()].parallel(i);
    expect(v, cases);
}

TEST_CASE("heat 3-D with a given interior") {
    Param A("A"), B("B"), C("C");
    Input in("in", Int(32), {A + 2, B + 2, C + 2});
    Var z("z"), y("y"), x("x");
    Func mid("mid", Int(32)), out("out", Int(32), {A, B, C});
    const auto lap = [&](auto& f, const Expr& p, const Expr& q, const Expr& r) -> Expr {
        return f(p - 1, q, r) + f(p + 1, q, r) + f(p, q - 1, r) + f(p, q + 1, r) + f(p, q, r - 1) +
               f(p, q, r + 1) - 6 * f(p, q, r);
    };
    mid(z, y, x) = in(z, y, x) * 3;
    out(z, y, x) = mid(z + 1, y + 1, x + 1) + (lap(mid, z + 1, y + 1, x + 1) >> 3);
    std::vector<Case> cases;
    for (const auto& [a, b, c] : {std::array{5, 6, 19}, std::array{1, 1, 1}, std::array{4, 4, 8}}) {
        Buffer<int32_t> v = random_buffer<int32_t>({a + 2, b + 2, c + 2}, -1000, 1000), e({a, b, c});
        for (int64_t p = 0; p < a; ++p)
            for (int64_t q = 0; q < b; ++q)
                for (int64_t r = 0; r < c; ++r) {
                    const auto at = [&](int64_t dz, int64_t dy, int64_t dx) {
                        return 3 * v(p + 1 + dz, q + 1 + dy, r + 1 + dx);
                    };
                    e(p, q, r) = at(0, 0, 0) + ((at(-1, 0, 0) + at(1, 0, 0) + at(0, -1, 0) + at(0, 1, 0) +
                                                 at(0, 0, -1) + at(0, 0, 1) - 6 * at(0, 0, 0)) >>
                                                3);
                }
        cases.push_back({{v}, {e}, {{"A", Value::index(a)}, {"B", Value::index(b)}, {"C", Value::index(c)}}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    auto [zo, zi] = s[out].split(z, 2);
    auto [yo, xo, yi, xi] = s[out].tile({y, x}, {4, 8});
    s[out].reorder({zo, yo, xo, zi, yi, xi});
    s.compute_at(mid, out, xo);
    s[mid].vectorize(x, 8);
    s[out].vectorize(xi).unroll(zi);
    Loop blocks = s[out].fuse(zo, yo);
    s[out].parallel(blocks);
    expect(s, cases);
    Schedule t(out);
    t.compute_at(mid, out, y);
    Loop yx = t[mid].fuse(y, x);
    t[mid].vectorize(yx, 8);
    t[out].vectorize(x, 8).parallel(z);
    expect(t, cases);
}

TEST_CASE("scatter: votes, and the last writer wins") {
    Param N("N"), K("K");
    Input key("key", UInt(8), {N}), weight("weight", Int(16), {N});
    Var b("b");
    RDom r(0, N, "r");
    Func votes("votes", Int(32), {64}), last("last", Int(16), {64});
    votes(b) = 0;
    votes(key(r) & 63) += weight(r);
    last(b) = -1;
    last(key(r) % 64) = weight(r);
    std::vector<Case> cases;
    for (int n : {100, 0, 1}) {
        Buffer<uint8_t> k = random_buffer<uint8_t>({n}, 0, 255);
        Buffer<int16_t> w = random_buffer<int16_t>({n}, -300, 300, 2), l({64});
        Buffer<int32_t> v({64});
        l.fill(Value::from_raw(Int(16), -1));
        for (int64_t p = 0; p < n; ++p)
            v(k(p) % 64) += w(p), l(k(p) % 64) = w(p);
        cases.push_back({{k, w}, {v, l}});
    }
    expect(Schedule({key, weight}, {votes, last}), cases);
    Schedule s({key, weight}, {votes, last});
    CHECK_THROWS_AS(s[votes].parallel(r), Error);
    CHECK_THROWS_AS(s[last].vectorize(r, 4), Error);
    auto [ro, ri] = s[votes].split(r, 4);
    s[votes].reorder(ri, ro).unroll(ri);
    s[last].unroll(r, 4).init().vectorize(b, 16);
    expect(s, cases);
    Schedule t({key, weight}, {votes, last});
    t[votes].vectorize(r, 8); // lane after lane
    expect(t, cases);
}

TEST_CASE("nearest centre: sums nested in minima, several domains") {
    Param N("N"), K("K"), D("D");
    Input p("p", Int(8), {N, D}), c("c", Int(8), {K, D});
    Var n("n");
    RDom k(0, K, "k"), d(0, D, "d");
    Func best("best", Int(32), {N}), total("total", Int(32), {});
    const Expr distance = sum(d, (p(n, d) - c(k, d)) * (p(n, d) - c(k, d)), Int(32));
    best(n) = minimum(k, distance);
    RDom all(0, N, "all");
    total() += best(all);
    std::vector<Case> cases;
    for (const auto& [nn, kk, dd] : {std::array{9, 4, 6}, std::array{16, 1, 16}, std::array{1, 2, 0}}) {
        Buffer<int8_t> a = random_buffer<int8_t>({nn, dd}, -128, 127),
                       b = random_buffer<int8_t>({kk, dd}, -128, 127, 2);
        Buffer<int32_t> e({nn}), t(std::vector<int64_t>{});
        for (int64_t i = 0; i < nn; ++i) {
            e(i) = INT32_MAX;
            for (int64_t j = 0; j < kk; ++j) {
                int s = 0;
                for (int64_t q = 0; q < dd; ++q)
                    s += (a(i, q) - b(j, q)) * (a(i, q) - b(j, q));
                e(i) = std::min(e(i), s);
            }
            t() += e(i);
        }
        cases.push_back({{a, b}, {e, t}});
    }
    expect(Schedule({p, c}, {best, total}), cases);
    Schedule s({p, c}, {best, total});
    s[best].vectorize(d, 8).parallel(n);
    s[total].vectorize(all, 4);
    expect(s, cases);
    Schedule t({p, c}, {best, total});
    t[best].vectorize(n, 8);
    t[total].unroll(all, 4);
    expect(t, cases);
}

TEST_CASE("forward substitution and LU: ranges that depend on others") {
    Param N("N");
    Input L("L", Float(64), {N, N}), b("b", Float(64), {N});
    Var i("i"), j("j");
    Func x("x", Float(64), {N});
    RDom r({{0, N}, {0, N}}, "r");
    r.where(r.y < r.x);
    x(i) = b(i);
    x(r.x) -= L(r.x, r.y) * x(r.y);
    Func lu("lu", Float(64), {N, N});
    RDom k({{0, N}, {0, N}, {0, N}}, "k");
    k.where(k.y > k.x && k.z >= k.x);
    lu(i, j) = L(i, j);
    lu(k.y, k.z) = select(k.z == k.x, lu(k.y, k.z) * 0.5, lu(k.y, k.z) - lu(k.y, k.x) * lu(k.x, k.z));
    std::vector<Case> cases;
    for (int n : {6, 1, 0}) {
        Buffer<double> a = random_buffer<double>({n, n}, -2, 2), v = random_buffer<double>({n}, -9, 9, 2),
                       e({n}), m({n, n});
        std::copy(v.begin(), v.end(), e.begin());
        std::copy(a.begin(), a.end(), m.begin());
        for (int64_t p = 0; p < n; ++p)
            for (int64_t q = 0; q < p; ++q)
                e(p) -= a(p, q) * e(q);
        for (int64_t p = 0; p < n; ++p)
            for (int64_t y = p + 1; y < n; ++y)
                for (int64_t z = p; z < n; ++z)
                    m(y, z) = z == p ? m(y, z) * 0.5 : m(y, z) - m(y, p) * m(p, z);
        cases.push_back({{a, v}, {e, m}});
    }
    expect(Schedule({L, b}, {x, lu}), cases);
    Schedule s({L, b}, {x, lu});
    CHECK_THROWS_AS(s[x].parallel(r.x), Error);
    s[lu].unroll(k.z, 2).init().vectorize(j, 4);
    s[x].unroll(r.y, 3);
    expect(s, cases);
}
