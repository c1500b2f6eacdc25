/// Small programs in the interpreter against plain C++.

#include "dsl_support.h"

using namespace lathe;

namespace {

int at(const Buffer<uint8_t>& b, int64_t y, int64_t x) {
    return b(y, x);
}

} // namespace

TEST_CASE("gemm on integers and floats, sizes 0 and 1 included") {
    Param M("M"), K("K"), N("N");
    Input A("A", Int(8), {M, K}), B("B", Int(8), {K, N});
    Var i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Int(32), {M, N}), S("S", Float(32), {M, N});
    C(i, j) += A(i, k) * B(k, j);
    S(i, j) = sum(k, cast(Float(32), A(i, k)) * B(k, j));
    for (const auto& [m, kk, n] :
         {std::array{3, 4, 5}, std::array{1, 1, 1}, std::array{0, 3, 2}, std::array{2, 0, 3}}) {
        Buffer<int8_t> a = random_buffer<int8_t>({m, kk}, -128, 127),
                       b = random_buffer<int8_t>({kk, n}, -128, 127, 2);
        Buffer<int32_t> c({m, n});
        Buffer<float> s({m, n});
        interpret(build({C, S}).module, {&a, &b, &c, &s});
        for (int64_t y = 0; y < m; ++y)
            for (int64_t x = 0; x < n; ++x) {
                int expected = 0;
                for (int64_t z = 0; z < kk; ++z)
                    expected += a(y, z) * b(z, x);
                CHECK(c(y, x) == expected);
                CHECK(s(y, x) == static_cast<float>(expected));
            }
    }
}

TEST_CASE("boundaries: every edge at every distance") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    const int far = 7;
    const auto wrapped = [](int64_t i, int64_t n) { return ((i % n) + n) % n; };
    const auto mirrored = [&](int64_t i, int64_t n) {
        const int64_t t = wrapped(i, 2 * n);
        return t < n ? t : 2 * n - 1 - t;
    };
    const auto interior = [&](int64_t i, int64_t n) {
        if (n == 1) return int64_t{0};
        const int64_t t = wrapped(i, 2 * n - 2);
        return t < n ? t : 2 * n - 2 - t;
    };
    for (const auto& [h, w] : {std::pair{1, 1}, std::pair{2, 3}, std::pair{3, 1}, std::pair{4, 5}}) {
        Buffer<uint8_t> image = random_buffer<uint8_t>({h, w}, 0, 255);
        const auto check = [&, h = h, w = w](const Bounded& bounded,
                                             const std::function<int(int64_t, int64_t)>& expected) {
            Func out("out", UInt(8), {H + 2 * far, W + 2 * far});
            out(y, x) = bounded(y - far, x - far);
            Buffer<uint8_t> result({h + 2 * far, w + 2 * far});
            run(out, {&image, &result});
            for (int64_t v = -far; v < h + far; ++v)
                for (int64_t u = -far; u < w + far; ++u)
                    CHECK_MESSAGE(at(result, v + far, u + far) == expected(v, u), h, "x", w, " at ", v, ", ",
                                  u);
        };
        check(constant_edge(in, 9), [&, h = h, w = w](int64_t v, int64_t u) {
            return v >= 0 && v < h && u >= 0 && u < w ? at(image, v, u) : 9;
        });
        check(repeat_edge(in), [&, h = h, w = w](int64_t v, int64_t u) {
            return at(image, std::clamp<int64_t>(v, 0, h - 1), std::clamp<int64_t>(u, 0, w - 1));
        });
        check(wrap(in),
              [&, h = h, w = w](int64_t v, int64_t u) { return at(image, wrapped(v, h), wrapped(u, w)); });
        check(mirror(in),
              [&, h = h, w = w](int64_t v, int64_t u) { return at(image, mirrored(v, h), mirrored(u, w)); });
        check(mirror_interior(in),
              [&, h = h, w = w](int64_t v, int64_t u) { return at(image, interior(v, h), interior(u, w)); });
    }
}

