// reorder_storage: another order of dimensions.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "another order, with room and words in it") {
    s.reorder_storage(*table, {1, 0}).align_storage(*table, 0, 16).pack(*table, 0, 4);
    CHECK(layout() == ", order (1, 0), align (16, 1), pack 4");
    expect_same_as_code(s);
    CHECK(contains(vitis_source(s), "table[6][16];"));
    Schedule t(top);
    CHECK(contains(refusal([&] { t.reorder_storage(*table, {0, 0}); }),
                   "the order (0, 0) of table does not name each of its 2 dimensions once"));
    CHECK(refusal([&] { t.reorder_storage(*table, {}); }) == "reorder_storage(table) needs dimensions");
}

TEST_CASE_FIXTURE(Table, "words stay words of neighbours") {
    s.pack(*table, 1, 3);
    CHECK(contains(
        refusal([&] { s.reorder_storage(*table, {1, 0}); }),
        "table has words of 3 neighbours in the order that it has: reorder_storage stands before pack"));
}

TEST_CASE("reorder_storage is drawn") {
    drawn("reorder_storage");
}
