// pipeline: an interval for hardware, which a CPU runs in order.

#include "drawn.h"
#include "refused.h"

#include "lathe/codegen/jit.h"

using namespace lathe;

namespace {

/// A running sum.
struct Running {
    Var i{"i"};
    RDom r{1, 5, "r"};
    Func sums{"sums", Int(16), {6}};
    Running() {
        sums(i) = 1;
        sums(r) += sums(r - 1);
    }
};

} // namespace

TEST_CASE("pipeline tags a loop and changes no result") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].pipeline(g.k, 2);
    CHECK(print(s).find("for k in pipeline(K, II=2):") != std::string::npos);
    CHECK(loop_tree(s).find("pipeline") != std::string::npos);
    CHECK(s.trace() == "0 pipeline {C, 1} {C, 1, k} 2\n");
    expect_right(s, Gemm::sizes());
    Schedule twice = s;
    twice[g.C].serial(g.k);
    CHECK(print(twice) == print(Schedule(g.C)));
}

TEST_CASE_FIXTURE(Running, "a pipelined loop that does not begin at 0 prints its interval too") {
    Schedule s(sums);
    s[sums].pipeline(r);
    CHECK(print(s).find("for r in pipeline(1, 6, II=1):") != std::string::npos);
}

TEST_CASE_FIXTURE(Running, "a CPU runs a pipelined loop in order") {
    Schedule s(sums);
    s[sums].pipeline(r);
    Buffer<int16_t> out({6});
    jit(s).call({&out});
    for (int n = 0; n < 6; ++n)
        CHECK(out(n) == n + 1);
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

TEST_CASE("pipeline is drawn") {
    drawn("pipeline");
}
