// Inline reductions wherever an expression may stand, and what exact accumulators make of them.

#include "programs.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The outputs' values when every input is 0, 1, 2, …
std::vector<int64_t> counted(const Module& m) {
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, 1);
    std::vector<AnyBuffer*> pointers;
    for (size_t n = 0; n < buffers.size(); ++n) {
        const Argument& a = m.top().arguments[n];
        for (int64_t k = 0; a.direction == Direction::in && k < buffers[n].size(); ++k)
            buffers[n].set({k}, cast(a.tensor.type, Value::literal(static_cast<int>(k))));
        pointers.push_back(&buffers[n]);
    }
    interpret(m, pointers);
    std::vector<int64_t> all;
    for (size_t n = 0; n < buffers.size(); ++n)
        for (int64_t k = 0; m.top().arguments[n].direction != Direction::in && k < buffers[n].size(); ++k)
            all.push_back(buffers[n].get({k}).as_int64());
    return all;
}

} // namespace

TEST_CASE("one reduction in several statements of a kernel") {
    Input a("a", Int(8), {5});
    Output b("b", Int(16), {3});
    RDom r(0, 5, "r");
    const Kernel k("k", {a, b}, [&](KernelBody& body) {
        const Expr s = sum(r, a(r));
        const Best least = argmin(r, -a(r));
        b(0) = s;
        b(1) = s + least.at[0];
        body.if_(s > least.value, [&] { b(2) = s * 2 + least.value; });
    });
    CHECK(counted(Schedule(k).module()) == std::vector<int64_t>{10, 14, 16});
}

TEST_CASE("a reduction in a require, and as an argument of a call") {
    Input a("a", Int(8), {5});
    RDom r(0, 5, "r");
    Param n("n"), scale("scale", Int(16));
    InOut x("x", Int(16), {n});
    const Kernel fill("fill", {x, scale}, [&](KernelBody& body) {
        Var i("i");
        body.for_(i, 0, n, [&] { x(i) = scale + i; });
    });
    Output b("b", Int(16), {3});
    const Kernel k("k", {a, b}, [&](KernelBody& body) {
        body.require(sum(r, a(r)) >= 0, "a is negative");
        body.call(fill, {b, sum(r, a(r))});
    });
    const Schedule s(k);
    const Module& m = s.module();
    CHECK(counted(m) == std::vector<int64_t>{10, 11, 12});
    AnyBuffer in(Int(8), {5}), out(Int(16), {3});
    in.set({2}, cast(Int(8), Value::literal(-1)));
    CHECK_THROWS_WITH_AS(interpret(m, {&in, &out}), doctest::Contains("a is negative"), Error);
}

TEST_CASE("a reduction in the bounds of an RDom") {
    Var i("i");
    Input a("a", UInt(3), {4});
    RDom q(0, 4, "q");
    Func f("f", Int(16), {8}), g("g", Int(16), {8});
    f(i) = 0;
    RDom r(0, sum(q, a(q)), "r");
    f(r) += r + 1;
    RDom t(1, sum(q, a(q)) - maximum(q, a(q)), "t");
    g(i) = sum(t, t * i, Int(16));
    Schedule s({f, g});
    CHECK(counted(s.module()) == std::vector<int64_t>{1, 2, 3, 4, 5, 6, 0, 0, 0, 6, 12, 18, 24, 30, 36, 42});
    s[f].unroll(r);
    s[g].parallel(i);
    CHECK(counted(s.module()) == counted(s.reference()));
    CHECK_THROWS_WITH_AS(sum(RDom(0, sum(q, Expr(1))), a(0)),
                         doctest::Contains("the number of points is not a constant"), Error);
    CHECK_THROWS_WITH_AS(Func("h", Int(8), {sum(q, Expr(1))}),
                         doctest::Contains("is computed by a reduction"), Error);
}

TEST_CASE("a bound of a loop of a kernel is a reduction") {
    Input a("a", UInt(3), {4});
    RDom q(0, 4, "q");
    Output b("b", Int(16), {8});
    const Kernel k("k", {a, b}, [&](KernelBody& body) {
        Var i("i");
        body.for_(i, 0, 8, [&] { b(i) = 0; });
        Var j("j");
        body.for_(j, sum(q, b(q)), sum(q, a(q)), [&] { b(j) = j + 1; });
    });
    Schedule s(k);
    CHECK(counted(s.module()) == std::vector<int64_t>{1, 2, 3, 4, 5, 6, 0, 0});
}

TEST_CASE("an exact accumulator that an inline reduction reads") {
    Var i("i");
    Input a("a", Int(8), {4});
    RDom r(0, 4, "r"), q(0, 3, "q");
    Func c("c", Int(16), {4}), d("d", Int(16), {4});
    c(i) = 1;
    c(i) += sum(r, c(i) * a(r));
    Schedule s(c);
    CHECK_THROWS_WITH_AS(s.quantize(c, Int(8), {.accumulate = Accumulate::exact}),
                         doctest::Contains("c.acc is read by what is added to it at"), Error);
    d(i) = 1;
    d(i) += sum(r, d(i) * a(r), Int(8));
    CHECK_THROWS_WITH_AS(Schedule(d).quantize(d, Int(24), {.accumulate = Accumulate::exact}),
                         doctest::Contains("d.acc is read by what is added to it at"), Error);
}
