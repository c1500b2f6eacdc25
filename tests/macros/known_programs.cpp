// Programs that others write with stencils: PolyBench's, filters of pictures, and those that are none.

#include "stencils.h"

#include "refusal.h"

using namespace lathe;

namespace {

Schedule network(const Kernel& k, const StencilOptions& options) {
    Schedule s(k);
    s.stencil(k, options);
    return s;
}

std::string refused(const Kernel& k, const StencilOptions& options = {}) {
    return refusal([&] { network(k, options); });
}

/// PolyBench's heat-3d: two grids in turn.
Kernel heat3d(Type t, int64_t steps) {
    const Var n("n"), i("i"), j("j"), k("k");
    const Input first("first", t, {5, 6, 8});
    const Output a("a", t, {5, 6, 8}), b("b", t, {5, 6, 8});
    return {"heat3d", {first, a, b}, [&](KernelBody& body) {
                const auto loops = [&](int64_t from, const std::function<void()>& point) {
                    body.for_(i, from, 5 - from, [&] {
                        body.for_(j, from, 6 - from, [&] { body.for_(k, from, 8 - from, point); });
                    });
                };
                const auto step = [&](const Output& to, const Output& of) {
                    loops(1, [&] {
                        const auto along = [&](const Expr& before, const Expr& behind) {
                            return (behind - of(i, j, k) * 2 + before) * 0.125f;
                        };
                        to(i, j, k) = along(of(i - 1, j, k), of(i + 1, j, k)) +
                                      along(of(i, j - 1, k), of(i, j + 1, k)) +
                                      along(of(i, j, k - 1), of(i, j, k + 1)) + of(i, j, k);
                    });
                };
                loops(0, [&] { a(i, j, k) = first(i, j, k); });
                loops(0, [&] { b(i, j, k) = first(i, j, k); });
                body.for_(n, 0, steps, [&] {
                    step(b, a);
                    step(a, b);
                });
            }};
}

/// PolyBench's fdtd-2d: three fields, each computed of the others.
Kernel fdtd2d(Type t, int64_t steps) {
    const Var n("n"), i("i"), j("j");
    const Input ex0("ex0", t, {6, 8}), ey0("ey0", t, {6, 8}), hz0("hz0", t, {6, 8});
    const Output ex("ex", t, {6, 8}), ey("ey", t, {6, 8}), hz("hz", t, {6, 8});
    std::vector<double> f;
    for (int64_t s = 0; s < steps; ++s)
        f.push_back(static_cast<double>(s));
    const Const fict("fict", t, {steps}, f);
    return {"fdtd2d", {ex0, ey0, hz0, ex, ey, hz}, [&](KernelBody& k) {
                const auto loops = [&](int64_t y, int64_t x, int64_t less,
                                       const std::function<void()>& point) {
                    k.for_(i, y, 6 - less, [&] { k.for_(j, x, 8 - less, point); });
                };
                loops(0, 0, 0, [&] { ex(i, j) = ex0(i, j); });
                loops(0, 0, 0, [&] { ey(i, j) = ey0(i, j); });
                loops(0, 0, 0, [&] { hz(i, j) = hz0(i, j); });
                k.for_(n, 0, steps, [&] {
                    k.for_(j, 0, 8, [&] { ey(0, j) = fict(n); });
                    loops(1, 0, 0, [&] { ey(i, j) = ey(i, j) - (hz(i, j) - hz(i - 1, j)) * 0.5f; });
                    loops(0, 1, 0, [&] { ex(i, j) = ex(i, j) - (hz(i, j) - hz(i, j - 1)) * 0.5f; });
                    loops(0, 0, 1, [&] {
                        hz(i, j) = hz(i, j) - (ex(i, j + 1) - ex(i, j) + ey(i + 1, j) - ey(i, j)) * 0.7f;
                    });
                });
            }};
}

/// PolyBench's seidel-2d, in one tensor.
Kernel seidel2d(Type t, int64_t steps) {
    const Var n("n"), i("i"), j("j");
    const Input in("in", t, {6, 9});
    const Output a("a", t, {6, 9});
    return {"seidel2d", {in, a}, [&](KernelBody& k) {
                k.for_(i, 0, 6, [&] { k.for_(j, 0, 9, [&] { a(i, j) = in(i, j); }); });
                k.for_(n, 0, steps, [&] {
                    k.for_(i, 1, 5, [&] {
                        k.for_(j, 1, 8, [&] {
                            Scalar sum = k.scalar("sum", t, 0);
                            const Var y("y"), x("x");
                            k.for_(y, -1, 2, [&] { k.for_(x, -1, 2, [&] { sum += a(i + y, j + x); }); });
                            a(i, j) = sum / (t.is_float() ? Expr(9.0f) : Expr(9));
                        });
                    });
                });
            }};
}

struct Image {
    Var y{"y"}, x{"x"}, c{"c"};
    Input in{"in", UInt(8), {9, 14}};

