// vectorize: lanes, and what has none.

#include "contains.h"
#include "drawn.h"
#include "refused.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"

using namespace lathe;

TEST_CASE("vectorize and unroll with a bound that is not constant") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].reorder(g.i, g.k, g.j).vectorize(g.j, 16).unroll(g.k, 2);
    CHECK(contains(print(s), "vectorized"));
    CHECK(contains(print(s), "unrolled"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: vectors of no constant length, of none, and in each other") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "the extent N of j has no constant bound. Try vectorize(j, n)", s[g.C].vectorize(g.j));
    REFUSED(s, "the factor 0 must be at least 1", s[g.C].vectorize(g.j, 0));
    s[g.C].vectorize(g.i, 8);
    REFUSED(s, "is vectorized already", s[g.C].vectorize(g.j, 8));
    Gemm h;
    Schedule t(h.C);
    t[h.C].parallel(h.j);
    REFUSED(t, "loop j inside it is parallel", t[h.C].vectorize(h.i, 4));
    Var i("i"), j("j");
    Func f("f", Int(16), {8, 8});
    f(i, j) = i * j;
    Schedule u(f);
    u[f].vectorize(i);
    REFUSED(u, "loop i around it is vectorized already", u[f].vectorize(j));
}

TEST_CASE("refused: blocks of a loop that runs in another way already") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].parallel(g.i);
    REFUSED(s,
            "loop i is parallel. Call vectorize(i, 8) before that: i then means the outer loop, which can be "
            "parallel",
            s[g.C].vectorize(g.i, 8));
}

TEST_CASE("refused: vectors around what has none") {
    InOut b("b", Int(32), {4, 4});
    Var i("i"), j("j"), one("one");
    const Extern nothing("nothing", {});
    const Kernel k("k", {b}, [&](KernelBody& k) {
        k.for_(one, 0, 1, [&] { k.print("once"); });
        k.for_(i, 0, 4, [&] { k.for_(j, 0, 4, [&] { b(i, j) = 1; }); });
    });
    Schedule s(k);
    REFUSED(s, "it prints at", s[k].vectorize(one));
    const Kernel calls("calls", {b}, [&](KernelBody& k) { k.for_(one, 0, 1, [&] { k.call(nothing, {}); }); });
    Schedule c(calls);
    REFUSED(c, "it calls the extern function nothing at", c[calls].vectorize(one));
    s[k].vectorize(j);
    REFUSED(s, "loop j inside it is vectorized", s[k].vectorize(i));
}

TEST_CASE("vectorize is drawn") {
    drawn("vectorize");
}
