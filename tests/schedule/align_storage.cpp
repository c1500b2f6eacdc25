// align_storage: room at the ends of rows.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "rows that begin at multiples") {
    s.align_storage(*table, 1, 16);
    CHECK(layout() == ", align (1, 16)");
    expect_same_as_code(s);
    CHECK(contains(vitis_source(s), "table[8][16];"));
    CHECK(contains(refusal([&] { s.align_storage(*table, 0, 0); }),
                   "room is for a multiple of at least 1, and not of 0"));
}

TEST_CASE("align_storage is drawn") {
    drawn("align_storage");
}
