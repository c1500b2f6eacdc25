// What users of Halide, C and NumPy write first.

#include "dsl_support.h"

#include <lathe/lathe.h>

using namespace lathe;

TEST_CASE("an expression that grows, and all points of several ranges") {
    Var i("i");
    RDom r(0, 3, 1, 4), q(0, 2, 0, 2, 0, 2, "q"), p(0, 1, 0, 1, 0, 1, 0, 2);
    Func f("f", Int(32), {4}), g("g", Int(32), {1});
    Expr e = i;
    e += 1;
    e *= 3;
    e -= i;
    f(i) = e;
    f(r.x) += r.y;
    g(i) = 0;
    g(0) += q.x + q.y + q.z + p.w;
    CHECK(r.rank() == 2);
    CHECK(q.rank() == 3);
    CHECK(p.rank() == 4);
    const std::vector<AnyBuffer> out = realize(f);
    for (int64_t n = 0; n < 4; ++n)
        CHECK(out[0].get({n}).as_int64() == 3 * (n + 1) - n + (n < 3 ? 1 + 2 + 3 + 4 : 0));
    Buffer<int32_t> sum({1});
    jit(g)(sum);
    CHECK(sum(0) == 2 * (4 + 4 + 4) + 8);
}

TEST_CASE("constants from numbers of C++") {
    const std::vector<float> weights{1.5f, -2, 0.25f, 8};
    Const row("row", weights), square("square", Float(32), {2, 2}, weights);
    Var i("i"), j("j");
    Func f("f", Float(32), {2, 2});
    f(i, j) = square(i, j) + row(i);
    const std::vector<AnyBuffer> out = realize(f);
    CHECK(out[0].get({1, 0}).as_double() == 0.25 - 2);
    CHECK(row.type() == Float(32));
    CHECK_THROWS_WITH_AS(Const("c", Int(8), {3}, std::vector<int>{1, 2}),
                         doctest::Contains("c has 3 elements and 2 values are given"), Error);
}

TEST_CASE("an output without dimensions needs no shape") {
    Input a("a", Int(8), {5});
    RDom r(0, 5, "r");
    Func total("total", Int(32));
    total() = 0;
    total() += a(r);
    Buffer<int8_t> in({5});
    for (int8_t n = 0; n < 5; ++n)
        in(n) = static_cast<int8_t>(n * n);
    CHECK(realize(total, {in})[0].get({}).as_int64() == 30);
}

TEST_CASE("bits at positions that are computed") {
    const auto check = [](Type type, int64_t value) {
        Input x("x", type, {1}), q("q", Int(8), {24});
        Output read("read", UInt(1), {24}), set("set", type, {24}), cleared("cleared", type, {24});
        Var i("i");
        Kernel k("k", {x, q, read, set, cleared}, [&](KernelBody& b) {
            b.for_(i, 0, 24, [&] {
                Scalar s = b.scalar("s", type, x(0));
                read(i) = x(0)[q(i)];
                s[q(i)] = 1;
                set(i) = s;
                cleared(i) = x(0);
                cleared(i)[q(i)] = s[q(i)] - 1;
            });
        });
        AnyBuffer in(type, {1}), positions(Int(8), {24}), bits(UInt(1), {24}), ones(type, {24}),
            zeros(type, {24});
        in.set({0}, ir::cast(type, Value::literal(value)));
        for (int64_t n = 0; n < 24; ++n)
            positions.set({n}, Value::literal(n - 4));
        jit(Schedule(k)).call({&in, &positions, &bits, &ones, &zeros});
        std::vector<AnyBuffer> expected{in, positions, bits, ones, zeros};
        std::vector<AnyBuffer*> all;
        for (AnyBuffer& e : expected)
            all.push_back(&e);
        ir::interpret(Schedule(k).module(), all);
        const auto raw = [&](const AnyBuffer& b, int64_t n) {
            return ir::bitcast(UInt(type.width()), b.get({n})).as_int64();
        };
        const int64_t whole = raw(in, 0);
        for (int64_t n = 0; n < 24; ++n) {
            const int64_t at = n - 4, bit = at < 0 || at >= type.width() ? 0 : int64_t{1} << at;
            CHECK(bits.get({n}).as_int64() == ((whole & bit) != 0));
            CHECK(raw(ones, n) == (whole | bit));
            CHECK(raw(zeros, n) == (whole & ~bit));
            CHECK(bit_equal(ones, expected[3]));
            CHECK(bit_equal(zeros, expected[4]));
        }
    };
    check(UInt(8), 0xa5);
    check(Int(13), -77);
    check(Fixed(12, 3), -9);
    Input f("f", Float(32), {1}), q("q", Int(8), {1});
    CHECK_THROWS_AS(f(0)[q(0)], Error);
}