    Func func(const std::string& name, Type t) const { return {name, t, {9, 14}}; }
};

/// Gradients by Sobel's windows, their size and whether it is an edge: three outputs of three types.
Schedule sobel(int64_t lanes) {
    const Image p;
    const Bounded a = repeat_edge(p.in);
    Func gx("gx", Int(11)), gy("gy", Int(11)), size = p.func("size", Float(32)),
                                               edge = p.func("edge", Bool()), both = p.func("both", UInt(8));
    const auto at = [&](int dy, int dx) { return cast(Int(11), a(p.y + dy, p.x + dx)); };
    gx(p.y, p.x) = at(-1, 1) + at(0, 1) * 2 + at(1, 1) - at(-1, -1) - at(0, -1) * 2 - at(1, -1);
    gy(p.y, p.x) = at(1, -1) + at(1, 0) * 2 + at(1, 1) - at(-1, -1) - at(-1, 0) * 2 - at(-1, 1);
    const auto squared = [&](const Func& g) {
        const Expr f = cast(Float(32), g(p.y, p.x));
        return f * f;
    };
    size(p.y, p.x) = sqrt(squared(gx) + squared(gy));
    edge(p.y, p.x) = size(p.y, p.x) > 100.0f;
    both(p.y, p.x) = cast(UInt(8), min(abs(gx(p.y, p.x)) + abs(gy(p.y, p.x)), 255));
    Schedule s({size, edge, both});
    s.stencil(both, {.unroll = lanes});
    return s;
}

} // namespace

TEST_CASE("known programs: heat-3d, fdtd-2d, seidel-2d of PolyBench") {
    for (const Type t : {Float(32), Fixed(18, 9)})
        for (const int64_t k : {1, 2}) {
            check_network(network(heat3d(t, 2), {.unroll = k}), false);
            check_network(network(fdtd2d(t, 3), {.unroll = k, .word = k == 2 ? 64 : 0}), false);
        }
    check_network(network(heat3d(Float(32), 1), {.unroll = 2, .tile = {5, 6}}), false);
    check_network(network(seidel2d(Float(32), 2), {.in_place = true}), false);
    check_network(network(seidel2d(Int(16), 1), {.in_place = true}), false);
    expect(refused(seidel2d(Float(32), 1)), "in place. Use two tensors");
}

