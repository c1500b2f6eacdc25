// unroll: copies of iterations.

#include "contains.h"
#include "drawn.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("unroll with a number, of a loop whose bound is not constant") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].unroll(g.k, 2);
    CHECK(contains(print(s), "for ki in unrolled(2):"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("unroll refuses what has no constant number of iterations, and too many") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "the extent M of i has no constant bound. Try unroll(i, n)", s[g.C].unroll(g.i));
    REFUSED(s, "has 5000 iterations, more than 1024", s[g.C].unroll(g.i, 5000));
}

TEST_CASE("unroll is drawn") {
    drawn("unroll");
}
