// separate: full tiles and edge tiles.

#include "contains.h"
#include "drawn.h"
#include "primitives.h"

using namespace lathe;

TEST_CASE("separate gives full tiles constant bounds and no conditions") {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
    s[g.C].reorder(jo, io, ii, ji);
    s.compute_at(g.P, g.C, io).compute_at(g.panel, g.C, jo).store_in(g.P, MemorySpace::registers());
    s[g.P].init().unroll(g.i).vectorize(g.j);
    s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.panel].vectorize(g.j);
    s[g.C].unroll(ii).vectorize(ji).parallel(jo);
    expect_right(s, Gemm::sizes());
    auto [full, edge] = s[g.C].separate(jo, io);
    std::string text = print(s);
    INFO(text);
    std::string inside = text.substr(text.find("0 <= "));
    inside = inside.substr(inside.find('\n'), inside.find("else") - inside.find('\n'));
    CHECK_FALSE(contains(inside, "if "));
    CHECK_FALSE(contains(inside, "min("));
    CHECK(contains(inside, "for i in unrolled"));
    expect_right(s, Gemm::sizes());
    CHECK_THROWS_WITH_AS(s[g.C].serial(ji), doctest::Contains("2 copies since separate"), Error);
    s[g.C].serial(full(ji)).serial(edge(ji)).serial(ii.all());
    expect_right(s, Gemm::sizes());
}

TEST_CASE("separate where a full tile never runs one of the loops") {
    Param N("N");
    Var i("i");
    RDom r(0, i - N + 1, "r"); // empty, but that takes the full tile's condition to see
    Func f("f", Int(32), {N});
    f(i) = 1;
    f(i) += r;
    Schedule s(f);
    auto [io, ii] = s[f].split(i, 4);
    auto [full, edge] = s[f].separate(io);
    s[f].unroll(edge(ii));
    CHECK_THROWS_WITH_AS(full(ii), doctest::Contains("or this copy never runs it"), Error);
    expect_right(s, {{{"N", 11}}, {{"N", 4}}, {{"N", 0}}});
}

TEST_CASE("separate of two loops") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].reorder(io, jo, g.k, ii, ji);
    s[g.C].separate(io, jo);
    expect_right(s, Gemm::sizes());
    std::string text = print(s);
    CHECK(contains(text, "else"));
}

TEST_CASE("refused: separate") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "every tile is full", s[g.C].separate(g.i));
    REFUSED(s, "separate needs the loops over tiles", s[g.C].separate(std::vector<LoopRef>{}));
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].reorder(io, jo, g.k, ii, ji);
    auto copies = s[g.C].separate(io, jo);
    REFUSED(s, "loop io was not inside the loops that were separated", copies[0](io));
}

TEST_CASE("refused: loops of kernels that are no tiles") {
    Loops l;
    Schedule s(l.kernel);
    REFUSED(s, "the loops are not inside each other", s[l.kernel].separate(l.j, l.k));
    REFUSED(s, "every tile is full: there is no guard", s[l.kernel].separate(l.i));
}

TEST_CASE("refused: separate where a let says whether a tile is full") {
    Var i("i"), j("j");
    Input a("a", UInt(8), {8});
    InOut c("c", Int(32), {8, 8});
    const Kernel k("k", {a, c}, [&](KernelBody& b) {
        b.for_(i, 0, 8, [&] {
            const Expr last = b.let(a(i));
            b.for_(j, 0, min(last + i, 3), [&] { c(i, j) += 1; });
        });
    });
    Schedule s(k);
    REFUSED(s, "whether a tile is full would be asked at the beginning of i's body, where ",
            s[k].separate(i));
    expect_right(s, {{}});
}

TEST_CASE("separate takes the 3 of max(min(i, 3), 0) for full tiles, and not the 0") {
    Var i("i"), j("j");
    RDom r(0, max(min(i, 3), 0), "r");
    Func h("h", Int(32), {10, 8});
    h(i, j) = 1;
    h(i, r) += r;
    Schedule s(h);
    auto [io, ii] = s[h].split(i, 4);
    s[h].separate(io);
    CHECK(contains(print(s), "for r in range(3):"));
    expect_right(s, {{}});
}

TEST_CASE("separate is drawn") {
    drawn("separate");
}