TEST_CASE("an empty image is refused where its edge is needed, and fine where nothing is computed") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    const auto edge = repeat_edge(in);
    Func direct("direct", UInt(8), {H, W}), rows("rows"), staged("staged", UInt(8), {H, W});
    direct(y, x) = edge(y - 1, x);
    rows(y, x) = edge(y, x) + 1;
    staged(y, x) = rows(y - 1, x) + rows(y + 1, x);
    Buffer<uint8_t> none({0, 3}), result({0, 3});
    run(direct, {&none, &result});
    CHECK_THROWS_AS(run(staged, {&none, &result}), Error);
}

TEST_CASE("a fixed-point Gaussian, exact inside, rounded once") {
    Param H("H"), W("W");
    const Type pixel = UFixed(8, 8), weight = UFixed(6, 6);
    Input in("in", pixel, {H, W});
    Const kernel("kernel", weight, {3}, {0.25, 0.5, 0.25});
    Var y("y"), x("x");
    RDom r({{-1, 3}, {-1, 3}}, "r");
    Func blurred("blurred", UFixed(8, 8, Round::rnd), {H, W});
    const auto edge = mirror_interior(in);
    blurred(y, x) = sum(r, edge(y + r.x, x + r.y) * kernel(r.x + 1) * kernel(r.y + 1));
    const int h = 4, w = 5;
    AnyBuffer image(pixel, {h, w}), result(blurred.type(), {h, w});
    std::mt19937 random(3);
    for (int64_t v = 0; v < h; ++v)
        for (int64_t u = 0; u < w; ++u)
            image.set({v, u}, Value::from_raw(pixel, random() % 256));
    run(blurred, {&image, &result});
    const auto inside = [](int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i; };
    for (int64_t v = 0; v < h; ++v)
        for (int64_t u = 0; u < w; ++u) {
            long total = 8;
            for (int64_t b = -1; b <= 1; ++b)
                for (int64_t a = -1; a <= 1; ++a)
                    total += image.get({inside(v + b, h), inside(u + a, w)}).raw().get_si() * (b ? 1 : 2) *
                             (a ? 1 : 2);
            CHECK(result.get({v, u}).raw() == (total / 16) % 256);
        }
}

TEST_CASE("scatter, gather and a scan") {
    Param N("N");
    Input in("in", UInt(4), {N});
    Var x("x");
    RDom r(0, N, "r"), c(1, 15, "c");
    Func histogram("histogram"), running("running"), ranks("ranks", Int(16), {N});
    histogram(x) = cast(Int(16), 0);
    histogram(in(r)) += 1;
    running(x) = histogram(x);
    running(c) += running(c - 1);
    ranks(x) = running(in(x));
    const int n = 40;
    Buffer<uint8_t> data(UInt(4), {n});
    std::mt19937 random(5);
    for (uint8_t& v : data)
        v = random() % 16;
    Buffer<int16_t> result({n});
    run(ranks, {&data, &result});
    for (int64_t p = 0; p < n; ++p)
        CHECK(result(p) == std::count_if(data.begin(), data.end(), [&](uint8_t v) { return v <= data(p); }));
}

TEST_CASE("loads of an arm happen only where it is chosen, reductions in it too") {
    Input in("in", Int(8), {8});
    Var x("x");
    RDom k(0, 3, "k");
    Func out("out", Int(16), {8}), nested("nested", Int(16), {8});
    const Expr window = sum(k, in(x - k));
    out(x) = select(x >= 2, window, x == 1, in(x) + in(x - 1), in(x));
    nested(x) = select(x >= 2, select(window > 10, window, -window), select(x > 0, in(x - 1), 7));
    Func guarded("guarded", Int(16), {8});
    const Expr pair = sum(RDom(0, 2, "l"), in(x) * 2);
    guarded(x) = select(x == 0, pair, select(in(x - 1) > 0, pair, 0));
    Buffer<int8_t> data = random_buffer<int8_t>({8}, -20, 20);
    Buffer<int16_t> a({8}), b({8}), g({8});
    interpret(build({out, nested, guarded}).module, {&data, &a, &b, &g});
    for (int64_t p = 0; p < 8; ++p) {
        int total = 0;
        for (int64_t q = 0; q < std::min<int64_t>(p + 1, 3); ++q)
            total += data(p - q);
        CHECK(a(p) == total);
        CHECK(g(p) == (p == 0 || data(p - 1) > 0 ? 4 * data(p) : 0));
        CHECK(b(p) == (p >= 2 ? (total > 10 ? total : -total) : p > 0 ? data(p - 1) : 7));
    }
}

