// serial: a loop as it was.

#include "drawn.h"
#include "refused.h"

using namespace lathe;

TEST_CASE("serial undoes a tag") {
    Gemm g;
    Schedule s(g.C);
    std::string before = print(s);
    s[g.C].parallel(g.i).serial(g.i);
    CHECK(print(s) == before);
    s[g.C].all().parallel(g.i);
    CHECK(s.steps().size() == 4);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: serial of a loop that is gone") {
    Gemm g;
    Schedule s(g.C);
    const auto [io, ii] = s[g.C].split(g.i, 4);
    REFUSED(s, "loop i is gone: split(i, 4) at serial.cpp:", s[g.C].serial(g.i));
    s[g.C].parallel(io).serial(io).parallel(io);
}

TEST_CASE("serial is drawn") {
    drawn("serial");
}
