// Every call that a schedule refuses: the message, the user's line, and that nothing changed.

#include "refused.h"

#include <lathe/dsl/kernel.h>

using namespace lathe;

namespace {

/// s(r) depends on s(r − 1).
struct Scan {
    Param N{"N"};
    Var i{"i"}, j{"j"};
    RDom r{1, N - 1, "r"};
    Func s{"s", Int(16), {N}}, out{"out", Int(16), {N}};
    unsigned line;
    Scan() {
        s(i) = i;
        line = __LINE__ + 1;
        s(r) = s(r - 1) + 1;
        out(i) = s(i);
    }
};

} // namespace

TEST_CASE("refused: splits") {
    Gemm g;
    Schedule s(g.C);
    Var other("other");
    REFUSED(s, "split(i, 0) at schedule.cpp:", s[g.C].split(g.i, 0));
    REFUSED(s, "the factor 0 must be at least 1", s[g.C].split(g.i, 0));
    REFUSED(s, "4 is not proved to divide the extent M. Try Tail::guard", s[g.C].split(g.i, 4, Tail::exact));
    REFUSED(s, "the extent M is not proved to be at least 4", s[g.C].split(g.i, 4, Tail::shift_inwards));
    REFUSED(s, "other is no loop of update 0 of C, which has i, j, k", s[g.C].split(other, 4));
    REFUSED(s, "k is no loop of C, which has i, j", s[g.C].init().split(g.k, 4));
    REFUSED(s, "split makes new loops, so it works on one definition of C at a time",
            s[g.C].all().split(g.i, 4));
    s[g.C].parallel(g.i);
    REFUSED(s, "loop i is parallel; split, fuse and tag loops before that, or call serial(i) first",
            s[g.C].split(g.i, 4));
    REFUSED(s, "the factor -1 must be at least 1", s[g.C].tile({g.j, g.k}, {4, -1}));
}

TEST_CASE("refused: shift_inwards where repeating an iteration matters") {
    Var i("i");
    RDom k(0, 20, "k");
    Func f("f", Int(16), {20});
    f(i) = 0;
    f(k) += 1;
    Schedule s(f);
    REFUSED(s, "running one twice changes the result", s[f].split(k, 8, Tail::shift_inwards));
    s[f].init().split(i, 8, Tail::shift_inwards);
}

TEST_CASE("refused: handles that are gone or have copies") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    unsigned line = __LINE__ - 1;
    REFUSED(s, "loop i is gone: split(i, 4) at schedule.cpp:" + std::to_string(line) + " consumed it",
            s[g.C].parallel(g.i));
    s[g.C].fuse(ii, g.j);
    REFUSED(s, "loop j is gone: fuse(ii, j) at schedule.cpp:", s[g.C].vectorize(g.j));
    s[g.C].split(io, 2, Tail::peel);
    REFUSED(s, "loop k has 2 copies since split(io, 2, peel) at schedule.cpp:", s[g.C].unroll(g.k, 2));
    REFUSED(s, "Name one of them, or take all with all(k)", s[g.C].unroll(g.k, 2));
    Gemm h;
    Schedule t(h.C);
    auto [ho, hi] = t[h.C].split(h.i, 4);
    REFUSED(s, "io is no loop of update 0 of C", s[g.C].parallel(ho));
    REFUSED(s, "C is no Func of this schedule's algorithm", s[h.C].parallel(h.i));
}

TEST_CASE("refused: parallel, with the dependence") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "is read as C[i, j] at programs.h:", s[g.C].parallel(g.k));
    REFUSED(s, "(carried by k). Try parallel(i) or parallel(j)", s[g.C].parallel(g.k));
    Scan p;
    Schedule t(p.out);
    std::string at = " at schedule.cpp:" + std::to_string(p.line);
    REFUSED(t, "is illegal: s[r] written" + at + " is read as s[r - 1]" + at + " (carried by r, distance 1)",
            t[p.s].parallel(p.r));
    REFUSED(t, "vectorize(r, 4) at schedule.cpp:", t[p.s].vectorize(p.r, 4));
}