TEST_CASE("known programs: Sobel, opening and closing, a bilateral filter, box filters") {
    for (const int64_t k : {1, 2, 7})
        check_network(sobel(k), false);
    const Image p;
    Func e1 = p.func("e1", UInt(8)), d1 = p.func("d1", UInt(8)), close = p.func("close", UInt(8)),
         open = p.func("open", UInt(8)), hat = p.func("hat", Int(9));
    const auto window = [&](const auto& of, bool least) {
        Expr all;
        for (int y = -1; y < 2; ++y)
            for (int x = -1; x < 2; ++x) {
                const Expr e = repeat_edge(of)(p.y + y, p.x + x);
                all = !all.defined() ? e : least ? min(all, e) : max(all, e);
            }
        return all;
    };
    e1(p.y, p.x) = window(p.in, true);
    open(p.y, p.x) = window(e1, false);
    d1(p.y, p.x) = window(p.in, false);
    close(p.y, p.x) = window(d1, true);
    hat(p.y, p.x) = cast(Int(9), close(p.y, p.x)) - cast(Int(9), open(p.y, p.x));
    Schedule s({open, close, hat});
    s.stencil(hat, {.unroll = 2});
    check_network(s, false);
    // Weights by how far values are apart: a table that data choose from, and a function.
    for (const bool table : {false, true}) {
        const Const near("near", UInt(4), {8}, std::vector<double>{15, 12, 9, 6, 4, 2, 1, 0});
        Func soft = p.func("soft", Float(32));
        Expr sum = cast(Float(32), 0), weight = cast(Float(32), 0);
        for (int y = -1; y < 2; ++y)
            for (int x = -1; x < 2; ++x) {
                const Expr e = mirror_interior(p.in)(p.y + y, p.x + x),
                           apart = abs(cast(Int(9), e) - cast(Int(9), p.in(p.y, p.x)));
                const Expr w =
                    table ? cast(Float(32), near(min(apart >> 4, 7))) : exp(cast(Float(32), apart) * -0.02f);
                sum = sum + w * cast(Float(32), e);
                weight = weight + w;
            }
        soft(p.y, p.x) = sum / max(weight, 1.0f);
        Schedule t(soft);
        t.stencil(soft, {.unroll = 2});
        check_network(t, false);
    }
    const Var x("x"), r("r");
    const Input line("line", Int(12), {40});
    Func box("box", Int(16), {32});
    RDom d(0, 9, "d");
    box(x) = sum(d, line(x + d));
    Schedule t(box);
    t.stencil(box, {.unroll = 4, .word = 64});
    check_network(t, false);
}

TEST_CASE("known programs: parameters as coefficients, several outputs, mixed types, sizes by bind") {
    const Var y("y"), x("x");
    const Param H("H"), W("W");
    const Param a("a", Int(8)), b("b", Fixed(12, 4)), bias("bias", Float(32)), on("on", Bool());
    const Input in("in", Int(16), {H, W}), mask("mask", Bool(), {H, W}), depth("depth", Float(64), {H, W});
    Func mixed("mixed", Fixed(24, 14)), out("out", Int(20), {H - 2, W}),
        deep("deep", Float(64), {H - 2, W - 3}), bits("bits", UInt(1), {H - 2, W});
    mixed(y, x) = in(y, x) * b + a;
    out(y, x) =
        select(mask(y + 1, x), cast(Int(20), mixed(y, x) + mixed(y + 2, x)), cast(Int(20), in(y + 1, x)));
    deep(y, x) = depth(y, x) * cast(Float(64), out(y, x)) + cast(Float(64), bias) +
                 select(on, depth(y + 1, x + 3), depth(y + 2, x));
    bits(y, x) = cast(UInt(1), mask(y, x) && mask(y + 2, x));
    const Numbers numbers{{"H", 7}, {"W", 12}, {"a", -5}, {"b", 23}, {"bias", 3}, {"on", 1}};
    for (const int64_t k : {1, 3, 4}) {
        Schedule s({out, deep, bits});
        s.bind(H, 7).bind(W, 12).stencil(deep, {.unroll = k});
        check_network(s, false, numbers);
        s.stencil(bits, {.unroll = k});
        check_network(s, false, numbers);
    }
    Schedule s({out, deep, bits});
    expect(refusal([&] { s.stencil(deep); }), "which is not constant");
}

