// Tensors whose coordinates do not begin at 0.

#include "kernel_program.h"
#include "lathe/dsl/boundary.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

template <class T> Buffer<T> from(int64_t min, Buffer<T> b) {
    b.set_min({min});
    return b;
}

} // namespace

TEST_CASE("a stencil whose input has a halo") {
    Param N("N");
    Input in("in", Int(16), {Range(-1, N + 2)});
    Var i("i");
    Func out("out", Int(18), {N});
    out(i) = in(i - 1) + in(i) + in(i + 1);
    const auto x = from(-1, random_buffer<int16_t>({30}, -999, 999));
    AnyBuffer expected(Int(18), {28});
    for (int64_t n = 0; n < 28; ++n)
        expected.set({n}, Value::from_raw(Int(18), x(n - 1) + x(n) + x(n + 1)));
    Schedule s(out);
    expect(s, {{{x}, {expected}}});
    s[out].vectorize(i, 8);
    expect(s, {{{x}, {expected}}});
    const JitFunction f = jit(s);
    Buffer<int16_t> at_zero({30});
    CHECK_THROWS_WITH_AS(f(at_zero, expected), doctest::Contains("begins at 0, but must at -1"), Error);
}

TEST_CASE("a tile whose place the caller's buffers say") {
    Param x0("x0"), y0("y0"), W("W"), H("H");
    Input in("in", Int(8), {Range(y0, H + 2), Range(x0, W)});
    Var y("y"), x("x");
    Func twice("twice"), out("out", Int(32), {Range(y0 + 1, H), Range(x0, W)});
    twice(y, x) = 2 * in(y, x) + x;
    out(y, x) = twice(y - 1, x) + twice(y + 1, x) + 100 * y;
    const auto example = [](int64_t top, int64_t left, int64_t height, int64_t width) {
        auto a = random_buffer<int8_t>({height + 2, width}, -99, 99);
        Buffer<int32_t> b({height, width});
        a.set_min({top, left});
        b.set_min({top + 1, left});
        for (int64_t r = top + 1; r <= top + height; ++r)
            for (int64_t c = left; c < left + width; ++c)
                b(r, c) = static_cast<int32_t>(2 * (a(r - 1, c) + a(r + 1, c)) + 2 * c + 100 * r);
        return Case{{a}, {b}};
    };
    const std::vector<Case> cases = {example(0, 0, 5, 9), example(100, 3, 4, 17), example(7, 50, 1, 1),
                                     example(2, 2, 0, 4)};
    Schedule plain(out), tiled(out), inlined(out);
    expect(plain, cases);
    auto [yo, xo, yi, xi] = tiled[out].tile({y, x}, {2, 8});
    tiled.compute_at(twice, out, xo);
    tiled[twice].vectorize(x, 8);
    tiled[out].vectorize(xi).parallel(yo);
    expect(tiled, cases);
    inlined.inline_(twice);
    inlined[out].vectorize(x, 4).parallel(y);
    expect(inlined, cases);
    // What a buffer says must fit the other buffers, and no size is negative.
    Case wrong = example(4, 4, 3, 3);
    wrong.expected[0].set_min({6, 4});
    const JitFunction f = jit(plain);
    CHECK_THROWS_WITH_AS(f(wrong.inputs[0], wrong.expected[0]), doctest::Contains("must at 5"), Error);
    wrong = example(-4, 4, 3, 3);
    CHECK_THROWS_WITH_AS(f(wrong.inputs[0], wrong.expected[0]), doctest::Contains("the size y0 is negative"),
                         Error);
    CHECK_THROWS_WITH_AS(interpret(plain, {&wrong.inputs[0], &wrong.expected[0]}),
                         doctest::Contains("the size y0 is negative"), Error);
}

