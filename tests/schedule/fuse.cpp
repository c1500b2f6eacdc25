// fuse: two loops as one.

#include "contains.h"
#include "drawn.h"
#include "primitives.h"

using namespace lathe;

TEST_CASE("fuse") {
    Gemm g;
    Schedule s(g.C);
    Loop ij = s[g.C].fuse(g.i, g.j);
    CHECK(ij.name() == "ij");
    CHECK(contains(print(s), "for ij in range(M * N):"));
    s[g.C].parallel(ij);
    expect_right(s, Gemm::sizes());

    Gemm h;
    Schedule t(h.C);
    auto [io, jo, ii, ji] = t[h.C].tile({h.i, h.j}, {4, 8});
    Loop tile = t[h.C].fuse(io, jo, "tile");
    Loop inside = t[h.C].fuse(ii, ji);
    CHECK(tile.name() == "tile");
    t[h.C].parallel(tile);
    expect_right(t, Gemm::sizes());
    t[h.C].unroll(inside, 4);
    expect_right(t, Gemm::sizes());
}

TEST_CASE("fuse of loops that may have negative extents") {
    Param N("N");
    RDom r({{0, N - 5}, {2, N - 7}}, "r");
    Var i("i"), j("j");
    Func f("f", Int(32), {N, N});
    f(i, j) = 1;
    f(r.x, r.y) = r.x + r.y;
    Schedule s(f);
    s[f].fuse(r.x, r.y);
    expect_right(s, {{{"N", 0}}, {{"N", 1}}, {{"N", 6}}, {{"N", 8}}, {{"N", 12}}});
}

TEST_CASE("refused: fuse") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "k is not directly inside i", s[g.C].fuse(g.i, g.k));
    REFUSED(s, "i is not directly inside j", s[g.C].fuse(g.j, g.i));
}

TEST_CASE("refused: fuse of loops of a kernel with a condition between them that reads") {
    Loops l;
    Schedule s(l.kernel);
    REFUSED(s, "between the loops reads a tensor", s[l.kernel].fuse(l.i, l.j));
}

TEST_CASE("refused: fuse of loops whose bounds depend on each other, or may not be read before both") {
    Param N("N");
    Var i("i"), t("t");
    Input x("x", Int(8), {N});
    InOut f("f", Int(32), {N});
    const Kernel rows("rows", {x, f}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] { b.for_(t, 0, x(i), [&] { f(i) += t; }); });
    });
    Schedule s(rows);
    REFUSED(s, "the bounds of t depend on i", s[rows].fuse(i, t));
    GuardedBound g;
    Schedule u(g.kernel);
    REFUSED(
        u,
        "the bounds of j read X, and would be evaluated outside of i, where X is not proved to be read in "
        "bounds. Clamp the subscript, or require it",
        u[g.kernel].fuse(g.i, g.j));
}

TEST_CASE("fuse is drawn") {
    drawn("fuse");
}
