/// Layers of neural networks.

#include "program.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

using Bytes = Buffer<int8_t>;

Bytes signed_bytes(std::vector<int64_t> shape, unsigned seed) {
    return random_buffer<int8_t>(std::move(shape), -128, 127, seed);
}

} // namespace

TEST_CASE("2-D convolution, NCHW, with stride, dilation and padding") {
    Param N("N"), CI("CI"), CO("CO"), H("H"), W("W");
    for (const auto& [stride, dilation, padding] :
         {std::array{1, 1, 1}, std::array{2, 1, 1}, std::array{1, 2, 2}, std::array{2, 2, 0}}) {
        Input in("in", Int(8), {N, CI, H, W}), weights("weights", Int(8), {CO, CI, 3, 3}),
            bias("bias", Int(32), {CO});
        Var n("n"), o("o"), y("y"), x("x"), c("c");
        RDom r({{0, CI}, {0, 3}, {0, 3}}, "r");
        const int reach = 2 * dilation;
        const Expr oh = floor_div(H + 2 * padding - reach - 1, stride) + 1,
                   ow = floor_div(W + 2 * padding - reach - 1, stride) + 1;
        Func padded("padded"), conv("conv", Int(32), {N, CO, oh, ow});
        const Expr v = y - padding, u = x - padding;
        padded(n, c, y, x) = select(v >= 0 && v < H && u >= 0 && u < W, in(n, c, v, u), 0);
        conv(n, o, y, x) = bias(o);
        conv(n, o, y, x) += weights(o, r.x, r.y, r.z) *
                            padded(n, r.x, y * stride + r.y * dilation, x * stride + r.z * dilation);

        std::vector<Case> cases;
        for (const auto& [nn, ci, co, h, w] :
             {std::array{2, 3, 4, 7, 21}, std::array{1, 1, 1, 5, 5}, std::array{1, 2, 5, 8, 12}}) {
            Bytes a = signed_bytes({nn, ci, h, w}, 1), k = signed_bytes({co, ci, 3, 3}, 2);
            Buffer<int32_t> b = random_buffer<int32_t>({co}, -1000, 1000, 3);
            const int64_t eh = (h + 2 * padding - reach - 1) / stride + 1,
                          ew = (w + 2 * padding - reach - 1) / stride + 1;
            Buffer<int32_t> e({nn, co, eh, ew});
            for (int64_t q = 0; q < nn; ++q)
                for (int64_t m = 0; m < co; ++m)
                    for (int64_t i = 0; i < eh; ++i)
                        for (int64_t j = 0; j < ew; ++j) {
                            e(q, m, i, j) = b(m);
                            for (int64_t z = 0; z < ci; ++z)
                                for (int64_t dy = 0; dy < 3; ++dy)
                                    for (int64_t dx = 0; dx < 3; ++dx) {
                                        const int64_t yy = i * stride + dy * dilation - padding,
                                                      xx = j * stride + dx * dilation - padding;
                                        if (yy >= 0 && yy < h && xx >= 0 && xx < w)
                                            e(q, m, i, j) += k(m, z, dy, dx) * a(q, z, yy, xx);
                                    }
                        }
            cases.push_back({{a, k, b}, {e}});
        }
        expect(Schedule(conv), cases);
        Schedule s(conv);
        auto [xo, xi] = s[conv].split(x, 8);
        auto [oo, oi] = s[conv].split(o, 2);
        s[conv]
            .reorder({n, oo, y, xo, r.x, r.y, r.z, oi, xi})
            .fuse_init(xo)
            .unroll(oi)
            .vectorize(xi)
            .unroll(r.z);
        s[conv].parallel(n);
        s[padded].vectorize(x, 16).parallel(n);
        expect(s, cases);
        Schedule t(conv);
        t[conv].reorder({n, y, o, r.x, r.y, r.z, x}).fuse_init(y);
        t.compute_at(padded, conv, y);
        t[padded].vectorize(x, 8);
        t[conv].vectorize(x, 8).parallel(n);
        expect(t, cases);
        Schedule w(conv);
        w.inline_(padded);
        w[conv].vectorize(o, 4);
        expect(w, cases);
    }
}