TEST_CASE("refused: orders") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "i is named twice", s[g.C].reorder(g.i, g.j, g.i));
    auto [ko, ki] = s[g.C].split(g.k, 4);
    REFUSED(s, "would run in another order, and the operation does not allow it", s[g.C].reorder(ki, ko));
    s[g.C].fuse_init(g.j);
    REFUSED(s, "they are not perfectly nested", s[g.C].reorder(ko, g.i));
    Blur b;
    Schedule t(b.out);
    t.compute_at(b.rows, b.out, b.y);
    REFUSED(t, "rows is computed between the loops: they are not perfectly nested",
            t[b.out].reorder(b.x, b.y));
}

TEST_CASE("refused: orders with bounds that depend on loops") {
    Param N("N");
    Var i("i");
    RDom k({{0, N}}, "k");
    RDom r({{0, N}, {0, k.x}}, "r");
    Input x("x", Int(8), {N});
    InOut f("f", Int(32), {N});
    Var t("t");
    Kernel rows("rows", {x, f},
                [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.for_(t, 0, x(i), [&] { f(i) += t; }); }); });
    Schedule s(rows);
    REFUSED(s, "the bounds of t depend on i, which would be inside it", s[rows].reorder(t, i));
    REFUSED(s, "the bounds of t depend on i", s[rows].fuse(i, t));
    Func h("h", Int(32), {N});
    h(i) = 0;
    RDom band(i, 3, "t");
    h(i) += band;
    Schedule v(h);
    v[h].unroll(band);
    REFUSED(v, "and t is unrolled: call serial(t) first", v[h].reorder(band, i));
    REFUSED(s, "the bounds of loop t inside it depend on i", s[rows].vectorize(i, 4));
}

TEST_CASE("refused: reads between loops of what they write") {
    Param N("N");
    Var i("i"), j("j");
    Func f("f", Int(32), {N, N});
    RDom r({{0, N}, {0, N}}, "r");
    f(i, j) = i + j;
    r.where(f(r.x, 0) > 3);
    f(r.x, r.y) = 7;
    Schedule s(f);
    REFUSED(s, "reads f, which the loops write", s[f].reorder(r.y, r.x));
}

TEST_CASE("refused: fuse") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "k is not directly inside i", s[g.C].fuse(g.i, g.k));
    REFUSED(s, "i is not directly inside j", s[g.C].fuse(g.j, g.i));
}

TEST_CASE("refused: tags") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "the extent M of i has no constant bound. Try unroll(i, n)", s[g.C].unroll(g.i));
    REFUSED(s, "the extent N of j has no constant bound. Try vectorize(j, n)", s[g.C].vectorize(g.j));
    REFUSED(s, "has 5000 iterations, more than 1024", s[g.C].unroll(g.i, 5000));
    REFUSED(s, "the factor 0 must be at least 1", s[g.C].vectorize(g.j, 0));
    s[g.C].vectorize(g.i, 8);
    REFUSED(s, "is vectorized already", s[g.C].vectorize(g.j, 8));
    REFUSED(s, "is vectorized", s[g.C].parallel(g.j));
    REFUSED(s, "the name is empty", s[g.C].rename(g.j, ""));
    Gemm h;
    Schedule t(h.C);
    t[h.C].parallel(h.j);
    REFUSED(t, "loop j inside it is parallel", t[h.C].vectorize(h.i, 4));
}

