/// Images: filters, colours, sizes, tables.

#include "program.h"

using namespace lathe;

namespace {

using Bytes = Buffer<uint8_t>;

const std::vector<std::pair<int64_t, int64_t>> sizes = {{11, 37}, {16, 32}, {1, 1}, {2, 3}};

Bytes picture(std::vector<int64_t> shape, unsigned seed = 1) {
    return random_buffer<uint8_t>(std::move(shape), 0, 255, seed);
}

int clamped(const Bytes& b, int64_t y, int64_t x) {
    return b(std::clamp<int64_t>(y, 0, b.extent(0) - 1), std::clamp<int64_t>(x, 0, b.extent(1) - 1));
}

} // namespace

TEST_CASE("Sobel: producers in tiles, vectors, threads") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    Func padded("padded"), gx("gx"), gy("gy"), out("out", UInt(8), {H, W});
    padded(y, x) = repeat_edge(in)(y, x);
    gx(y, x) = (padded(y - 1, x + 1) - padded(y - 1, x - 1)) + 2 * (padded(y, x + 1) - padded(y, x - 1)) +
               (padded(y + 1, x + 1) - padded(y + 1, x - 1));
    gy(y, x) = (padded(y + 1, x - 1) + 2 * padded(y + 1, x) + padded(y + 1, x + 1)) -
               (padded(y - 1, x - 1) + 2 * padded(y - 1, x) + padded(y - 1, x + 1));
    out(y, x) = min(abs(gx(y, x)) + abs(gy(y, x)), 255);

    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({h, w}), b({h, w});
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < w; ++u) {
                int dx = 0, dy = 0;
                for (int n = -1; n <= 1; ++n) {
                    dx += (n ? 1 : 2) * (clamped(a, v + n, u + 1) - clamped(a, v + n, u - 1));
                    dy += (n ? 1 : 2) * (clamped(a, v + 1, u + n) - clamped(a, v - 1, u + n));
                }
                b(v, u) = static_cast<uint8_t>(std::min(std::abs(dx) + std::abs(dy), 255));
            }
        cases.push_back({{a}, {b}});
    }
    expect(Schedule(out), cases);
    Schedule s(out); // the classic one
    auto [yo, xo, yi, xi] = s[out].tile({y, x}, {4, 16});
    s[out].vectorize(xi).parallel(yo);
    s.compute_at(gx, out, xo).compute_at(gy, out, xo).compute_at(padded, out, xo);
    s[gx].vectorize(x, 8);
    s[gy].vectorize(x, 8);
    s[padded].vectorize(x, 8);
    expect(s, cases);
    Schedule t(out); // everything inlined
    t.inline_all_pure();
    t[out].vectorize(x, 16).parallel(y);
    expect(t, cases);
    Schedule u(out); // different levels
    auto [uo, ui] = u[out].split(y, 4);
    u.inline_(gy).compute_at(gx, out, ui).compute_at(padded, out, uo);
    u[out].vectorize(x, 16).parallel(uo);
    u[gx].vectorize(x, 16);
    u[padded].vectorize(x, 16);
    expect(u, cases);
    Schedule v(out);
    auto [vo, vxo, vi, vxi] = v[out].tile({y, x}, {4, 16});
    v.compute_at(gx, out, vi)
        .compute_at(gy, out, vi)
        .compute_at(padded, out, vxo)
        .store_in(padded, MemorySpace::stack());
    v[out].vectorize(vxi);
    v[out].separate(vo, vxo);
    expect(v, cases);
}

