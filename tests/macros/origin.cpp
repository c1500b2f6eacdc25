// What a dataflow keeps of what it was made of.

#include "stencils.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("what a network was made of is copied, compared, forgotten and taken instead") {
    const Module m = seidel_valid(Int(16), 6, 8, 2).module();
    CHECK(equal(m, m));
    CHECK(!equal(m, without_origins(m)));
    CHECK(print(m).find("dataflow:  # instead of rows, out") != std::string::npos);
    CHECK(print(without_origins(m)).find("# instead of") == std::string::npos);
    CHECK(print(as_origins(m)).find("dataflow:") == std::string::npos);
    Module copy = m;
    copy.functions[0] = fresh_copy(m.functions[0]);
    verify(copy);
    CHECK(equal(m, copy));
}
