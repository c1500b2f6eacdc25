// compute_at: a Func inside a consumer's loop.

#include "drawn.h"
#include "refused.h"

#include "lathe/codegen/jit.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("compute_at computes the rows that one row of the consumer needs") {
    Blur b;
    Schedule s(b.out);
    s.compute_at(b.rows, b.out, b.y);
    const Tensor* rows = tensor_named(s.module(), "rows");
    REQUIRE(rows);
    CHECK(as_int(rows->dims[0].extent) == 3);
    expect_right(s, Blur::sizes());
    s[b.rows].vectorize(b.x, 8);
    s[b.out].vectorize(b.x, 8).parallel(b.y);
    expect_right(s, Blur::sizes());
}

TEST_CASE("compute_at in tiles, on the stack") {
    Blur b;
    Schedule s(b.out);
    auto [yo, xo, yi, xi] = s[b.out].tile({b.y, b.x}, {4, 8});
    s.compute_at(b.rows, b.out, xo).store_in(b.rows, MemorySpace::stack());
    const Tensor* rows = tensor_named(s.module(), "rows");
    REQUIRE(rows);
    CHECK(as_int(rows->dims[0].extent) == 6);
    CHECK(as_int(rows->dims[1].extent) == 8);
    CHECK(rows->space == MemorySpace::stack());
    expect_right(s, Blur::sizes());
    s.compute_at(b.rows, b.out, yi);
    CHECK(tensor_named(s.module(), "rows")->space == MemorySpace::stack());
    expect_right(s, Blur::sizes());
}

TEST_CASE("a chain of producers in one loop") {
    Param N("N");
    Var i("i");
    Input a("a", Int(16), {Operand(N + 4)});
    Func p("p"), q("q"), r("r", Int(32), {N});
    p(i) = a(i) * 3;
    q(i) = p(i) + p(i + 2);
    r(i) = q(i) - q(i + 1) + p(i);
    Schedule s(r);
    auto [io, ii] = s[r].split(i, 4);
    s.compute_at(q, r, io).compute_at(p, r, io);
    expect_right(s, {{{"N", 13}}, {{"N", 0}}, {{"N", 1}}, {{"N", 4}}});
    Schedule t(r);
    t[r].split(i, 4);
    CHECK_THROWS_AS(t.compute_at(p, r, i), Error);
}

TEST_CASE("compute_at of a Func with updates moves all of them") {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
    s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::registers());
    s[g.P].reorder(g.k, g.i, g.j);
    const Tensor* p = tensor_named(s.module(), "P");
    REQUIRE(p);
    CHECK(as_int(p->dims[0].extent) == 6);
    CHECK(as_int(p->dims[1].extent) == 16);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("compute_at of a Func between whose definitions another one stands") {
    Param N("N");
    Input a("a", Int(8), {N});
    Var i("i");
    Func f("f", Int(16), {N}), between("between", Int(8), {N}), out("out", Int(16), {N});
    f(i) = 0;
    between(i) = a(i);
    f(i) += between(i);
    out(i) = 2 * f(i);
    Schedule s(out);
    s[f].compute_at(out, i);
    expect_right(s, {{{"N", 5}}});
    s[between].compute_at(out, i);
    expect_right(s, {{{"N", 5}}});
    s.compute_root(between).compute_root(f);
    s[between].compute_at(f, i);
    expect_right(s, {{{"N", 5}}});
}

TEST_CASE("compute_at keeps whole the dimensions in which a Func depends on itself") {
    Param N("N"), M("M");
    Var i("i"), j("j");
    Input a("a", Int(8), {M, N});
    RDom r(1, N - 1, "r");
    Func scan("scan", Int(32), {M, N}), out("out", Int(32), {M, N});
    scan(i, j) = a(i, j);
    scan(i, r) = scan(i, r - 1) + a(i, r);
    out(i, j) = scan(i, j) * 2;
    Schedule s(out);
    s.compute_at(scan, out, i);
    const Tensor* t = tensor_named(s.module(), "scan");
    REQUIRE(t);
    CHECK(as_int(t->dims[0].extent) == 1);
    CHECK_FALSE(as_int(t->dims[1].extent));
    expect_right(s, {{{"M", 3}, {"N", 7}}, {{"M", 2}, {"N", 1}}, {{"M", 0}, {"N", 3}}});
    Schedule inner(out);
    inner.compute_at(scan, out, j);
    expect_right(inner, {{{"M", 3}, {"N", 7}}, {{"M", 2}, {"N", 1}}});
}

TEST_CASE("compute_at takes memory for this size, not for all that an Int(32) holds") {
    Param N("N");
    Var i("i"), j("j");
    RDom r(1, N - 1, "r");
    Func scan("scan", Int(32), {4, N}), out("out", Int(32), {4, N});
    scan(i, j) = j; // so N is at most 2^31
    scan(i, r) = scan(i, r - 1) + scan(i, r);
    out(i, j) = scan(i, j) * 2;
    Schedule s(out);
    s.compute_at(scan, out, i);
    const Tensor* t = tensor_named(s.module(), "scan");
    REQUIRE(t);
    CHECK_FALSE(as_int(t->dims[1].extent));
    expect_right(s, {{{"N", 7}}, {{"N", 1}}, {{"N", 0}}});
}