TEST_CASE("depthwise and pointwise convolution, requantized, with relu") {
    Param H("H"), W("W"), C("C"), O("O");
    Input in("in", UInt(8), {H + 2, W + 2, C}), dw("dw", Int(8), {3, 3, C}), pw("pw", Int(8), {C, O});
    Var y("y"), x("x"), c("c"), o("o");
    RDom r({{0, 3}, {0, 3}}, "r"), k(0, C, "k");
    Func depth("depth", Int(32)), mid("mid", UInt(8)), point("point", Int(32)),
        out("out", UInt(8), {H, W, O});
    depth(y, x, c) = 0;
    depth(y, x, c) += in(y + r.x, x + r.y, c) * dw(r.x, r.y, c);
    mid(y, x, c) = clamp(depth(y, x, c) >> 6, 0, 255);
    point(y, x, o) = 0;
    point(y, x, o) += mid(y, x, k) * pw(k, o);
    out(y, x, o) = clamp((point(y, x, o) + 64) >> 7, 0, 255);
    std::vector<Case> cases;
    for (const auto& [h, w, cc, oo] :
         {std::array{4, 6, 19, 18}, std::array{1, 1, 1, 1}, std::array{3, 5, 16, 16}}) {
        Buffer<uint8_t> a = random_buffer<uint8_t>({h + 2, w + 2, cc}, 0, 255), e({h, w, oo});
        Bytes d = signed_bytes({3, 3, cc}, 2), p = signed_bytes({cc, oo}, 3);
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < w; ++u) {
                std::vector<int> m(static_cast<size_t>(cc));
                for (int64_t z = 0; z < cc; ++z) {
                    int total = 0;
                    for (int64_t i = 0; i < 3; ++i)
                        for (int64_t j = 0; j < 3; ++j)
                            total += a(v + i, u + j, z) * d(i, j, z);
                    m[static_cast<size_t>(z)] = std::clamp(total >> 6, 0, 255);
                }
                for (int64_t q = 0; q < oo; ++q) {
                    int total = 64;
                    for (int64_t z = 0; z < cc; ++z)
                        total += m[static_cast<size_t>(z)] * p(z, q);
                    e(v, u, q) = static_cast<uint8_t>(std::clamp(total >> 7, 0, 255));
                }
            }
        cases.push_back({{a, d, p}, {e}, {{"H", Value::index(h)}, {"W", Value::index(w)}}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s.compute_at(point, out, x).compute_at(mid, out, x).compute_at(depth, out, x);
    s[depth].init().vectorize(c, 16);
    s[depth].reorder(r.x, r.y, c).unroll(r.x).unroll(r.y).vectorize(c, 16);
    s[mid].vectorize(c, 16);
    s[point].reorder(k, o).vectorize(o, 16);
    s[point].init().vectorize(o, 16);
    s[out].vectorize(o, 16).parallel(y);
    expect(s, cases);
    Schedule t(out);
    auto [yo, xo, yi, xi] = t[out].tile({y, x}, {2, 2});
    t.compute_at(point, out, xo).compute_at(mid, out, xo);
    t[point].reorder(k, y, x, o).vectorize(o, 8);
    t[out].vectorize(o, 8).parallel(yo);
    t[depth].fuse_init(c).parallel(y).vectorize(c, 8);
    expect(t, cases);
}

TEST_CASE("max pool and average pool") {
    Param C("C"), H("H"), W("W");
    Input in("in", Int(8), {C, 2 * H, 2 * W});
    Var c("c"), y("y"), x("x");
    RDom r({{0, 2}, {0, 2}}, "r");
    Func most("most", Int(8), {C, H, W}), mean("mean", Int(8), {C, H, W}), global("global", Int(16), {C});
    RDom all({{0, 2 * H}, {0, 2 * W}}, "all");
    most(c, y, x) = maximum(r, in(c, 2 * y + r.x, 2 * x + r.y));
    mean(c, y, x) = (sum(r, in(c, 2 * y + r.x, 2 * x + r.y)) + 2) >> 2;
    global(c) = maximum(all, in(c, all.x, all.y)) - minimum(all, in(c, all.x, all.y));
    std::vector<Case> cases;
    for (const auto& [cc, h, w] : {std::array{2, 3, 19}, std::array{1, 1, 1}, std::array{3, 2, 16}}) {
        Bytes a = signed_bytes({cc, 2 * h, 2 * w}, 1), m({cc, h, w}), v({cc, h, w});
        Buffer<int16_t> g({cc});
        for (int64_t z = 0; z < cc; ++z) {
            int low = 127, high = -128;
            for (int64_t i = 0; i < h; ++i)
                for (int64_t j = 0; j < w; ++j) {
                    const int q[4] = {a(z, 2 * i, 2 * j), a(z, 2 * i, 2 * j + 1), a(z, 2 * i + 1, 2 * j),
                                      a(z, 2 * i + 1, 2 * j + 1)};
                    m(z, i, j) = static_cast<int8_t>(std::max(std::max(q[0], q[1]), std::max(q[2], q[3])));
                    v(z, i, j) = static_cast<int8_t>((q[0] + q[1] + q[2] + q[3] + 2) >> 2);
                    for (int p : q)
                        low = std::min(low, p), high = std::max(high, p);
                }
            g(z) = static_cast<int16_t>(high - low);
        }
        cases.push_back({{a}, {m, v, g}, {{"H", Value::index(h)}, {"W", Value::index(w)}}});
    }
    const std::vector<Func> outputs = {most, mean, global};
    expect(Schedule({in}, outputs), cases);
    Schedule s({in}, outputs);
    s[most].unroll(r.x).unroll(r.y).vectorize(x, 16).parallel(c);
    s[mean].unroll(r.x).unroll(r.y).vectorize(x, 8).parallel(y);
    s[global].parallel(c);
    expect(s, cases);
    Schedule t({in}, outputs);
    t[most].vectorize(x, 8);
    Loop cy = t[mean].fuse(c, y);
    t[mean].parallel(cy).vectorize(x, 8);
    t[global].vectorize(c, 4);
    expect(t, cases);
}

TEST_CASE("softmax of rows") {
    Param M("M"), N("N");
    Input in("in", Float(32), {M, N});
    Var i("i"), j("j");
    RDom k(0, N, "k");
    Func most("most"), e("e"), total("total", Float(32)), out("out", Float(32), {M, N});
    most(i) = maximum(k, in(i, k));
    e(i, j) = exp(in(i, j) - most(i));
    total(i) = 0.0f;
    total(i) += e(i, k);
    out(i, j) = e(i, j) / total(i);
    Schedule s(out);
    s.compute_at(total, out, i).compute_at(e, out, i).compute_at(most, out, i);
    s[e].vectorize(j, 8);
    s[out].vectorize(j, 8).parallel(i);
    Schedule t(out);
    auto [io, ii] = t[out].split(i, 4);
    t.compute_at(total, out, io).compute_at(e, out, io).compute_at(most, out, io);
    t[total].reorder(k, i).vectorize(i, 4);
    t[most].vectorize(i, 4);
    t[e].vectorize(j, 8);
    t[out].vectorize(j, 8).parallel(io);
    for (const auto& [m, n] : {std::pair{5, 19}, std::pair{1, 1}, std::pair{8, 8}}) {
        Buffer<float> a = random_buffer<float>({m, n}, -8, 8, 1, 0.125), want({m, n});
        interpret(Schedule(out), {&a, &want});
        for (int64_t p = 0; p < m; ++p) {
            double sum = 0, best = -1e9;
            for (int64_t q = 0; q < n; ++q)
                best = std::max<double>(best, a(p, q));
            for (int64_t q = 0; q < n; ++q)
                sum += std::exp(a(p, q) - best);
            for (int64_t q = 0; q < n; ++q)
                CHECK(want(p, q) == doctest::Approx(std::exp(a(p, q) - best) / sum).epsilon(1e-5));
        }
        expect(Schedule(out), {{{a}, {want}}});
        expect(s, {{{a}, {want}}});
        expect(t, {{{a}, {want}}});
    }
}

TEST_CASE("a binarised convolution on packed bits") {
    Param H("H"), W("W"), O("O");
    const int words = 3;
    Input in("in", UInt(32), {H + 2, W + 2, words}), weights("weights", UInt(32), {O, 3, 3, words}),
        threshold("threshold", Int(16), {O});
    Var y("y"), x("x"), o("o");
    RDom r({{0, 3}, {0, 3}, {0, words}}, "r");
    Func matches("matches", Int(16)), out("out", Bool(), {H, W, O});
    matches(y, x, o) = 0;
    matches(y, x, o) += 32 - 2 * popcount(in(y + r.x, x + r.y, r.z) ^ weights(o, r.x, r.y, r.z));
    out(y, x, o) = matches(y, x, o) >= threshold(o);
    std::vector<Case> cases;
    for (const auto& [h, w, oo] : {std::array{3, 5, 18}, std::array{1, 1, 1}}) {
        Buffer<uint32_t> a = random_buffer<uint32_t>({h + 2, w + 2, words}, 0, 4294967294.0),
                         k = random_buffer<uint32_t>({oo, 3, 3, words}, 0, 4294967294.0, 2);
        Buffer<int16_t> t = random_buffer<int16_t>({oo}, -20, 20);
        Buffer<bool> e({h, w, oo});
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < w; ++u)
                for (int64_t q = 0; q < oo; ++q) {
                    int total = 0;
                    for (int64_t i = 0; i < 3; ++i)
                        for (int64_t j = 0; j < 3; ++j)
                            for (int64_t z = 0; z < words; ++z)
                                total += 32 - 2 * __builtin_popcount(a(v + i, u + j, z) ^ k(q, i, j, z));
                    e(v, u, q) = total >= t(q);
                }
        cases.push_back({{a, k, t}, {e}, {{"H", Value::index(h)}, {"W", Value::index(w)}}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s.compute_at(matches, out, x);
    s[matches].reorder(r.x, r.y, r.z, o).vectorize(o, 8);
    s[matches].init().vectorize(o, 8);
    s[out].vectorize(o, 8).parallel(y);
    expect(s, cases);
    Schedule t(out);
    t[matches].unroll(r.y).vectorize(r.z).parallel(y);
    t[out].vectorize(o, 16);
    expect(t, cases);
}

TEST_CASE("k nearest neighbours: distances of bit strings") {
    Param N("N"), Q("Q");
    Input train("train", UInt(196), {N}), test("test", UInt(196), {Q});
    Var q("q"), n("n");
    RDom k(0, N, "k");
    Func distance("distance", UInt(8)), nearest("nearest", UInt(8), {Q}), close("close", UInt(16), {Q});
    distance(q, n) = popcount(train(n) ^ test(q));
    nearest(q) = minimum(k, distance(q, k));
    close(q) += cast(UInt(1), distance(q, k) < 98);
    AnyBuffer a(UInt(196), {9}), b(UInt(196), {5});
    Buffer<uint8_t> e({5});
    Buffer<uint16_t> c({5});
    std::mt19937 random(7);
    const auto fill = [&](AnyBuffer& buffer) {
        for (int64_t p = 0; p < buffer.extent(0); ++p) {
            mpz_class v;
            for (int i = 0; i < 7; ++i)
                v = (v << 32) + static_cast<unsigned long>(random());
            buffer.set({p}, Value::from_raw(UInt(196), v));
        }
    };
    fill(a);
    fill(b);
    for (int64_t p = 0; p < 5; ++p) {
        e(p) = 255;
        for (int64_t i = 0; i < 9; ++i) {
            const mpz_class x = a.get({i}).raw() ^ b.get({p}).raw();
            const auto d = mpz_popcount(x.get_mpz_t());
            e(p) = static_cast<uint8_t>(std::min<size_t>(e(p), d));
            c(p) = static_cast<uint16_t>(c(p) + (d < 98));
        }
    }
    const std::vector<Func> outputs = {nearest, close};
    expect(Schedule({train, test}, outputs), {{{a, b}, {e, c}}});
    Schedule s({train, test}, outputs);
    s[distance].parallel(q);
    s[nearest].parallel(q);
    s[close].unroll(k, 2);
    expect(s, {{{a, b}, {e, c}}});
}
