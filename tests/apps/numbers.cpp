/// Types other than int and float: bits, fixed point, wide integers, Bools, half floats.

#include "program.h"

#include <algorithm>

using namespace lathe;

TEST_CASE("CRC-32 of rows, bit by bit and by table") {
    Param M("M"), N("N");
    Input data("data", UInt(8), {M, N});
    Var i("i");
    RDom k(0, N, "k");
    Func crc("crc", UInt(32)), out("out", UInt(32), {M});
    const auto step = [](Expr c) {
        for (int n = 0; n < 8; ++n)
            c = let(select(c[0] == 1, (c >> 1) ^ 0xEDB88320u, c >> 1));
        return c;
    };
    crc(i) = 0xFFFFFFFFu;
    crc(i) = step(crc(i) ^ data(i, k));
    out(i) = ~crc(i);

    std::vector<uint32_t> entries;
    std::vector<Expr> literals;
    for (uint32_t n = 0; n < 256; ++n) {
        uint32_t c = n;
        for (int b = 0; b < 8; ++b)
            c = c & 1 ? (c >> 1) ^ 0xEDB88320u : c >> 1;
        entries.push_back(c);
        literals.emplace_back(c);
    }
    Const table("table", UInt(32), {256}, literals);
    Func by_table("by_table", UInt(32)), out2("out2", UInt(32), {M});
    by_table(i) = 0xFFFFFFFFu;
    const Expr c = by_table(i);
    by_table(i) = table(c(7, 0) ^ data(i, k)) ^ (c >> 8);
    out2(i) = ~by_table(i);

    std::vector<Case> cases, cases2;
    for (const auto& [m, n] : {std::pair{10, 7}, std::pair{1, 0}, std::pair{8, 3}}) {
        Buffer<uint8_t> d = random_buffer<uint8_t>({m, n}, 0, 255);
        Buffer<uint32_t> e({m});
        for (int64_t p = 0; p < m; ++p) {
            uint32_t v = ~0u;
            for (int64_t q = 0; q < n; ++q)
                v = entries[(v ^ d(p, q)) & 255] ^ (v >> 8);
            e(p) = ~v;
        }
        cases.push_back({{d}, {e}});
    }
    Schedule s(out);
    s[crc].parallel(i);
    expect(s, cases);
    Schedule t(out);
    t[crc].reorder(k, i).vectorize(i, 8);
    t[out].vectorize(i, 8);
    expect(t, cases);
    Schedule u(out2);
    auto [io, ii] = u[out2].split(i, 4);
    u.compute_at(by_table, out2, io);
    u[by_table].vectorize(i, 4);
    u[out2].parallel(io);
    expect(u, cases);
}

TEST_CASE("FIR filter in fixed point with rounding and saturation") {
    Param N("N");
    const Type sample = Fixed(16, 15, Round::rnd, Overflow::sat), tap = Fixed(12, 11);
    Input x("x", sample, {N + 7}), h("h", tap, {8});
    Var i("i");
    RDom k(0, 8, "k");
    Func y("y", sample, {N});
    y(i) = sum(k, x(i + k) * h(k)) * 3;
    std::vector<Case> cases;
    for (int n : {37, 16, 1, 0}) {
        Buffer<int16_t> a = random_buffer<int16_t>(sample, {n + 7}, -32768, 32767),
                        t = random_buffer<int16_t>(tap, {8}, -2048, 2047, 2), e(sample, {n});
        for (int64_t p = 0; p < n; ++p) {
            int64_t total = 0;
            for (int64_t q = 0; q < 8; ++q)
                total += a(p + q) * t(q);
            e(p) = static_cast<int16_t>(std::clamp<int64_t>((3 * total + 1024) >> 11, -32768, 32767));
        }
        cases.push_back({{a, t}, {e}, {{"N", Value::index(n)}}});
    }
    expect(Schedule(y), cases);
    Schedule s(y);
    s[y].unroll(k).vectorize(i, 16);
    expect(s, cases);
    Schedule t(y);
    auto [io, ii] = t[y].split(i, 8);
    t[y].vectorize(ii).parallel(io);
    t[y].separate(io);
    expect(t, cases);
}