TEST_CASE("histogram equalization") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x"), b("b");
    RDom r({{0, H}, {0, W}}, "r"), c(1, 255, "c");
    Func histogram("histogram", Int(32)), running("running", Int(32)), table("table", UInt(8)),
        out("out", UInt(8), {H, W});
    histogram(b) = 0;
    histogram(in(r.x, r.y)) += 1;
    running(b) = histogram(b);
    running(c) += running(c - 1);
    table(b) = running(b) * 255 / (in.extent(0) * in.extent(1));
    out(y, x) = table(in(y, x));

    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({h, w}), e({h, w});
        int count[256] = {};
        for (uint8_t v : a)
            ++count[v];
        for (int n = 1; n < 256; ++n)
            count[n] += count[n - 1];
        for (int64_t n = 0; n < a.size(); ++n)
            e.begin()[n] = static_cast<uint8_t>(count[a.begin()[n]] * 255 / (h * w));
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s[histogram].init().vectorize(b, 16);
    s[table].vectorize(b, 16);
    s[out].vectorize(x, 8).parallel(y);
    expect(s, cases);
    Schedule t(out);
    auto [xo, xi] = t[histogram].split(r.y, 4);
    t[histogram].unroll(xi);
    t.store_in(histogram, MemorySpace::stack()).store_in(table, MemorySpace::stack());
    expect(t, cases);
    Schedule u(out); // increments may be made in any order
    u[histogram].reorder(r.y, r.x);
    u.inline_(table);
    expect(u, cases);
}

TEST_CASE("a box blur by an integral image") {
    Param H("H"), W("W");
    const int radius = 2;
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    Func integral("integral", UInt(32), {H + 1, W + 1}), out("out", UInt(8), {H, W});
    RDom r({{1, H}, {1, W}}, "r");
    integral(y, x) = 0;
    integral(r.x, r.y) =
        in(r.x - 1, r.y - 1) + integral(r.x - 1, r.y) + integral(r.x, r.y - 1) - integral(r.x - 1, r.y - 1);
    Expr top = max(y - radius, 0), bottom = min(y + radius + 1, H), left = max(x - radius, 0),
         right = min(x + radius + 1, W);
    out(y, x) =
        (integral(bottom, right) - integral(top, right) - integral(bottom, left) + integral(top, left)) /
        ((bottom - top) * (right - left));

    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({h, w}), e({h, w});
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < w; ++u) {
                int total = 0, count = 0;
                for (int64_t p = std::max<int64_t>(v - radius, 0); p < std::min(v + radius + 1, h); ++p)
                    for (int64_t q = std::max<int64_t>(u - radius, 0); q < std::min(u + radius + 1, w);
                         ++q, ++count)
                        total += a(p, q);
                e(v, u) = static_cast<uint8_t>(total / count);
            }
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s[out].vectorize(x, 8).parallel(y);
    s[integral].init().vectorize(x, 8);
    expect(s, cases);

    // Sums along rows, then along columns: each has an independent dimension.
    Func rows("rows", UInt(32), {H, W + 1}), both("both", UInt(32), {H + 1, W + 1}),
        out2("out2", UInt(8), {H, W});
    RDom a(1, W, "a"), d(1, H, "d");
    rows(y, x) = 0;
    rows(y, a) = rows(y, a - 1) + in(y, a - 1);
    both(y, x) = 0;
    both(d, x) = both(d - 1, x) + rows(d - 1, x);
    out2(y, x) = (both(bottom, right) - both(top, right) - both(bottom, left) + both(top, left)) /
                 ((bottom - top) * (right - left));
    Schedule t(out2);
    t[rows].parallel(y);
    t[both].reorder(d, x).vectorize(x, 8);
    t[out2].vectorize(x, 8);
    expect(t, cases);
    Schedule u(out2);
    auto [xo, xi] = u[both].split(x, 8);
    u[both].reorder(xo, d, xi).vectorize(xi).parallel(xo);
    u[rows].vectorize(y, 4);
    expect(u, cases);
}