TEST_CASE("steps that hold where a Func is computed do not move with it") {
    Param N("N");
    Var i("i");
    RDom r(1, N - 1, "r");
    Func g("g", Int(32), {N}), h("h", Int(32), {N});
    g(i) = i;
    g(r) += 100;
    h(i) = g(i);
    Schedule s(h);
    s.compute_at(g, h, i);
    s[g].split(r, 7, Tail::peel);
    const std::string before = print(s);
    CHECK_THROWS_WITH_AS(
        s.compute_root(g),
        doctest::Contains("was allowed where g is computed now. Call compute_root before that"), Error);
    CHECK(print(s) == before);
    Schedule root(h);
    root.compute_at(g, h, i).compute_root(g);
    root[g].split(r, 7, Tail::peel);
    Buffer<int32_t> none({0}), some({9});
    jit(root)(none);
    jit(root)(some);
    CHECK(some(0) == 0);
    CHECK(some(8) == 108);
}

TEST_CASE("refused: compute_at") {
    Blur b;
    Schedule s(b.out);
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    Func p("p"), q("q"), out("out", Int(32), {N});
    p(i) = a(i) + 1;
    q(i) = p(i) * 2;
    out(i) = q(i) + p(i);
    Schedule t(out);
    REFUSED(s, "out is an argument of the function", s.compute_at(b.out, b.rows, b.y));
    REFUSED(t, "p is also read outside of loop i, at compute_at.cpp:", t.compute_at(p, out, i));
    REFUSED(t, "loop i is inside p itself", t.compute_at(p, p, i));
    Schedule u(out);
    u[p].split(i, 4);
    u.inline_(q);
    REFUSED(u, "loop i of p is gone: split(i, 4)", u.compute_at(p, out, i));
    Schedule v(out);
    v.inline_(q);
    REFUSED(v, "q is no longer computed: it was inlined", v.compute_at(q, out, i));
    v[p].vectorize(i, 4);
    REFUSED(v, "loop i of p is gone: vectorize(i, 4)", v.compute_at(p, out, i));
    RDom r(0, i + 1, "r");
    Func g("g", Int(32), {N});
    g(i) = 0;
    g(i) += p(r);
    Schedule w(g);
    w[p].compute_at(w[g].update(0), i);
    REFUSED(w, "the size of p, which is computed inside it, depends on i", w[g].update(0).vectorize(i, 8));
}

TEST_CASE("refused: a consumer in the place of what is computed") {
    Blur b;
    Schedule s(b.out);
    REFUSED(s,
            "out is an argument of the function, and reads rows: the Func that is computed comes first, then "
            "its consumer. Try compute_at(rows, out, …)",
            s.compute_at(b.out, b.rows, b.x));
    Var i("i");
    Func p("p", Int(8), {8}), q("q", Int(8), {8}), out("out", Int(8), {8});
    p(i) = i;
    q(i) = p(i);
    out(i) = q(i) + 1;
    Schedule t(out);
    REFUSED(t, "q reads p: the Func that is computed comes first, then its consumer. Try compute_at(p, q, …)",
            t.compute_at(q, p, i));
}

TEST_CASE("refused: the rest of a peeled loop reads the Func, too") {
    Blur b;
    Schedule s(b.out);
    auto [yo, yi] = s[b.out].split(b.y, 4, Tail::peel);
    REFUSED(s, "rows is also read in loop yt, the rest that split(y, 4, peel) at compute_at.cpp:",
            s.compute_at(b.rows, b.out, yo));
    REFUSED(s, "no loop around both would compute it. Split with Tail::guard instead",
            s.compute_at(b.rows, b.out, yi));
    REFUSED(s, "or compute it for both: compute_at(rows, out, all(yi))", s.compute_at(b.rows, b.out, yi));
}

TEST_CASE("refused: Funcs inside one that moves") {
    Input in("in", Int(8), {16, 16});
    Func a("a", Int(8), {16, 16}), b("b", Int(8), {14, 14}), out("out", Int(8), {14, 14});
    Var y("y"), x("x");
    a(y, x) = in(y, x) + 1;
    b(y, x) = a(y, x) + a(y + 2, x + 2);
    out(y, x) = b(y, x) * 2;
    Schedule s(out);
    s[a].compute_at(b, y);
    s[a].vectorize(x);
    REFUSED(
        s, "a is computed inside b, would need another range, and loop x of a is vectorized. Call compute_at",
        s[b].compute_at(out, x));
}

TEST_CASE("refused: compute_at of what is read elsewhere") {
    Param N("N");
    Var i("i"), j("j");
    Input a("a", Int(8), {N, N});
    Func p("p"), q("q"), out("out", Int(32), {N, N});
    p(i, j) = a(i, j) + 1;
    q(i, j) = p(i, j) * 2;
    out(i, j) = q(i, j);
    Schedule s(out);
    REFUSED(s, "p is also read outside of loop i", s.compute_at(p, out, i));
}

TEST_CASE("compute_at is drawn") {
    drawn("compute_at");
}
