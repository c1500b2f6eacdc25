// tile: two splits and a reorder, which speaks in its own name.

#include "contains.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("tile") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    CHECK(contains(loop_tree(s), "ji"));
    expect_right(s, Gemm::sizes());
    s[g.C].reorder(io, jo, g.k, ii, ji).parallel(io).unroll(ii).vectorize(ji);
    expect_right(s, Gemm::sizes());
    s[g.C].init().tile({g.i, g.j}, {3, 5}, Tail::guard);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: tile speaks in its own name") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "tile(i, k, 4, -1) at tile.cpp:", s[g.C].tile({g.i, g.k}, {4, -1}));
    REFUSED(s, "tile(i, j, 4, 4) makes new loops, so it works on one definition of C at a time",
            s[g.C].all().tile({g.i, g.j}, {4, 4}));
    RDom r({{1, 6}, {0, 6}}, "r");
    Var i("i"), j("j");
    Func f("f", Int(16), {8, 8});
    f(i, j) = i + j;
    f(r.x, r.y) = f(r.x - 1, r.y + 1) + 1;
    Schedule u(f);
    REFUSED(u, "tile(r_x, r_y, 2, 2) at tile.cpp:", u[f].tile({r.x, r.y}, {2, 2}));
    auto tiles = s[g.C].tile({g.i, g.j}, {4, 8});
    REFUSED(s, "loop i is gone: tile(i, j, 4, 8) at tile.cpp:", s[g.C].parallel(g.i));
    s[g.C].parallel(tiles[0]);
}