TEST_CASE("RGB to YUV in fixed point") {
    Param H("H"), W("W");
    Input rgb("rgb", UInt(8), {H, W, 3});
    Const m("m", Fixed(12, 10), {3, 3},
            {0.2990, 0.5870, 0.1140, -0.1687, -0.3313, 0.5, 0.5, -0.4187, -0.0813});
    Const offset("offset", UInt(8), {3}, {0, 128, 128});
    Var y("y"), x("x"), c("c");
    RDom k(0, 3, "k");
    Func yuv("yuv", UFixed(8, 0, Round::rnd, Overflow::sat), {H, W, 3});
    yuv(y, x, c) = sum(k, m(c, k) * rgb(y, x, k)) + offset(c);

    const int q[3][3] = {{306, 601, 116}, {-173, -340, 512}, {512, -429, -84}};
    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({h, w, 3}), e(UFixed(8, 0, Round::rnd, Overflow::sat), {h, w, 3});
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < w; ++u)
                for (int64_t n = 0; n < 3; ++n) {
                    int total = (n ? 128 : 0) << 10;
                    for (int64_t p = 0; p < 3; ++p)
                        total += q[n][p] * a(v, u, p);
                    e(v, u, n) = static_cast<uint8_t>(std::clamp((total + 512) >> 10, 0, 255));
                }
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(yuv), cases);
    Schedule s(yuv);
    s[yuv].reorder(y, c, x).unroll(k).vectorize(x, 8).parallel(y);
    expect(s, cases);
    Schedule t(yuv);
    Loop yx = t[yuv].fuse(y, x);
    auto [o, i] = t[yuv].split(yx, 16);
    t[yuv].reorder(o, c, i).unroll(c).unroll(k).vectorize(i).parallel(o);
    expect(t, cases);
}

TEST_CASE("planar RGB to YUV, channels chosen by select") {
    Param H("H"), W("W");
    Input rgb("rgb", UInt(8), {3, H, W});
    Var y("y"), x("x"), c("c");
    Func out("out", UInt(8), {3, H, W});
    const Expr r = rgb(0, y, x), g = rgb(1, y, x), b = rgb(2, y, x);
    const Expr luma = (66 * r + 129 * g + 25 * b + 128) >> 8, u = (-38 * r - 74 * g + 112 * b + 128) >> 8,
               v = (112 * r - 94 * g - 18 * b + 128) >> 8;
    out(c, y, x) = select(c == 0, luma + 16, c == 1, u + 128, v + 128);
    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({3, h, w}), e({3, h, w});
        for (int64_t p = 0; p < h; ++p)
            for (int64_t q = 0; q < w; ++q) {
                const int R = a(0, p, q), G = a(1, p, q), B = a(2, p, q);
                e(0, p, q) = static_cast<uint8_t>(((66 * R + 129 * G + 25 * B + 128) >> 8) + 16);
                e(1, p, q) = static_cast<uint8_t>(((-38 * R - 74 * G + 112 * B + 128) >> 8) + 128);
                e(2, p, q) = static_cast<uint8_t>(((112 * R - 94 * G - 18 * B + 128) >> 8) + 128);
            }
        cases.push_back({{a}, {e}});
    }
    Schedule s(out);
    s[out].reorder(y, c, x).unroll(c).vectorize(x, 32).parallel(y);
    expect(s, cases);
    Schedule t(out);
    t[out].vectorize(x, 16);
    expect(t, cases);
}

