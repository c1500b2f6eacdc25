// Programs of the kind that the suites of other languages are made of.

#include "kernel_program.h"
#include "lathe/dsl/boundary.h"

using namespace lathe;

TEST_CASE("a pyramid: down by two, up again, and what was lost") {
    Param N("N");
    Input in("in", Int(16), {2 * N});
    Var x("x");
    Func down("down", Int(18), {N}), up("up", Int(20)), lost("lost", Int(22), {2 * N});
    const Bounded edge = repeat_edge(in);
    down(x) = (edge(2 * x - 1) + 2 * edge(2 * x) + edge(2 * x + 1)) >> 2;
    const Bounded half = repeat_edge(down);
    up(x) =
        select(x % 2 == 0, half(floor_div(x, 2)), (half(floor_div(x, 2)) + half(floor_div(x, 2) + 1)) >> 1);
    lost(x) = in(x)-up(x);
    const int64_t n = 21;
    const auto a = random_buffer<int16_t>({2 * n}, -999, 999);
    AnyBuffer expected(Int(22), {2 * n});
    const auto clamped = [](int64_t i, int64_t size) { return std::clamp<int64_t>(i, 0, size - 1); };
    std::vector<int> d;
    for (int64_t i = 0; i < n; ++i)
        d.push_back((a(clamped(2 * i - 1, 2 * n)) + 2 * a(2 * i) + a(clamped(2 * i + 1, 2 * n))) >> 2);
    for (int64_t i = 0; i < 2 * n; ++i) {
        const int one = d[static_cast<size_t>(i / 2)], two = d[static_cast<size_t>(clamped(i / 2 + 1, n))];
        expected.set({i}, Value::from_raw(Int(22), a(i) - (i % 2 ? (one + two) >> 1 : one)));
    }
    const Case example = {{a}, {expected}, {{"N", Value::index(n)}}};
    Schedule plain(lost), tiled(lost), inlined(lost);
    expect(plain, {example});
    auto [xo, xi] = tiled[lost].split(x, 16);
    tiled.compute_at(up, lost, xo).compute_at(down, lost, xo);
    tiled[up].vectorize(x, 8);
    tiled[down].vectorize(x, 8);
    tiled[lost].parallel(xo).vectorize(xi, 8);
    expect(tiled, {example});
    inlined.inline_(up);
    inlined[lost].vectorize(x, 16);
    expect(inlined, {example});
}

TEST_CASE("the Mandelbrot set: pairs of values along time, then where they escape") {
    const int64_t H = 7, W = 9, T = 12;
    Var y("y"), x("x"), t("t");
    RDom time(1, T - 1, "time");
    Func z("z", Types{Float(32), Float(32)}, {T, H, W}), escape("escape", Int(32), {H, W});
    const Expr cr = cast(Float(32), x) * 0.25f - 1.5f, ci = cast(Float(32), y) * 0.25f - 0.75f;
    z(t, y, x) = Tuple(cast(Float(32), 0), cast(Float(32), 0));
    const Tuple old(z(time - 1, y, x));
    z(time, y, x) = Tuple(old[0] * old[0] - old[1] * old[1] + cr, 2.0f * old[0] * old[1] + ci);
    RDom step(0, T, "step");
    escape(y, x) =
        argmax(step, z(step, y, x)[0] * z(step, y, x)[0] + z(step, y, x)[1] * z(step, y, x)[1] > 4.0f).at[0];
    // C++ that rounds as the interpreter does is the interpreter: the schedules are compared with it.
    AnyBuffer expected(Int(32), {H, W});
    interpret(Schedule(escape).reference(), {&expected});
    CHECK(expected.get({0, 0}).as_int64() > 0);
    CHECK(expected.get({3, 6}).as_int64() == 0); // the origin stays
    Schedule s(escape);
    s[escape].parallel(y);
    s[z].reorder(y, time, x).parallel(y).vectorize(x, 4);
    s[z].init().parallel(t);
    expect(s, {{{}, {expected}}});
    CHECK_THROWS_WITH_AS(s[z].parallel(time), doctest::Contains("carried by time"), Error);
}

