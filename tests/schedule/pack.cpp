// pack: words.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "words by number and by type") {
    s.pack(*table, 1, 3);
    CHECK(layout() == ", pack 3");
    expect_same_as_code(s);
    CHECK(contains(vitis_source(s), "#pragma HLS array_reshape variable=table type=cyclic factor=3 dim=2"));
    CHECK(contains(refusal([&] { s.pack(*table, 1, 3); }),
                   "table has words of 3 elements already: unpack it first"));
    CHECK(contains(
        refusal([&] { s.partition(*table, Partition::complete, 1); }),
        "dimension 1 of table holds words of 3, which have one bank: partition another, or unpack it first"));
    s.unpack(*table, 1, 3).pack(*table, UInt(64));
    CHECK(layout() == ", pack 4");
    expect_same_as_code(s); // 6 elements in words of 4
    s.unpack(*table, Int(16));
    CHECK(contains(
        refusal([&] { s.pack(*table, UInt(40)); }),
        "a word of 40 bits does not hold a whole number of elements of table, which are 16 bits wide"));
    CHECK(contains(refusal([&] { s.pack(*table, 1, 0); }), "a word holds at least 1 element, and not 0"));
    CHECK(contains(
        refusal([&] { s.pack(*table, 0, 2); }),
        "neighbours in dimension 0 of table are none in memory, as those in dimension 1 are: give it "
        "another order first, with reorder_storage"));
    s.partition(*table, Partition::complete, 1);
    CHECK(contains(refusal([&] { s.pack(*table, 1, 2); }),
                   "dimension 1 of table has banks, over which words cannot lie: pack it without"));
    schedule::Step step;
    step.primitive = schedule::find_primitive("pack");
    step.func = table->symbol();
    step.words = {"Int(8)"};
    step.numbers = {1, 2};
    CHECK(contains(refusal([&] { s.call(step); }),
                   "words are of a number of neighbours in a dimension, or of a type"));
    step.func = Symbol("nobody");
    CHECK(refusal([&] { s.call(step); }) == "a step of pack names a tensor that this schedule does not have");
}

TEST_CASE("words of one-dimensional tensors, and of none") {
    Var i("i");
    Func f("f", Int(8), {24}), out("out", Int(8), {24}), one("one", Int(8), Shape{}),
        two("two", Int(8), {24});
    f(i) = i * 3;
    out(i) = f(23 - i);
    Schedule s(out);
    s.pack(f, UInt(32));
    expect_same_as_code(s);
    CHECK(contains(print(s), "f: Tensor[Int(8), (24)], pack 4"));
    one() = 4;
    two(i) = one() + i;
    Schedule t(two);
    CHECK(contains(refusal([&] { t.pack(one, UInt(32)); }), "one is one element: it has no words"));
    CHECK(contains(refusal([&] { t.partition(one); }), "one is one element: it has no dimensions"));
    CHECK(contains(refusal([&] { t.reshape(one, {1}); }), "one is one element: it has no other shape"));
}

TEST_CASE("pack is drawn") {
    drawn("pack");
}