TEST_CASE("a reduction that every arm of many selects uses runs once, unconditionally") {
    Input in("in", Int(8), {12});
    Var x("x");
    RDom k(0, 3, "k");
    Func out("out", Int(32), {8});
    Expr v = sum(k, in(x + k));
    for (int n = 0; n < 40; ++n)
        v = select(x > n, cast(Int(32), v + 1), cast(Int(32), v - 1));
    out(x) = v;
    const Algorithm a = build({out});
    CHECK(print(a.module).find("if ") == std::string::npos);
    Buffer<int8_t> data = random_buffer<int8_t>({12}, -20, 20);
    Buffer<int32_t> result({8});
    interpret(a.module, {&data, &result});
    for (int64_t p = 0; p < 8; ++p)
        CHECK(result(p) == data(p) + data(p + 1) + data(p + 2) + p - (40 - p));
}

TEST_CASE("reductions: of several kinds, nested, over triangles and conditions") {
    Input A("A", Int(8), {6, 6});
    Var i("i");
    RDom k(0, 6, "k"), l(0, 6, "l"), below(0, i, "below"), odd(0, 6, "odd"), none(0, 0, "none");
    odd.where(odd % 2 == 1);
    Func f("f", Int(32), {6, 7}), update("update", Int(32), {6});
    Var c("c");
    f(i, c) = select(c == 0, minimum(k, A(i, k)), c == 1, maximum(k, A(i, k)), c == 2,
                     sum(below, A(i, below), Int(32)), c == 3, sum(odd, A(i, odd)), c == 4,
                     sum(k, A(i, k) * maximum(l, A(k, l))), c == 5, product(k, A(i, k), Int(32)),
                     sum(none, A(i, none)));
    update(i) += A(i, odd) * A(odd, i);
    Buffer<int8_t> a = random_buffer<int8_t>({6, 6}, -9, 9);
    Buffer<int32_t> result({6, 7}), updated({6});
    interpret(build({f, update}).module, {&a, &result, &updated});
    for (int64_t p = 0; p < 6; ++p) {
        int low = 127, high = -128, triangle = 0, odds = 0, weighted = 0, all = 1, u = 0;
        for (int64_t q = 0; q < 6; ++q) {
            int best = -128;
            for (int64_t z = 0; z < 6; ++z)
                best = std::max<int>(best, a(q, z));
            low = std::min<int>(low, a(p, q));
            high = std::max<int>(high, a(p, q));
            triangle += q < p ? a(p, q) : 0;
            odds += q % 2 ? a(p, q) : 0;
            weighted += a(p, q) * best;
            all *= a(p, q);
            u += q % 2 ? a(p, q) * a(q, p) : 0;
        }
        const int expected[] = {low, high, triangle, odds, weighted, all, 0};
        for (int64_t q = 0; q < 7; ++q)
            CHECK_MESSAGE(result(p, q) == expected[q], "column ", q);
        CHECK(updated(p) == u);
    }
}

TEST_CASE("one RDom in several reductions and around them") {
    Input A("A", Int(8), {5});
    Var i("i");
    RDom k(0, 5, "k");
    const Expr a = A(k);
    Func f("f", Int(32), {5});
    f(i) += a * sum(k, a * a) + sum(k, a);
    Buffer<int8_t> data = random_buffer<int8_t>({5}, -9, 9);
    Buffer<int32_t> result({5});
    run(f, {&data, &result});
    int once = 0, squares = 0;
    for (int v : data) {
        once += v;
        squares += v * v;
    }
    CHECK(result(0) == once * squares + 5 * once);
}