TEST_CASE("known programs that are no stencils: why they are refused") {
    const Image p;
    const Var y("y"), x("x");
    const RDom all(0, 9, 0, 14, "all"), line(1, 13, "line");
    // Deriche's filter goes along a row, and back.
    const RDom rows(1, 8, "rows");
    Func forward = p.func("forward", Float(32)), blurred = p.func("blurred", Float(32));
    forward(y, x) = cast(Float(32), p.in(y, x));
    forward(y, line) = forward(y, line) * 0.25f + forward(y, line - 1) * 0.75f;
    expect(message(forward), "(distance (0, 1)): in place");
    CHECK(message(forward, {.in_place = true}) == "not refused");
    blurred(y, x) = cast(Float(32), p.in(y, x));
    blurred(y, 13 - line) = blurred(y, 13 - line) * 0.25f + blurred(y, 14 - line) * 0.75f;
    const std::string back = "goes backwards, and a network goes forwards";
    INFO(message(blurred, {.in_place = true}));
    expect(message(blurred, {.in_place = true}), back);
    const Output out("out", Float(32), {9, 14});
    const Kernel deriche("deriche", {p.in, out}, [&](KernelBody& k) {
        Array y1 = k.array("y1", Float(32), {9, 14}), y2 = k.array("y2", Float(32), {9, 14});
        k.for_(y, 0, 9, [&] {
            Scalar last = k.scalar("last", Float(32), 0);
            k.for_(x, 0, 14, [&] {
                y1(y, x) = cast(Float(32), p.in(y, x)) * 0.25f + last * 0.75f;
                last = y1(y, x);
            });
        });
        k.for_(y, 0, 9, [&] { k.for_(x, 0, 14, [&] { y2(y, x) = y1(y, x); }); });
        k.for_(y, 0, 9, [&] { k.for_(x, 12, -1, -1, [&] { y2(y, x) = y1(y, x) + y2(y, x + 1) * 0.5f; }); });
        k.for_(y, 0, 9, [&] { k.for_(x, 0, 14, [&] { out(y, x) = y1(y, x) + y2(y, x); }); });
    });
    expect(refused(deriche), "last is read at known_programs.cpp");
    const Kernel backwards("backwards", {p.in, out}, [&](KernelBody& k) {
        k.for_(y, 0, 9, [&] { k.for_(x, 0, 14, [&] { out(y, x) = cast(Float(32), p.in(y, x)); }); });
        k.for_(y, 0, 9,
               [&] { k.for_(x, 12, -1, -1, [&] { out(y, x) = out(y, x) + out(y, x + 1) * 0.5f; }); });
    });
    expect(refused(backwards, {.in_place = true}), back);
    Func histogram("histogram", Int(32), {256}), total("total", Int(32), {1}), half("half", Int(8), {4, 7}),
        twice("twice", Int(8), {18, 28}), turned("turned", Int(8), {14, 9}), grey("grey", Int(10), {9, 14}),
        cumulative = p.func("cumulative", Int(20)), scaled = p.func("scaled", Int(10));
    histogram(x) = 0;
    histogram(p.in(all.x, all.y)) += 1;
    expect(message(histogram),
           "subscript 0 is no loop variable of its own, so each point is not stored once");
    half(y, x) = cast(Int(8), p.in(y * 2, x * 2));
    expect(message(half), "stride 2 in subscript 0");
    twice(y, x) = cast(Int(8), p.in(y / 2, x / 2));
    expect(message(twice),
           "subscript 0 is y // 2: an element is read for 2 points. A stage reads as many elements as it "
           "computes: store each one 2 times before that, in a kernel of its own");
    turned(y, x) = cast(Int(8), p.in(x, y));
    expect(message(turned), "subscript 0 is not y and a number. A network reads each tensor in the order");
    const Input rgb("rgb", UInt(8), {9, 14, 3}), gain("gain", Int(8), {14});
    grey(y, x) = rgb(y, x, 0) + rgb(y, x, 1) + rgb(y, x, 2);
    expect(message(grey), "all that flows lies on one grid");
    cumulative(y, x) = cast(Int(20), p.in(y, x));
    cumulative(rows, x) += cumulative(rows - 1, x);
    expect(message(cumulative), "in place");
    scaled(y, x) = p.in(y, x) * gain(x);
    expect(message(scaled), "all that flows lies on one grid");
    total(x) = 0;
    total(x) += p.in(all.x, all.y);
    expect(message(total), "all that flows lies on one grid");
    // A window that moves by data, and one that goes round.
    Func moved = p.func("moved", Int(10)), round = p.func("round", Int(10));
    moved(y, x) = p.in(y, clamp(x + cast(Int(8), p.in(y, x)), 0, 13));
    expect(message(moved), "a gather");
    round(y, x) = p.in(floor_mod(y + 4, 9), x);
    expect(message(round), "compute the inner part alone, or give the input a border");
}