TEST_CASE("edges of tensors that begin elsewhere") {
    Param N("N");
    Input in("in", Int(8), {Range(-3, N)});
    Var i("i");
    Func out("out", Int(8), {Range(-10, N + 20)}), copied = copy("copied", in);
    const Bounded edges[] = {repeat_edge(in), mirror(in), mirror_interior(in), wrap(in),
                             constant_edge(copied, 77)};
    for (int kind = 0; kind < 5; ++kind) {
        CAPTURE(kind);
        Func result("result", Int(8), {Range(-10, N + 14)});
        result(i) = edges[kind](i);
        const int64_t n = 5;
        const auto x = from(-3, random_buffer<int8_t>({n}, -99, 99));
        auto expected = from(-10, Buffer<int8_t>({n + 14}));
        for (int64_t p = -10; p < n + 4; ++p) {
            const int64_t q = p + 3, mod = ((q % (2 * n)) + 2 * n) % (2 * n),
                          interior = ((q % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
            const int64_t places[] = {std::clamp<int64_t>(q, 0, n - 1), std::min(mod, 2 * n - 1 - mod),
                                      std::min(interior, 2 * n - 2 - interior), ((q % n) + n) % n, q};
            const int64_t at = places[kind];
            expected(p) = at >= 0 && at < n ? x(at - 3) : int8_t{77};
        }
        expect(Schedule(result), {{{x}, {expected}}});
    }
}

TEST_CASE("kernels on tensors that begin elsewhere") {
    Param N("N");
    Input in("in", Int(16), {Range(2, N)});
    InOut sums("sums", Int(32), {Range(2, N)});
    Var i("i");
    const Kernel half("half", {sums},
                      [&](KernelBody& k) { k.update(sums, [&](Var j) { return sums(j) / 2; }); });
    const Kernel prefix("prefix", {in, sums}, [&](KernelBody& k) {
        const Array own = k.copy("own", in);
        Scalar total = k.scalar("total", Int(32), 0);
        k.for_(i, 2, N + 2, [&] {
            total += own(i);
            sums(i) += total;
        });
        k.call(half, {sums});
    });
    const auto x = from(2, random_buffer<int16_t>({9}, -99, 99));
    auto before = from(2, random_buffer<int32_t>({9}, -99, 99)), after = before;
    after = from(2, Buffer<int32_t>({9}));
    int32_t total = 0;
    for (int64_t n = 2; n < 11; ++n) {
        total += x(n);
        after(n) = (before(n) + total) / 2;
    }
    const Schedule s(prefix);
    const JitFunction f = jit(s);
    for (int way = 0; way < 2; ++way) {
        AnyBuffer in_place = before.copy();
        AnyBuffer input = x;
        if (way == 0)
            interpret(s, {&input, &in_place});
        else
            f(input, in_place);
        CHECK(bit_equal(in_place, after));
    }
    Output other("other", Int(32), {Range(3, N)});
    CHECK_THROWS_WITH_AS(build(Kernel("wrong", {other},
                                      [&](KernelBody& k) {
                                          k.update(other, [&](Var) { return 0; });
                                          k.call(half, {other});
                                      })),
                         doctest::Contains("another shape"), Error);
}

TEST_CASE("a called kernel's first coordinate is its tensor's") {
    Param n("n"), y0("y0"), N("N");
    InOut c("c", Int(32), {Range(y0, n)});
    const Kernel f("f", {c}, [&](KernelBody& k) { k.for_(y0, y0 + n, [&](Var q) { c(q) += q; }); });
    InOut a("a", Int(32), {Range(-2, N)});
    const Schedule s(Kernel("k", {a}, [&](KernelBody& k) { k.call(f, {a}); }));
    REQUIRE(s.module().top().params.size() == 1);
    for (const bool machine : {false, true}) {
        Buffer<int32_t> x({5});
        x.set_min({-2});
        machine ? jit(s)(x) : interpret(s, {&x});
        for (int i = -2; i < 3; ++i)
            CHECK(x(i) == i);
    }
}

TEST_CASE("tables that begin elsewhere") {
    Buffer<int8_t> values({3});
    values(0) = 10;
    values(1) = 20;
    values(2) = 30;
    values.set_min({-1});
    const Const table("table", values);
    Var i("i");
    Func out("out", Int(8), {3});
    out(i) = table(1 - i);
    Buffer<int8_t> expected({3});
    expected(0) = 30;
    expected(1) = 20;
    expected(2) = 10;
    expect(Schedule(out), {{{}, {expected}}});
    Func wrong("wrong", Int(8), {3});
    wrong(i) = table(i);
    CHECK_THROWS_WITH_AS(build({wrong}), doctest::Contains("required [0, 2], declared [-1, 1]"), Error);
}