TEST_CASE("bits, casts and literals") {
    Input in("in", UInt(12), {4});
    Var x("x");
    Func out("out", UInt(32), {4, 6});
    Var c("c");
    const Expr v = in(x);
    out(x, c) = select(c == 0, v(7, 4), c == 1, v[11], c == 2, reverse(v), c == 3, popcount(v), c == 4,
                       concat(v, UInt(3).width() ? v(2, 0) : v), cast(UInt(4), bitcast(Int(12), v) >> 8));
    Buffer<uint16_t> data(UInt(12), {4});
    Buffer<uint32_t> result({4, 6});
    const uint16_t values[] = {0xabc, 0x001, 0xfff, 0x800};
    for (int64_t p = 0; p < 4; ++p) {
        data(p) = values[p];
    }
    run(out, {&data, &result});
    for (int64_t p = 0; p < 4; ++p) {
        const unsigned b = values[p];
        unsigned reversed = 0;
        for (unsigned n = 0; n < 12; ++n)
            reversed |= (b >> n & 1) << (11 - n);
        const unsigned expected[] = {b >> 4 & 15,      b >> 11,
                                     reversed,         static_cast<unsigned>(__builtin_popcount(b)),
                                     b << 3 | (b & 7), b >> 8};
        for (int64_t q = 0; q < 6; ++q)
            CHECK_MESSAGE(result(p, q) == expected[q], "column ", q);
    }
}

TEST_CASE("two hundred stages") {
    const auto chain = [](int stages) {
        Input in("in", Int(32), {400});
        Var x("x");
        std::vector<Func> funcs;
        for (int n = 0; n < stages; ++n) {
            funcs.emplace_back("f" + std::to_string(n), Int(32));
            if (n == 0)
                funcs[0](x) = in(x) + in(x + 1);
            else if (n == 1)
                funcs[1](x) = funcs[0](x) + funcs[0](x + 1);
            else
                funcs.back()(x) = funcs[size_t(n) - 1](x) - funcs[size_t(n) - 2](x + 1);
        }
        Func out("out", Int(32), {100});
        out(x) = funcs.back()(x);
        return out;
    };
    const Func out = chain(200);
    Buffer<int32_t> in({400}), result({100});
    for (int32_t& v : in)
        v = 1;
    run(out, {&in, &result});
    int before = 2, last = 4;
    for (int n = 2; n < 200; ++n)
        before = std::exchange(last, last - before);
    CHECK(result(7) == last);
}

TEST_CASE("scalars, parameters, constants and a kept order of arguments") {
    Param alpha("alpha", Float(32)), N("N"), shift("shift", Int(16));
    Input x("x", Float(32), {N}), bias("bias", Float(32), {});
    Const table("table", Float(32), {2}, {0.5, 2.0});
    Var i("i");
    RDom k(0, N, "k");
    Func total("total", Float(32), {}), y("y", Float(32), {N});
    total() += x(k);
    y(i) = alpha * x(i) + bias() + total() * table(i % 2) + shift;
    const Algorithm a = build({y, total}, {bias, x}, "affine");
    CHECK(a.module.top().name == "affine");
    CHECK(a.module.top().arguments[0].tensor.symbol == bias.symbol());
    Buffer<float> vx({3}), vb(std::vector<int64_t>{}), vy({3}), vt(std::vector<int64_t>{});
    for (int64_t p = 0; p < 3; ++p)
        vx(p) = static_cast<float>(p + 1);
    vb() = 10;
    interpret(a.module, {&vb, &vx, &vy, &vt},
              {{"alpha", Value::from_double(Float(32), 3)}, {"shift", Value::from_raw(Int(16), -1)}});
    CHECK(vt() == 6);
    for (int64_t p = 0; p < 3; ++p)
        CHECK(vy(p) == 3.0f * static_cast<float>(p + 1) + 10 + 6 * (p % 2 ? 2.0f : 0.5f) - 1);
}