TEST_CASE("a fixed-point gemm by quantize, exact accumulator and tensor's") {
    Param M("M"), N("N"), K("K");
    Input A("A", Float(32), {M, K}), B("B", Float(32), {K, N});
    Var i("i"), j("j");
    RDom k(0, K, "k");
    Func C("C", Float(32), {M, N});
    C(i, j) = 0.0f;
    C(i, j) += A(i, k) * B(k, j);
    const Type fixed = Fixed(16, 12), out = Fixed(32, 16, Round::trn, Overflow::sat);
    std::vector<Case> cases;
    for (const auto& [m, n, kk] : {std::array{5, 17, 6}, std::array{1, 1, 1}}) {
        Buffer<int16_t> a = random_buffer<int16_t>(fixed, {m, kk}, -32768, 32767),
                        b = random_buffer<int16_t>(fixed, {kk, n}, -32768, 32767, 2);
        Buffer<int32_t> e(out, {m, n});
        for (int64_t y = 0; y < m; ++y)
            for (int64_t x = 0; x < n; ++x) {
                int64_t total = 0;
                for (int64_t z = 0; z < kk; ++z)
                    total += (static_cast<int64_t>(a(y, z)) * b(z, x)) >> 8;
                e(y, x) = static_cast<int32_t>(std::clamp<int64_t>(total, INT32_MIN, INT32_MAX));
            }
        cases.push_back({{a, b}, {e}});
    }
    Schedule s(C);
    s.quantize({A, B}, fixed).quantize(C, out);
    auto [io, jo, ii, ji] = s[C].tile({i, j}, {2, 8});
    s[C].reorder(io, jo, k, ii, ji).vectorize(ji).unroll(ii);
    expect(s, cases);
    Schedule t(C);
    auto [to, tjo, ti, tji] = t[C].tile({i, j}, {4, 8});
    t[C].reorder(to, tjo, k, ti, tji).vectorize(tji).parallel(to);
    t.quantize({A, B}, fixed).quantize(C, Fixed(40, 24), {.accumulate = Fixed(48, 24)});
    for (Case& c : cases) {
        Buffer<int64_t> e(Fixed(40, 24), c.expected[0].shape());
        for (int64_t y = 0; y < e.extent(0); ++y)
            for (int64_t x = 0; x < e.extent(1); ++x) {
                int64_t total = 0;
                for (int64_t z = 0; z < c.inputs[0].extent(1); ++z)
                    total += c.inputs[0].get({y, z}).raw().get_si() * c.inputs[1].get({z, x}).raw().get_si();
                e(y, x) = total;
            }
        c.expected = {e};
    }
    expect(t, cases);
}

TEST_CASE("128-bit integers: products, sums, digits") {
    Param N("N");
    Input a("a", UInt(64), {N}), b("b", Int(64), {N});
    Var i("i");
    RDom k(0, N, "k");
    Func product("product", Int(128), {N}), total("total", Int(128), {}), digit("digit", UInt(8), {N}),
        high("high", UInt(64), {N});
    product(i) = a(i) * b(i);
    total() += a(k) * b(k);
    digit(i) = cast(UInt(128), a(i) * a(i)) % 10;
    high(i) = (a(i) * a(i))(127, 64);
    for (int n : {5, 0, 1}) {
        Buffer<uint64_t> x({n}), h({n});
        Buffer<int64_t> y({n});
        std::mt19937_64 random(3);
        for (uint64_t& v : x)
            v = random();
        for (int64_t& v : y)
            v = static_cast<int64_t>(random());
        AnyBuffer p(Int(128), {n}), t(Int(128), {});
        Buffer<uint8_t> d({n});
        mpz_class all = 0;
        for (int64_t q = 0; q < n; ++q) {
            const mpz_class u(static_cast<unsigned long>(x(q))), v(static_cast<long>(y(q)));
            const mpz_class square = u * u, top = square >> 64;
            p.set({q}, Value::from_raw(Int(128), u * v));
            all += u * v;
            d(q) = static_cast<uint8_t>(mpz_class(square % 10).get_ui());
            h(q) = top.get_ui();
        }
        t.set({}, Value::from_raw(Int(128), all));
        const std::vector<Func> outputs = {product, total, digit, high};
        expect(Schedule({a, b}, outputs), {{{x, y}, {p, t, d, h}}});
        Schedule s({a, b}, outputs);
        auto [io, ii] = s[product].split(i, 2);
        s[product].parallel(io).unroll(ii);
        expect(s, {{{x, y}, {p, t, d, h}}});
    }
}

