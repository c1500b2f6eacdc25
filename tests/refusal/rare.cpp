// Refusals that few programs meet.

#include "refused.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/reduction.h"

using namespace lathe;

TEST_CASE("refused: an exact accumulator that grows by itself") {
    Input a("a", Int(8), {4, 4});
    RDom k(0, 4, "k");
    Var i("i");
    Func f("f", Int(32), {4});
    f(i) = 1;
    f(i) += f(i) * a(i, k);
    Schedule s(f);
    REFUSED(s, "so that its exact type has no end: give it one, as in {.accumulate = Int(32)}",
            s.quantize(f, Int(20), {.accumulate = Accumulate::exact}));
}

TEST_CASE("refused: an accumulator of what has no update, and texts that are no trace") {
    Blur b;
    Schedule blur(b.out);
    REFUSED(blur, "rows has no update, so it has no accumulator. Give it the type alone",
            blur.quantize(b.rows, Int(20), {.accumulate = Accumulate::exact}));
    REFUSED(blur, "this is no trace: it is not a JSON object", blur.apply_trace("[1]"));
    REFUSED(blur, "this is no trace: it is not a JSON object", blur.apply_trace("{"));
}

TEST_CASE("refused: reductions without a start or targets") {
    Input a("a", Fixed(4, 4), {4});
    RDom r(0, 4, "r");
    Schedule none(Gemm().C);
    REFUSED(none, "product has no start value in Fixed(4, 4): give another type",
            (void)product(r, a(r), Fixed(4, 4)));
    REFUSED(none, "a start value of the reducer half is not a literal",
            Reducer("half", {{Int(8), a(0)}}, [](const auto& old, const auto&) { return old; }));
    REFUSED(none, "the reducer empty has no targets: give {type, start} for each",
            Reducer("empty", {}, [](const auto&, const auto&) { return std::vector<Expr>(); }));
}

TEST_CASE("refused: kernels where they do not belong") {
    Schedule none(Gemm().C);
    Param n("n", Int(8));
    Output out("out", Int(8), {8});
    InOut changed("changed", Int(8), {8});
    Input in("in", Int(8), {8});
    Var i("i");
    const Kernel fill("fill", {out, n}, [&](KernelBody& k) { k.update(out, [&](Var) { return n; }); });
    REFUSED(none, "fill takes a value for n, and is called with the tensor in",
            Kernel("caller", {in, out}, [&](KernelBody& k) { k.call(fill, {out, in}); }));
    REFUSED(none, "out is an argument of a kernel whose body runs at this moment",
            Kernel("outer", {out}, [&](KernelBody&) { Kernel("inner", {out}, [](KernelBody&) {}); }));
    REFUSED(none, "the condition of a while_ makes a statement: it may only read",
            Kernel("whiles", {changed},
                   [&](KernelBody& k) { k.while_([&] { return k.let(changed(0)) > 0; }, [] {}); }));
    Func f("f", Int(8), {8});
    REFUSED(none, "f reads changed, which belongs to a kernel: pass the kernel's result as an Input",
            Kernel("body", {changed}, [&](KernelBody&) { f(i) = changed(i); }));
}

TEST_CASE("refused: loops of inline reductions with one name, and sums without an end") {
    Input a("a", Int(8), {8, 8});
    Var i("i");
    RDom r(0, 8, "r"), q(0, 8, "r"), huge({{0, 1 << 30}, {0, 1 << 30}}, "huge"), more({{0, 1 << 30}}, "more");
    Func f("f", Int(32), {8}), g("g", Int(32), {8});
    f(i) = sum(r, a(i, r)) + sum(q, a(q, i));
    Schedule s(f);
    REFUSED(s, "2 loops of f are called r: give their RDoms different names", s[f].unroll(r));
    g(i) = 0;
    const unsigned update = __LINE__ + 1;
    g(i) += a(i, (huge.x + huge.y + more) % 8);
    Schedule sums(g);
    refused(sums, __FILE__, update, "has too many iterations: give an accumulator type",
            [&] { sums.quantize(g, Int(40), {.accumulate = Accumulate::exact}); });
}