TEST_CASE("refused: a step that would make a tag stale") {
    Param N("N");
    Var i("i");
    RDom r({{1, N - 1}, {0, N - 1}}, "r");
    Func f("f", Int(32), {N, N});
    f(i, Var("j")) = i;
    f(r.x, r.y) = f(r.x - 1, r.y + 1);
    Schedule s(f);
    s[f].parallel(r.y);
    REFUSED(s, "would run in another order", s[f].reorder(r.y, r.x));
    REFUSED(s, "f[r_x, r_y] written", s[f].vectorize(r.x, 4));
    // Here the order may change, but the loop that is parallel would carry what r.x carried around it.
    RDom q({{1, N - 1}, {1, N - 1}}, "q");
    Func g("g", Int(32), {N, N});
    g(i, Var("j")) = i;
    g(q.x, q.y) = g(q.x - 1, q.y - 1);
    Schedule t(g);
    t[g].parallel(q.y);
    REFUSED(t, "q_y is parallel, and would no longer be legal: g[q_x, q_y] written", t[g].reorder(q.y, q.x));
    t[g].serial(q.y).reorder(q.y, q.x);
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
    REFUSED(t, "p is also read outside of loop i, at schedule.cpp:", t.compute_at(p, out, i));
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

TEST_CASE("refused: compute_at of what is read elsewhere or needs what is elsewhere") {
    Param N("N");
    Var i("i"), j("j");
    Input a("a", Int(8), {N, N});
    Func p("p"), q("q"), out("out", Int(32), {N, N});
    p(i, j) = a(i, j) + 1;
    q(i, j) = p(i, j) * 2;
    out(i, j) = q(i, j);
    Schedule s(out);
    REFUSED(s, "p is also read outside of loop i", s.compute_at(p, out, i));
    s.compute_at(q, out, j).compute_at(p, out, j);
    REFUSED(s, "q reads p, which is computed elsewhere", s.compute_root(q));
    Schedule t(out);
    auto [jo, ji] = t[out].split(j, 4);
    t.compute_at(q, out, jo);
    t[out].separate(jo);
    REFUSED(t, "q has copies since separate(jo) at schedule.cpp:", t.compute_root(q));
    REFUSED(t, ": call compute_root before that", t.compute_root(q));
}

TEST_CASE("refused: memory") {
    Blur b;
    Schedule s(b.out);
    REFUSED(s, "the CPU has heap, stack and register memory, and no attic",
            s.store_in(b.rows, MemorySpace("attic")));
    REFUSED(s, "of rows, in stack memory, is not constant. Compute it inside a tile of constant size",
            s.store_in(b.rows, MemorySpace::stack()));
    s.compute_at(b.rows, b.out, b.x).store_in(b.rows, MemorySpace::stack());
    REFUSED(s, "of rows, in stack memory, is not constant", s.compute_at(b.rows, b.out, b.y));
    REFUSED(s, "out is an argument, or was inlined: it has no memory of its own",
            s.store_in(b.out, MemorySpace::heap()));
    Var i("i");
    Func big("big", Int(32), {1 << 20}), out("sum", Int(32), {1 << 20});
    big(i) = i;
    out(i) = big(i);
    Schedule t(out);
    REFUSED(t, "big takes more than 262144 bytes", t.store_in(big, MemorySpace::stack()));
}

TEST_CASE("refused: inline_") {
    PackedGemm g;
    Schedule s(g.C);
    REFUSED(s, "P has updates. Try compute_at(P, …)", s.inline_(g.P));
    s[g.panel].split(g.j, 4);
    REFUSED(s, "panel is not one expression any more: it has inline reductions, or its loops were scheduled",
            s.inline_(g.panel));
    REFUSED(s, "C is an argument of the function", s.inline_(g.C));
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N, 4});
    RDom k(0, 4, "k");
    Func p("p"), out("out", Int(32), {N});
    p(i) = sum(k, a(i, k));
    out(i) = p(i);
    Schedule t(out);
    REFUSED(t, "p is not one expression any more: it has inline reductions", t.inline_(p));
}

TEST_CASE("refused: fuse_init") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "C has no update", s[g.C].init().fuse_init());
    REFUSED(s, "the reduction loop k may have no iterations, and then nothing would be initialised",
            s[g.C].fuse_init(g.k));
    s[g.C].init().split(g.i, 4);
    REFUSED(s, "the initialisation is not one store, or was scheduled", s[g.C].fuse_init(g.j));
    Schedule t(g.C);
    t[g.C].reorder(g.k, g.i, g.j);
    REFUSED(t, "k is a reduction loop, and outermost. Name a loop, or reorder first", t[g.C].fuse_init());
    Scan p;
    Schedule u(p.out);
    REFUSED(u, "update 0 of s does not run through every", u[p.s].fuse_init(p.r));
    Param N("N");
    Var i("i");
    Func f("f", Int(32), {N});
    RDom r(0, N, "r"), half(0, N, "half");
    f(i) = 1;
    f(i) += r;
    f(i) += half;
    Schedule v(f);
    REFUSED(v, "update 1 of f is not its first", v[f].fuse_init(i));
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