TEST_CASE("demosaic: choice by parity") {
    Param H("H"), W("W");
    Input raw("raw", UInt(10), {2 * H + 2, 2 * W + 2});
    Var y("y"), x("x");
    Func green("green", UInt(10), {2 * H, 2 * W}), red("red", UInt(10), {2 * H, 2 * W});
    const auto at = [&](const Expr& v, const Expr& u) -> Expr { return raw(v + 1, u + 1); };
    const Expr diamond = (at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1)) >> 2;
    green(y, x) = select((y + x) % 2 == 1, at(y, x), diamond);
    red(y, x) = select(y % 2 == 0, select(x % 2 == 0, at(y, x), (at(y, x - 1) + at(y, x + 1)) / 2),
                       x % 2 == 0, (at(y - 1, x) + at(y + 1, x)) / 2,
                       (at(y - 1, x - 1) + at(y - 1, x + 1) + at(y + 1, x - 1) + at(y + 1, x + 1)) / 4);
    std::vector<Case> cases;
    for (const auto& [h, w] : std::vector<std::pair<int64_t, int64_t>>{{5, 11}, {4, 8}, {1, 1}, {0, 3}}) {
        Buffer<uint16_t> a = random_buffer<uint16_t>(UInt(10), {2 * h + 2, 2 * w + 2}, 0, 1023),
                         g(UInt(10), {2 * h, 2 * w}), r(UInt(10), {2 * h, 2 * w});
        const auto p = [&](int64_t v, int64_t u) -> int { return a(v + 1, u + 1); };
        for (int64_t v = 0; v < 2 * h; ++v)
            for (int64_t u = 0; u < 2 * w; ++u) {
                g(v, u) = static_cast<uint16_t>(
                    (v + u) % 2 ? p(v, u) : (p(v - 1, u) + p(v + 1, u) + p(v, u - 1) + p(v, u + 1)) / 4);
                r(v, u) = static_cast<uint16_t>(
                    v % 2 == 0 ? (u % 2 == 0 ? p(v, u) : (p(v, u - 1) + p(v, u + 1)) / 2)
                    : u % 2 == 0
                        ? (p(v - 1, u) + p(v + 1, u)) / 2
                        : (p(v - 1, u - 1) + p(v - 1, u + 1) + p(v + 1, u - 1) + p(v + 1, u + 1)) / 4);
            }
        cases.push_back({{a}, {g, r}, {{"H", Value::index(h)}, {"W", Value::index(w)}}});
    }
    expect(Schedule({raw}, {green, red}), cases);
    Schedule s({raw}, {green, red});
    s[green].vectorize(x, 16).parallel(y);
    auto [yo, xo, yi, xi] = s[red].tile({y, x}, {2, 2}, Tail::exact);
    s[red].unroll(yi).unroll(xi).vectorize(xo, 8);
    expect(s, cases);
}