TEST_CASE("a recursive blur: down the columns and up again") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    RDom r(1, H - 1, "r");
    Func blur("blur", Fixed(20, 10), {H, W});
    blur(y, x) = in(y, x);
    blur(r, x) = (3 * blur(r - 1, x) + blur(r, x)) / 4;
    blur(H - 1 - r, x) = (3 * blur(H - r, x) + blur(H - 1 - r, x)) / 4;
    const auto a = random_buffer<uint8_t>({13, 21}, 0, 255);
    AnyBuffer expected(Fixed(20, 10), {13, 21});
    AnyBuffer input = a;
    interpret(Schedule(blur).reference(), {&input, &expected});
    const Case example = {{a}, {expected}};
    Schedule s(blur);
    for (int u = 0; u < 2; ++u) {
        auto [xo, xi] = s[blur].update(u).split(x, 8);
        s[blur].update(u).reorder(xo, r, xi).parallel(xo).vectorize(xi);
    }
    expect(s, {example});
    CHECK_THROWS_WITH_AS(s[blur].update(0).parallel(r), doctest::Contains("carried by r"), Error);
}

TEST_CASE("a bilateral grid: scatter into cells, blur them, slice") {
    const int64_t H = 12, W = 16, cell = 4, levels = 8;
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x"), z("z");
    RDom r({{0, H}, {0, W}}, "r");
    Func grid("grid", Types{UInt(16), UInt(16)}, {H / cell + 1, W / cell + 1, levels + 1});
    Func total("total", Types{UInt(20), UInt(20)}, {H / cell + 1, W / cell + 1, levels + 1});
    Func out("out", UInt(8), {H, W});
    grid(y, x, z) = Tuple(0, 0);
    const Expr cy = r.x / cell, cx = r.y / cell, cz = in(r.x, r.y) / (256 / levels);
    grid(cy, cx, cz) = Tuple(grid(cy, cx, cz)[0] + in(r.x, r.y), grid(cy, cx, cz)[1] + 1);
    const auto at = [&](const Expr& i, const Expr& j, const Expr& k) {
        return Tuple(grid(clamp(i, 0, H / cell), clamp(j, 0, W / cell), clamp(k, 0, levels)));
    };
    Expr sum = cast(UInt(20), 0), count = cast(UInt(20), 0);
    for (int d = -1; d <= 1; ++d) {
        sum = sum + at(y, x, z + d)[0] + at(y, x + d, z)[0] + at(y + d, x, z)[0];
        count = count + at(y, x, z + d)[1] + at(y, x + d, z)[1] + at(y + d, x, z)[1];
    }
    total(y, x, z) = Tuple(sum, count);
    const Expr level = in(y, x) / (256 / levels);
    const Tuple t(total(y / cell, x / cell, level));
    out(y, x) = select(t[1] == 0, in(y, x), cast(UInt(8), t[0] / t[1]));
    const auto a = random_buffer<uint8_t>({H, W}, 0, 255);
    std::vector<int> sums(4 * 5 * 9), counts(4 * 5 * 9);
    const auto place = [](int64_t i, int64_t j, int64_t k) {
        return static_cast<size_t>((std::clamp<int64_t>(i, 0, 3) * 5 + std::clamp<int64_t>(j, 0, 4)) * 9 +
                                   std::clamp<int64_t>(k, 0, 8));
    };
    for (int64_t i = 0; i < H; ++i)
        for (int64_t j = 0; j < W; ++j)
            sums[place(i / 4, j / 4, a(i, j) / 32)] += a(i, j), ++counts[place(i / 4, j / 4, a(i, j) / 32)];
    Buffer<uint8_t> expected({H, W});
    for (int64_t i = 0; i < H; ++i)
        for (int64_t j = 0; j < W; ++j) {
            int s = 0, n = 0;
            for (int64_t d = -1; d <= 1; ++d)
                for (const auto& [u, v, w] : {std::tuple(i / 4, j / 4, a(i, j) / 32 + d),
                                              std::tuple(i / 4, j / 4 + d, int64_t{a(i, j) / 32}),
                                              std::tuple(i / 4 + d, j / 4, int64_t{a(i, j) / 32})})
                    s += sums[place(u, v, w)], n += counts[place(u, v, w)];
            expected(i, j) = n == 0 ? a(i, j) : static_cast<uint8_t>(s / n);
        }
    Schedule s(out);
    expect(s, {{{a}, {expected}}});
    s[out].parallel(y).vectorize(x, 8);
    s[total].parallel(y);
    expect(s, {{{a}, {expected}}});
    CHECK_THROWS_WITH_AS(s[grid].parallel(r.x), doctest::Contains("grid"), Error);
}