TEST_CASE("refused: definitions that are not there") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "C has no update 1: it has 1", s[g.C].update(1));
    REFUSED(s, "C has no accumulator of its own, so nothing is written back", s[g.C].write_back());
    REFUSED(s, "compute_at needs one definition of C", s[g.C].compute_at(s[g.C].all(), g.i));
}

TEST_CASE("refused: quantize") {
    Gemm g;
    Schedule s(g.C);
    Gemm other;
    REFUSED(s, "A is no Func or Input of this schedule's algorithm", s.quantize(other.A, Int(8)));
    REFUSED(s, "A has no update, so it has no accumulator",
            s.quantize(g.A, Int(8), {.accumulate = Accumulate::exact}));
    s.quantize({g.A, g.B}, Fixed(16, 12));
    unsigned line = 0;
    try {
        s.quantize(g.C, Fixed(32, 16), {.accumulate = Accumulate::exact});
    } catch (const Error& e) {
        line = e.loc().line;
        CHECK(e.message().find("an exact sum over k needs a constant bound on its K iterations") !=
              std::string::npos);
    }
    CHECK(line != 0);
    s.quantize(g.A, Int(3000));
    Schedule t = s;
    CHECK_THROWS_AS(t.quantize(g.B, Int(3000)), Error);
    CHECK(print(t) == print(s));
}

TEST_CASE("refused: an exact accumulator for what is not a sum") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N, 4});
    RDom k(0, 4, "k");
    Func f("f", Int(8), {N});
    f(i) = 1;
    f(i) *= a(i, k);
    Schedule s(f);
    REFUSED(s, "an exact accumulator is for sums, and * at schedule.cpp:",
            s.quantize(f, Int(8), {.accumulate = Accumulate::exact}));
}

TEST_CASE("refused: pipeline") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "is illegal: an iteration can start every cycle at best: the interval 0 is below 1",
            s[g.C].pipeline(g.k, 0));
    s[g.C].parallel(g.i);
    REFUSED(s,
            "is illegal: loop i is parallel; split, fuse and tag loops before that, or call serial(i) first",
            s[g.C].pipeline(g.i));
    s[g.C].pipeline(g.k);
    REFUSED(s, "loop k is pipeline; split, fuse and tag loops before that", s[g.C].split(g.k, 4));
}

TEST_CASE("refused: bind") {
    Gemm g;
    Param other("other"), scale("scale", Float(32));
    Var i("i");
    Func f("f", Float(32), {4});
    f(i) = scale;
    Schedule s(g.C), t(f);
    REFUSED(s, "other is no parameter of this schedule's algorithm", s.bind(other, 4));
    REFUSED(s, "bind(M, -1): a size is not negative", s.bind(g.M, -1));
    REFUSED(t, "scale is of Float(32), and bind gives a size a value. A scalar stays an argument",
            t.bind(scale, 4));
    s.bind(g.M, 4);
    REFUSED(s, "M is bound to 4 already", s.bind(g.M, 8));
    s[g.C].separate(s[g.C].split(g.j, 8)[0]);
    REFUSED(s, "makes an earlier step fail: separate(jo)", s.bind(g.N, 16));
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
    REFUSED(s, "rows is also read in loop yt, the rest that split(y, 4, peel) at schedule.cpp:",
            s.compute_at(b.rows, b.out, yo));
    REFUSED(s, "no loop around both would compute it. Split with Tail::guard instead",
            s.compute_at(b.rows, b.out, yi));
    REFUSED(s, "or compute it for both: compute_at(rows, out, all(yi))", s.compute_at(b.rows, b.out, yi));
}

TEST_CASE("refused: tile speaks in its own name") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "tile(i, k, 4, -1) at schedule.cpp:", s[g.C].tile({g.i, g.k}, {4, -1}));
    REFUSED(s, "tile(i, j, 4, 4) makes new loops, so it works on one definition of C at a time",
            s[g.C].all().tile({g.i, g.j}, {4, 4}));
    RDom r({{1, 6}, {0, 6}}, "r");
    Var i("i"), j("j");
    Func f("f", Int(16), {8, 8});
    f(i, j) = i + j;
    f(r.x, r.y) = f(r.x - 1, r.y + 1) + 1;
    Schedule u(f);
    REFUSED(u, "tile(r_x, r_y, 2, 2) at schedule.cpp:", u[f].tile({r.x, r.y}, {2, 2}));
    auto tiles = s[g.C].tile({g.i, g.j}, {4, 8});
    REFUSED(s, "loop i is gone: tile(i, j, 4, 8) at schedule.cpp:", s[g.C].parallel(g.i));
    s[g.C].parallel(tiles[0]);
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

