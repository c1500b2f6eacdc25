// Handles of loops: in copies of a schedule, in traces, and those that are gone.

#include "contains.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("handles work in copies of a schedule, which go their own ways") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    Schedule t = s;
    t[g.C].parallel(io);
    s[g.C].unroll(ii);
    CHECK(contains(print(t), "parallel"));
    CHECK_FALSE(contains(print(s), "parallel"));
    expect_right(s, Gemm::sizes());
    expect_right(t, Gemm::sizes());
}

TEST_CASE("the trace names loops by where they come from") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].reorder(io, g.k, ii, g.j).parallel(io).vectorize(g.j, 16);
    CHECK(s.trace() == "0 split {C, 1} {C, 1, i} 4 guard - -\n"
                       "1 reorder {C, 1} {0, 0} {C, 1, k} {0, 1} {C, 1, j}\n"
                       "2 parallel {C, 1} {0, 0}\n"
                       "3 vectorize {C, 1} {C, 1, j} 16\n");
    Gemm h;
    Schedule t(h.C);
    auto [jo, ji] = t[h.C].split(h.i, 4);
    t[h.C].reorder(jo, h.k, ji, h.j).parallel(jo).vectorize(h.j, 16);
    CHECK(t.trace() == s.trace());
    CHECK(print(t) == print(s));
    CHECK(equal(t.module(), s.module()));
}

TEST_CASE("refused: handles that are gone or have copies") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    unsigned line = __LINE__ - 1;
    REFUSED(s, "loop i is gone: split(i, 4) at handles.cpp:" + std::to_string(line) + " consumed it",
            s[g.C].parallel(g.i));
    s[g.C].fuse(ii, g.j);
    REFUSED(s, "loop j is gone: fuse(ii, j) at handles.cpp:", s[g.C].vectorize(g.j));
    s[g.C].split(io, 2, Tail::peel);
    REFUSED(s, "loop k has 2 copies since split(io, 2, peel) at handles.cpp:", s[g.C].unroll(g.k, 2));
    REFUSED(s, "Name one of them, or take all with all(k)", s[g.C].unroll(g.k, 2));
    Gemm h;
    Schedule t(h.C);
    auto [ho, hi] = t[h.C].split(h.i, 4);
    REFUSED(s, "io is no loop of update 0 of C", s[g.C].parallel(ho));
    REFUSED(s, "C is no Func of this schedule's algorithm", s[h.C].parallel(h.i));
}