TEST_CASE("kernel: SHA-256 of one block") {
    const std::array<int64_t, 64> constants = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    const std::array<int64_t, 8> start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const Const K("K", UInt(32), {64}, std::vector<Expr>(constants.begin(), constants.end()));
    const Const H("H", UInt(32), {8}, std::vector<Expr>(start.begin(), start.end()));
    Input block("block", UInt(8), {64});
    Output hash("hash", UInt(32), {8});
    Var i("i"), t("t");
    const auto rotated = [](const Expr& x, int n) { return (x >> n) | (x << (32 - n)); };
    const Kernel sha("sha256", {block, hash}, [&](KernelBody& k) {
        const Array w = k.array("w", UInt(32), {64}), v = k.array("v", UInt(32), {8});
        k.for_(0, 16, [&](Var n) {
            w(n) = concat(concat(block(4 * n), block(4 * n + 1)), concat(block(4 * n + 2), block(4 * n + 3)));
        });
        k.for_(t, 16, 64, [&] {
            const Expr a = k.let(w(t - 15)), b = k.let(w(t - 2));
            w(t) = w(t - 16) + (rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)) + w(t - 7) +
                   (rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10));
        });
        k.update(v, [&](Var n) { return H(n); });
        k.for_(i, 0, 64, [&] {
            const Expr a = k.let(v(0)), e = k.let(v(4));
            const Expr one = k.let(cast(UInt(32), v(7) + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) +
                                                      ((e & v(5)) ^ (~e & v(6))) + K(i) + w(i)));
            const Expr two = k.let(cast(UInt(32), (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) +
                                                      ((a & v(1)) ^ (a & v(2)) ^ (v(1) & v(2)))));
            k.for_(7, 0, -1, [&](Var n) { v(n) = v(n - 1); });
            v(4) += one;
            v(0) = one + two;
        });
        k.update(hash, [&](Var n) { return H(n) + v(n); });
    });
    Buffer<uint8_t> text({64}); // "abc", padded
    text.fill(Value::literal(0));
    text(0) = 'a', text(1) = 'b', text(2) = 'c', text(3) = 0x80, text(63) = 24;
    Buffer<uint32_t> expected({8});
    const uint32_t words[] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                              0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
    std::copy(std::begin(words), std::end(words), expected.begin());
    Schedule s(sha);
    expect(s, {{{text}, {expected}}});
    CHECK_THROWS_WITH_AS(s[sha].parallel(t), doctest::Contains("w[t] written"), Error);
    s[sha].unroll(i, 8);
    expect(s, {{{text}, {expected}}});
}

TEST_CASE("kernel: bitonic sort, its exchanges in parallel") {
    const int64_t n = 64;
    InOut a("a", Int(32), {n});
    Var i("i");
    const Kernel sort("bitonic", {a}, [&](KernelBody& k) {
        for (int64_t size = 2; size <= n; size *= 2) // the network's outer loops are the generator's
            for (int64_t gap = size / 2; gap > 0; gap /= 2)
                k.for_(0, n / 2, [&](Var p) {
                    const Expr low = 2 * gap * (p / gap) + p % gap, high = low + gap;
                    const Expr x = k.let(a(low)), y = k.let(a(high)), up = (low / size) % 2 == 0;
                    a(low) = select(up, min(x, y), max(x, y));
                    a(high) = select(up, max(x, y), min(x, y));
                });
    });
    const auto before = random_buffer<int32_t>({n}, -9999, 9999);
    auto after = clone(before);
    std::sort(after.begin(), after.end());
    expect_change(Schedule(sort), {}, {before}, {after});
}

TEST_CASE("kernel: eight queens by a search without recursion") {
    Output solutions("solutions", Int(32), {});
    const Kernel queens("queens", {solutions}, [&](KernelBody& k) {
        const Array column = k.array("column", Int(8), {6});
        Scalar row = k.scalar("row", Int(8), 0), found = k.scalar("found", Int(32), 0);
        column(0) = -1;
        k.while_([&] { return row >= 0; },
                 [&] {
                     column(clamp(row, 0, 5)) += 1;
                     const Expr here = k.let(column(clamp(row, 0, 5)));
                     k.if_(here == 6, [&] { row -= 1; }).else_([&] {
                         Scalar safe = k.scalar("safe", Bool(), true);
                         k.for_(0, row, [&](Var r) {
                             k.if_(column(r) == here || abs(column(r) - here) == row - r, [&] {
                                 safe = false;
                                 k.break_();
                             });
                         });
                         k.if_(safe, [&] {
                             k.if_(row == 5, [&] { found += 1; }).else_([&] {
                                 row += 1;
                                 column(clamp(row, 0, 5)) = -1;
                             });
                         });
                     });
                 });
        solutions() = found;
    });
    Buffer<int32_t> expected(std::vector<int64_t>{});
    expected.set({}, Value::from_raw(Int(32), 4)); // six queens on 6 × 6
    expect(Schedule(queens), {{{}, {expected}}});
}
