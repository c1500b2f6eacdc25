// pipeline and bind: what they do to the Module, the trace, and what stays the same.

#include "programs.h"

#include "lathe/codegen/jit.h"

using namespace lathe;

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

TEST_CASE("a pipelined loop that does not begin at 0 prints its interval too") {
    Var i("i");
    RDom r(1, 5, "r");
    Func f("f", Int(16), {6});
    f(i) = 1;
    f(r) += f(r - 1);
    Schedule s(f);
    s[f].pipeline(r);
    CHECK(print(s).find("for r in pipeline(1, 6, II=1):") != std::string::npos);
}

TEST_CASE("a CPU runs a pipelined loop in order") {
    Var i("i");
    RDom r(1, 5, "r");
    Func f("f", Int(16), {6});
    f(i) = 1;
    f(r) += f(r - 1);
    Schedule s(f);
    s[f].pipeline(r);
    Buffer<int16_t> out({6});
    jit(s).call({&out});
    for (int n = 0; n < 6; ++n)
        CHECK(out(n) == n + 1);
}

TEST_CASE("bind makes a size a constant everywhere") {
    Gemm g;
    Schedule s(g.C);
    s.bind(g.M, 7).bind(g.K, 5);
    verify(s.module());
    INFO(print(s));
    for (const char* line : {"A: Tensor[Float(32), (7, 5)]", "B: Tensor[Float(32), (5, N)]",
                             "C: out Tensor[Float(32), (7, N)]", "for k in range(5):"})
        CHECK(print(s).find(line) != std::string::npos);
    CHECK(s.module().top().params.size() == 1);
    CHECK(s.trace() == "bind M 7\nbind K 5\n");
    const Sizes sizes{{"M", 7}, {"N", 19}, {"K", 5}};
    CHECK(difference(Schedule(g.C).reference(), s.module(), sizes) == "");
    expect_right(s, {sizes});
}

TEST_CASE("bind may stand before or after the other steps") {
    PackedGemm g;
    Schedule before(g.C), after(g.C);
    const auto steps = [&](Schedule& s) {
        auto [io, ii] = s[g.C].split(g.i, 4);
        s[g.P].compute_at(g.C, io);
        s[g.C].vectorize(ii);
    };
    before.bind(g.M, 8);
    steps(before);
    steps(after);
    after.bind(g.M, 8);
    CHECK(equal(before.module(), after.module()));
    CHECK(before.trace() == after.trace());
    expect_right(after, {{{"M", 8}, {"N", 5}, {"K", 3}}});
}
