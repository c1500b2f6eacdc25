// parallel: threads, and the dependences that forbid them.

#include "contains.h"
#include "drawn.h"
#include "primitives.h"

using namespace lathe;

TEST_CASE("parallel of rows, and of the blocks of a loop") {
    Gemm g;
    Schedule s(g.C);
    const auto blocks = s[g.C].vectorize(g.j, 8);
    s[g.C].parallel(g.i).parallel(blocks.outer());
    CHECK(contains(print(s), "for i in parallel(M):"));
    CHECK(contains(print(s), "for jo in parallel((N + 7) // 8):"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: parallel, with the dependence") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "is read as C[i, j] at programs.h:", s[g.C].parallel(g.k));
    REFUSED(s, "(carried by k). Try parallel(i) or parallel(j)", s[g.C].parallel(g.k));
    Scan p;
    Schedule t(p.out);
    std::string at = " at primitives.h:" + std::to_string(p.line);
    REFUSED(t, "is illegal: s[r] written" + at + " is read as s[r - 1]" + at + " (carried by r, distance 1)",
            t[p.s].parallel(p.r));
    REFUSED(t, "vectorize(r, 4) at parallel.cpp:", t[p.s].vectorize(p.r, 4));
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
    REFUSED(t, "f[N - r - 2] read at parallel.cpp", t[f].parallel(r));
}

TEST_CASE("refused: threads inside of vectors") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].vectorize(g.i, 8);
    REFUSED(s, "loop ii around it is vectorized", s[g.C].parallel(g.j));
    Var i("i"), j("j");
    Func f("f", Int(16), {8, 8});
    f(i, j) = i * j;
    Schedule t(f);
    t[f].vectorize(i);
    REFUSED(t, "loop i around it is vectorized", t[f].parallel(j));
}

TEST_CASE("refused: threads over blocks of which the last one overlaps the one before") {
    Var i("i");
    Input a("a", Int(8), {29});
    Func f("f", Int(16), {29});
    f(i) = a(i) + 1;
    Schedule s(f);
    const auto [io, ii] = s[f].split(i, 8, Tail::shift_inwards);
    REFUSED(s, "The last block of split(i, 8, shift_inwards)", s[f].parallel(io));
    REFUSED(s, "overlaps the one before it: Tail::guard and Tail::peel make blocks that do not",
            s[f].parallel(io));
    Schedule peeled(f);
    peeled[f].parallel(peeled[f].split(i, 8, Tail::peel)[0]);
    expect_right(peeled, {{}});
}

TEST_CASE("parallel is drawn") {
    drawn("parallel");
}