TEST_CASE("bilinear resize with fixed-point weights") {
    Param H("H"), W("W"), OH("OH"), OW("OW");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    Func out("out", UInt(8), {OH, OW});
    // Positions in 1/16 of a pixel.
    const auto position = [](const Expr& o, const Expr& n, const Expr& outs) {
        return floor_div(o * max(n - 1, 0) * 16, max(outs - 1, 1));
    };
    const Expr py = position(y, H, OH), px = position(x, W, OW);
    const Expr y0 = py >> 4, x0 = px >> 4, y1 = min(y0 + 1, H - 1), x1 = min(x0 + 1, W - 1), fy = py & 15,
               fx = px & 15;
    const auto safe = [&](const Expr& v, const Expr& u) -> Expr {
        return in(clamp(v, 0, H - 1), clamp(u, 0, W - 1));
    };
    out(y, x) = ((safe(y0, x0) * (16 - fx) + safe(y0, x1) * fx) * (16 - fy) +
                 (safe(y1, x0) * (16 - fx) + safe(y1, x1) * fx) * fy + 128) >>
                8;
    std::vector<Case> cases;
    for (const auto& [h, w, oh, ow] :
         {std::array<int64_t, 4>{5, 7, 13, 18}, std::array<int64_t, 4>{9, 20, 4, 9},
          std::array<int64_t, 4>{1, 1, 3, 3}, std::array<int64_t, 4>{4, 4, 1, 1}}) {
        Bytes a = picture({h, w}), e({oh, ow});
        for (int64_t v = 0; v < oh; ++v)
            for (int64_t u = 0; u < ow; ++u) {
                const int64_t qy = v * (h - 1) * 16 / std::max<int64_t>(oh - 1, 1),
                              qx = u * (w - 1) * 16 / std::max<int64_t>(ow - 1, 1);
                const int64_t b = qy % 16, c = qx % 16, t = qy / 16, l = qx / 16;
                e(v, u) = static_cast<uint8_t>(
                    ((clamped(a, t, l) * (16 - c) + clamped(a, t, l + 1) * c) * (16 - b) +
                     (clamped(a, t + 1, l) * (16 - c) + clamped(a, t + 1, l + 1) * c) * b + 128) >>
                    8);
            }
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s[out].vectorize(x, 8).parallel(y);
    expect(s, cases);
}

TEST_CASE("erosion and dilation: minimum and maximum over a window") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H, W});
    Var y("y"), x("x");
    RDom r({{-1, 3}, {-2, 5}}, "r");
    Func eroded("eroded"), opened("opened", UInt(8), {H, W});
    eroded(y, x) = minimum(r, repeat_edge(in)(y + r.x, x + r.y));
    opened(y, x) = maximum(r, eroded(clamp(y + r.x, 0, H - 1), clamp(x + r.y, 0, W - 1)));
    std::vector<Case> cases;
    for (const auto& [h, w] : sizes) {
        Bytes a = picture({h, w}), m({h, w}), e({h, w});
        for (const auto& [from, to, dilate] : {std::tuple{&a, &m, false}, std::tuple{&m, &e, true}})
            for (int64_t v = 0; v < h; ++v)
                for (int64_t u = 0; u < w; ++u) {
                    int best = dilate ? 0 : 255;
                    for (int64_t p = -1; p <= 1; ++p)
                        for (int64_t q = -2; q <= 2; ++q)
                            best = dilate ? std::max(best, clamped(*from, v + p, u + q))
                                          : std::min(best, clamped(*from, v + p, u + q));
                    (*to)(v, u) = static_cast<uint8_t>(best);
                }
        cases.push_back({{a}, {e}});
    }
    expect(Schedule(opened), cases);
    Schedule s(opened);
    s[opened].unroll(r.x).unroll(r.y).vectorize(x, 16).parallel(y);
    s[eroded].unroll(r.x).unroll(r.y).vectorize(x, 16);
    expect(s, cases);
    Schedule t(opened);
    auto [yo, xo, yi, xi] = t[opened].tile({y, x}, {8, 16});
    t.compute_at(eroded, opened, xo);
    CHECK_THROWS_WITH_AS(t[opened].reorder(yi, r.x, xi), doctest::Contains("define a Func with an update"),
                         Error);
    t[opened].reorder(yo, xo, xi, yi).unroll(r.y);
    expect(t, cases);
}

TEST_CASE("bilateral-like weights from a table") {
    Param H("H"), W("W");
    Input in("in", UInt(8), {H + 4, W + 4});
    std::vector<Expr> weights;
    std::vector<int> w;
    for (int n = 0; n < 256; ++n) {
        w.push_back(static_cast<int>(std::lround(255 * std::exp(-n * n / 800.0))));
        weights.push_back(w.back());
    }
    Const table("table", UInt(8), {256}, weights);
    Var y("y"), x("x");
    RDom r({{0, 5}, {0, 5}}, "r");
    Func out("out", UInt(8), {H, W});
    const Expr centre = in(y + 2, x + 2), pixel = in(y + r.x, x + r.y);
    const Expr weight = table(cast(UInt(8), abs(pixel - centre)));
    out(y, x) = sum(r, weight * pixel) / sum(r, weight);
    std::vector<Case> cases;
    for (const auto& [h, ww] : sizes) {
        Bytes a = picture({h + 4, ww + 4}), e({h, ww});
        for (int64_t v = 0; v < h; ++v)
            for (int64_t u = 0; u < ww; ++u) {
                int above = 0, below = 0;
                for (int64_t p = 0; p < 5; ++p)
                    for (int64_t q = 0; q < 5; ++q) {
                        const int here = w[static_cast<size_t>(std::abs(a(v + p, u + q) - a(v + 2, u + 2)))];
                        above += here * a(v + p, u + q);
                        below += here;
                    }
                e(v, u) = static_cast<uint8_t>(above / below);
            }
        cases.push_back({{a}, {e}, {{"H", Value::index(h)}, {"W", Value::index(ww)}}});
    }
    expect(Schedule(out), cases);
    Schedule s(out);
    s[out].vectorize(x, 8).parallel(y);
    expect(s, cases);
}