TEST_CASE("bits: slices, reversal, Gray code, Hamming weight") {
    Param N("N");
    Input in("in", UInt(12), {N});
    Var i("i");
    Func swapped("swapped", UInt(12), {N}), gray("gray", UInt(12), {N}), ones("ones", UInt(4), {N}),
        mirrored("mirrored", UInt(12), {N}), sign("sign", Int(8), {N});
    const Expr v = in(i);
    swapped(i) = concat(v(5, 0), v(11, 6));
    gray(i) = v ^ (v >> 1);
    ones(i) = popcount(v);
    mirrored(i) = reverse(v);
    sign(i) = bitcast(Int(6), v(11, 6));
    const int n = 41;
    Buffer<uint16_t> a = random_buffer<uint16_t>(UInt(12), {n}, 0, 4095), s(UInt(12), {n}), g(UInt(12), {n}),
                     m(UInt(12), {n});
    Buffer<uint8_t> o(UInt(4), {n});
    Buffer<int8_t> h({n});
    for (int64_t p = 0; p < n; ++p) {
        const unsigned x = a(p);
        s(p) = static_cast<uint16_t>((x & 63) << 6 | x >> 6);
        g(p) = static_cast<uint16_t>(x ^ (x >> 1));
        o(p) = static_cast<uint8_t>(__builtin_popcount(x));
        for (int b = 0; b < 12; ++b)
            m(p) = static_cast<uint16_t>(m(p) | (x >> b & 1) << (11 - b));
        h(p) = static_cast<int8_t>(static_cast<int>(x >> 6) - (x >> 11 ? 64 : 0));
    }
    const std::vector<Func> outputs = {swapped, gray, ones, mirrored, sign};
    const std::vector<Case> cases = {
        {{a}, {s, g, o, m, h}},
        {{AnyBuffer(UInt(12), {0})},
         {AnyBuffer(UInt(12), {0}), AnyBuffer(UInt(12), {0}), AnyBuffer(UInt(4), {0}),
          AnyBuffer(UInt(12), {0}), AnyBuffer(Int(8), {0})}}};
    expect(Schedule({in}, outputs), cases);
    Schedule t({in}, outputs);
    for (const Func& f : outputs)
        t[f].vectorize(i, 16);
    expect(t, cases);
}

TEST_CASE("a binary search by selects: each step reads two results of the one before") {
    constexpr int steps = 8, size = 1 << (steps - 1);
    Param N("N");
    Input sorted("sorted", Int(32), {size}), x("x", Int(32), {N});
    Var i("i");
    Func first("first", Int(32), {N}); // the first element that is not less than x(i)
    Expr low = cast(Int(16), 0), high = cast(Int(16), size);
    for (int n = 0; n < steps; ++n) { // types grow with each
        const Expr middle = floor_div(low + high, 2);
        const Expr less = low < high && sorted(clamp(middle, 0, size - 1)) < x(i);
        low = select(less, middle + 1, low);
        high = select(less, high, middle);
    }
    first(i) = low;
    Buffer<int32_t> table({size}), given = random_buffer<int32_t>({37}, -5, 3 * size + 5), expected({37});
    for (int n = 0; n < size; ++n)
        table(n) = 3 * n;
    for (int n = 0; n < 37; ++n)
        expected(n) =
            static_cast<int32_t>(std::lower_bound(table.begin(), table.end(), given(n)) - table.begin());
    Schedule s({sorted, x}, {first});
    expect(s, {{{table, given}, {expected}}});
    s[first].vectorize(i, 8);
    expect(s, {{{table, given}, {expected}}});
}

