// reorder: what may change places, and what keeps its order.

#include "drawn.h"
#include "primitives.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;

TEST_CASE("a statement that does the same in all iterations may run in any order of them") {
    Param N("N");
    Var i("i"), j("j");
    InOut v("v", Int(16), {8}), w("w", Int(16), {8, 8});
    const auto kernel = [&](const std::function<void()>& body) {
        return Kernel("k", {v, w, N}, [&](KernelBody& k) {
            k.require(N <= 8);
            k.for_(i, 0, N, [&] { k.for_(j, 0, 5, body); });
        });
    };
    const Kernel same = kernel([&] { v(1) = v(v(0) & 3) * 3 + 1; });
    const Kernel seen = kernel([&] {
        v(1) = v(1) * 3 + 1;
        w(i, j) = v(1);
    });
    Schedule s(same), t(seen);
    s[same].reorder(j, i);
    expect_right(s, {{{"N", 0}}, {{"N", 7}}});
    CHECK_THROWS_WITH_AS(s[same].parallel(i), doctest::Contains("v["), Error);
    CHECK_THROWS_WITH_AS(t[seen].reorder(j, i), doctest::Contains("would run in another order"), Error);
}

TEST_CASE("reorder keeps guards as far out as they can be") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].reorder(io, g.j, ii, g.k);
    std::string text = print(s);
    CHECK(text.find("if ") > text.find("for ii"));
    CHECK(text.find("if ") < text.find("for k"));
    expect_right(s, Gemm::sizes());
    std::string before = print(s);
    s[g.C].reorder(io, g.j, ii, g.k);
    CHECK(print(s) == before);
    s[g.C].reorder(g.k, ii); // only these two change places
    expect_right(s, Gemm::sizes());
}

TEST_CASE("reductions that commute are free, others keep their order") {
    Var i("i");
    Param N("N");
    Input a("a", Int(8), {N, N, N});
    for (Type t : {Int(32), Fixed(32, 0), Float(32), Fixed(32, 0, Round::trn, Overflow::sat)}) {
        RDom r({{0, N}, {0, N}}, "r");
        Func f("f", t, {N});
        f(i) = 0;
        f(i) += a(i, r.x, r.y);
        Schedule s(f);
        std::string before = print(s);
        if (t == Int(32) || t == Fixed(32, 0)) {
            s[f].reorder(r.y, r.x).vectorize(r.x, 4);
            CHECK_THROWS_AS(s[f].parallel(r.y), Error);
        } else {
            CHECK_THROWS_AS(s[f].reorder(r.y, r.x), Error);
            CHECK_THROWS_AS(s[f].vectorize(r.y, 4), Error);
            CHECK(print(s) == before);
            s[f].reorder(r.x, r.y, i);
        }
        expect_right(s, {{{"N", 5}}, {{"N", 0}}, {{"N", 1}}});
    }
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

TEST_CASE("refused: loops of kernels that are not nested as reorder needs") {
    Loops l;
    Schedule s(l.kernel);
    REFUSED(s, "there are other statements between the loops", s[l.kernel].reorder(l.k, l.n));
    REFUSED(s, "loops j and k are not inside each other", s[l.kernel].reorder(l.j, l.k));
}

TEST_CASE("refused: threads inside of vectors, and bounds that may not be read further out") {
    Var i("i"), j("j");
    Func f("f", Int(16), {4, 4});
    f(i, j) = i * j;
    Schedule s(f);
    s[f].vectorize(j).parallel(i);
    REFUSED(s, "loop i, which is parallel, would be inside j, which is vectorized", s[f].reorder(j, i));
    GuardedBound g;
    Schedule t(g.kernel);
    REFUSED(t, "X is not proved to be read in bounds", t[g.kernel].reorder(g.j, g.i));
}

TEST_CASE("reorder is drawn") {
    drawn("reorder");
}
