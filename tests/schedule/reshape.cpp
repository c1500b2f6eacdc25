// reshape: another shape.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "reshape") {
    s.reshape(*table, {4, 12}).partition(*table, Partition::cyclic, 0, 4).pack(*table, UInt(32));
    CHECK(layout() == ", shape (4, 12), partition (cyclic 4, none), pack 2");
    expect_same_as_code(s);
    const std::string code = vitis_source(s);
    CHECK(contains(code, "table[4][12];"));
    CHECK(contains(code, "#pragma HLS array_partition variable=table type=cyclic factor=4 dim=1"));
    CHECK(contains(refusal([&] { s.reshape(*table, {48}); }),
                   "table is stored in a way of its own already, shape (4, 12), partition (cyclic 4, none), "
                   "pack 2: reshape it first"));
    Schedule u(top);
    u.reshape(*table, {4, 12});
    CHECK(contains(refusal([&] { u.reorder_storage(*table, {1, 0}); }),
                   "table has the shape (4, 12), and with it banks and words only"));
    Schedule t(top);
    CHECK(contains(refusal([&] { t.reshape(*table, {5, 9}); }),
                   "table has the shape (5, 9), which holds 45 elements, and its extents (8, 6) hold 48"));
    CHECK(contains(refusal([&] { t.reshape(*table, {-4, -12}); }),
                   "the shape (-4, -12) of table has an extent below 1"));
    CHECK(refusal([&] { t.reshape(*table, {}); }) == "reshape(table): the new shape has no dimension");
    CHECK(refusal([&] { t.reshape(*table, {N, 8}); }) ==
          "reshape(table): an extent of the new shape is not constant, or does not begin at 0");
    t.reshape(*table, {48});
    CHECK(contains(refusal([&] { t.pack(*table, 0, 5); }),
                   "words of 5 do not fill the last dimension of the shape (48) of table"));
    t.pack(*table, 0, 8);
    expect_same_as_code(t);
    CHECK(contains(vitis_source(t), "#pragma HLS array_reshape variable=table type=cyclic factor=8 dim=1"));
}

TEST_CASE("a tensor whose extents are parameters is not reshaped") {
    Blur b;
    Schedule s(b.out);
    CHECK(contains(refusal([&] { s.reshape(b.rows, {4, 4}); }), "rows has the shape (4, 4), and its extent"));
}

TEST_CASE("reshape is drawn") {
    drawn("reshape");
}
