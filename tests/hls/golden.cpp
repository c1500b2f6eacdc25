// The text of kernels, whole.

#include "lathe/hls/emit.h"
#include "programs.h"

using namespace lathe;

TEST_CASE("golden: gemm") {
    Gemm g;
    Schedule s(g.C);
    s.bind(g.M, 64).bind(g.N, 64).bind(g.K, 64);
    s[g.C].pipeline(g.k);
    CHECK(vitis_source(s, {.top = "gemm"}) == "");
}
