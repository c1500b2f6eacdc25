// unpack: smaller words, or elements.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "unpack by number and by type") {
    s.pack(*table, 1, 3);
    CHECK(contains(refusal([&] { s.unpack(*table, 1, 2); }),
                   "table has words of 3 elements, which 2 does not divide"));
    s.unpack(*table, 1, 3);
    CHECK(layout() == "");
    CHECK(contains(refusal([&] { s.unpack(*table, 1, 3); }), "table is not packed"));
    s.pack(*table, UInt(64));
    expect_same_as_code(s); // 6 elements in words of 4
    s.unpack(*table, UInt(32));
    CHECK(layout() == ", pack 2");
    expect_same_as_code(s);
    s.unpack(*table, Int(16));
    CHECK(layout() == "");
}

TEST_CASE("unpack is drawn") {
    drawn("unpack");
}
