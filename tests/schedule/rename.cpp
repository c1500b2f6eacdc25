// rename: another name in what is printed.

#include "contains.h"
#include "drawn.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("rename shows, and handles stay valid") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].rename(io, "block").parallel(io);
    CHECK(contains(print(s), "for block in "));
    CHECK_FALSE(contains(print(s), "io"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: a loop without a name") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "the name is empty", s[g.C].rename(g.j, ""));
}

TEST_CASE("rename is drawn") {
    drawn("rename");
}