TEST_CASE("game of life on Bools") {
    Param H("H"), W("W");
    Input in("in", Bool(), {H, W});
    Var y("y"), x("x");
    RDom r({{-1, 3}, {-1, 3}}, "r");
    r.where(r.x != 0 || r.y != 0);
    const auto step = [&](const Func& to, const Source& from) {
        const Bounded world = wrap(from);
        const Expr near = sum(r, world(y + r.x, x + r.y));
        to(y, x) = near == 3 || (near == 2 && world(y, x));
    };
    Func one("one", Bool(), {H, W}), two("two", Bool(), {H, W});
    step(one, in);
    step(two, one);
    std::vector<Case> cases;
    for (const auto& [h, w] : {std::pair{7, 19}, std::pair{1, 1}, std::pair{4, 16}}) {
        Buffer<bool> a = random_buffer<bool>({h, w}, 0, 1), now = a;
        for (int n = 0; n < 2; ++n) {
            Buffer<bool> next({h, w});
            for (int64_t v = 0; v < h; ++v)
                for (int64_t u = 0; u < w; ++u) {
                    int near = 0;
                    for (int64_t p = -1; p <= 1; ++p)
                        for (int64_t q = -1; q <= 1; ++q)
                            near += (p || q) && now((v + p + h) % h, (u + q + w) % w);
                    next(v, u) = near == 3 || (near == 2 && now(v, u));
                }
            now = next;
        }
        cases.push_back({{a}, {now}});
    }
    expect(Schedule(two), cases);
    Schedule s(two);
    s[two].unroll(r.x).unroll(r.y).vectorize(x, 8).parallel(y);
    s[one].unroll(r.x).unroll(r.y).vectorize(x, 8).parallel(y);
    expect(s, cases);
    Schedule t(two);
    auto [yo, xo, yi, xi] = t[two].tile({y, x}, {4, 8});
    t.compute_at(one, two, xo);
    expect(t, cases);
}

TEST_CASE("half floats in memory, Float(32) sums") {
    Param M("M"), N("N"), K("K");
    for (const Type type : {Float(16), BFloat(16)}) {
        Input A("A", type, {M, K}), B("B", type, {K, N});
        Var i("i"), j("j");
        RDom k(0, K, "k");
        Func acc("acc", Float(32)), C("C", type, {M, N});
        acc(i, j) = 0.0f;
        acc(i, j) += cast(Float(32), A(i, k)) * B(k, j);
        C(i, j) = acc(i, j);
        std::vector<Case> cases;
        for (const auto& [m, n, kk] : {std::array{3, 19, 5}, std::array{4, 8, 8}, std::array{1, 1, 0}}) {
            std::mt19937 random(5);
            AnyBuffer a(type, {m, kk}), b(type, {kk, n}), e(type, {m, n});
            for (int64_t y = 0; y < m; ++y)
                for (int64_t z = 0; z < kk; ++z)
                    a.set({y, z}, Value::from_double(type, static_cast<int>(random() % 65) / 8.0 - 4));
            for (int64_t z = 0; z < kk; ++z)
                for (int64_t x = 0; x < n; ++x)
                    b.set({z, x}, Value::from_double(type, static_cast<int>(random() % 65) / 8.0 - 4));
            for (int64_t y = 0; y < m; ++y)
                for (int64_t x = 0; x < n; ++x) {
                    double total = 0; // exact
                    for (int64_t z = 0; z < kk; ++z)
                        total += a.get({y, z}).as_double() * b.get({z, x}).as_double();
                    e.set({y, x}, Value::from_double(type, total));
                }
            cases.push_back({{a, b}, {e}});
        }
        expect(Schedule(C), cases);
        Schedule s(C);
        auto [io, jo, ii, ji] = s[C].tile({i, j}, {2, 8});
        s.compute_at(acc, C, jo).store_in(acc, MemorySpace::registers());
        s[acc].init().unroll(i).vectorize(j);
        s[acc].reorder(k, i, j).unroll(i).vectorize(j);
        s[C].unroll(ii).vectorize(ji).parallel(io);
        expect(s, cases);
    }
}