TEST_CASE("refused: other loops are named only where they help") {
    Param N("N");
    Var i("i"), j("j");
    RDom r(1, N - 1, "r");
    Func f("f", Int(16), {N}), h("h", Int(16), {N, N});
    f(i) = 0;
    f(r) = f(r - 1) + 1;
    h(i, j) = f(j) + i;
    Schedule s(h);
    s.compute_at(f, h, i);
    try {
        s[f].parallel(r);
        FAIL_CHECK("nothing was thrown");
    } catch (const Error& e) {
        CHECK(e.message().find("Try") == std::string::npos); // i is h's, and not f's
    }
}

TEST_CASE("refused: subscripts in messages are simplified") {
    Scan c;
    Schedule s(c.out);
    auto [ro, ri] = s[c.s].split(c.r, 2);
    REFUSED(s, "s[2 * ro + ri + 1] written at", s[c.s].parallel(ro));
    REFUSED(s, "is read as s[2 * ro + ri] at", s[c.s].parallel(ro));
    Param N("N");
    Var i("i");
    RDom r(0, N - 1, "r");
    Func f("f", Int(16), {N});
    f(i) = i;
    f(N - 1 - r) = f(N - 2 - r) + f(N - 1 - r);
    Schedule t(f);
    REFUSED(t, "f[N - r - 2] read at schedule.cpp", t[f].parallel(r));
}

TEST_CASE("refused: what an entry check of a Func would need more than parameters for") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    Func f("f", Int(16), {N});
    f(i) = a(i);
    Schedule s(f);
    REFUSED(s, "f was built, and takes no more requirements: state them before that", f.require(N >= 8));
    Func g("g", Int(16), {N});
    g(i) = a(i);
    REFUSED(s, "g.require(a[Index(0)] > 1) names more than parameters", g.require(a(0) > 1));
    REFUSED(s, "the condition of require is Int(32): it must be a Bool; compare with 0", g.require(N));
    g.require(N >= 8 && floor_mod(N, 4) == 0, "whole blocks");
    Schedule t(g);
    t[g].split(i, 4, Tail::exact);
    Schedule u(g);
    u[g].split(i, 8, Tail::shift_inwards);
    expect_right(t, {{{"N", 8}}, {{"N", 12}}});
    expect_right(u, {{{"N", 12}}});
    CHECK_THROWS_WITH_AS(run(t.module(), {{"N", 10}}, 1), doctest::Contains("whole blocks"), Error);
}

TEST_CASE("reorder of many loops needs no braces") {
    Param N("N");
    Var a("a"), b("b"), c("c"), d("d"), e("e"), f("f"), g("g");
    Func t("t", Int(8), {2, 2, 2, 2, 2, 2, 2});
    t(a, b, c, d, e, f, g) = a + b * c - d + e * f - g;
    Schedule s(t), u(t);
    s[t].reorder(g, f, e, d, c, b, a);
    u[t].reorder({g, f, e, d, c, b, a});
    CHECK(print(s) == print(u));
}

TEST_CASE("refused: quantize of tensors that steer the program") {
    Var i("i");
    Input a("a", Int(16), {100}), at("at", Int(16), {8}), chosen("chosen", Bool(), {8});
    Func f("f", Int(16), {8});
    f(i) = select(chosen(i), a(clamp(at(i), 0, 99)), 0);
    Schedule s(f);
    s.quantize({a, at}, Int(12)); // through a clamp it is a number
    REFUSED(s, "chosen is a condition at schedule.cpp:", s.quantize(chosen, UInt(2)));
    Func g("g", Int(16), {8});
    g(i) = a(at(i));
    Schedule t(g);
    REFUSED(t, "at is a subscript at schedule.cpp:", t.quantize({a, at}, Int(12)));
    REFUSED(t, "at is a subscript at schedule.cpp:", t.downsize(at, Int(12)));
}
