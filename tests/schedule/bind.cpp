// bind: a size becomes a constant.

#include "programs.h"

using namespace lathe;

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
