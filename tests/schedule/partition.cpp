// partition: banks.

#include "drawn.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "banks go through two calls and a view") {
    s.partition(*table, Partition::cyclic, 1, 3).partition(*table, Partition::block, 0, 2);
    CHECK(layout() == ", partition (block 2, cyclic 3)");
    expect_same_as_code(s);
    const std::string code = vitis_source(s);
    CHECK(occurrences(code, "#pragma HLS array_partition variable=table type=block factor=2 dim=1\n") == 1);
    CHECK(occurrences(code, "#pragma HLS array_partition variable=table type=cyclic factor=3 dim=2\n") == 1);
    // The two functions, each with what it is given.
    CHECK(occurrences(code, "#pragma HLS array_partition variable=row type=block factor=2 dim=1\n") >= 2);
    CHECK(occurrences(code, "#pragma HLS array_partition variable=row type=cyclic factor=3 dim=2\n") >= 2);
}

TEST_CASE_FIXTURE(Table, "all dimensions have banks") {
    s.partition(*table);
    CHECK(layout() == ", partition (complete, complete)");
    CHECK(contains(s.trace(), "partition {table, 0} -1 complete"));
    Schedule again(top);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    CHECK(again.trace() == s.trace());
    expect_same_as_code(s);
}

TEST_CASE_FIXTURE(Table, "what partition refuses") {
    const auto refused = [&](auto... a) { return refusal([&] { s.partition(*table, a...); }); };
    CHECK(contains(refused(Partition::cyclic, 0), "cyclic banks are counted: give a factor of at least 1"));
    CHECK(contains(refused(Partition::block, 0, 0), "block banks are counted: give a factor of at least 1"));
    CHECK(contains(refused(Partition::complete, 0, 2),
                   "complete banks are as many as there are positions: they take no factor"));
    CHECK(contains(refused(Partition::cyclic, 1, 7),
                   "dimension 1 of table has 6 positions, fewer than 7 banks"));
    CHECK(contains(refused(Partition::complete, 2), "table has the dimensions 0 to 1, and no dimension 2"));
    CHECK(contains(refused(Partition::none, 0), "there are complete, cyclic and block banks, and no none"));
    s.partition(*table, Partition::cyclic, 1, 3);
    CHECK(
        contains(refused(Partition::complete, 1), "dimension 1 of table has its banks already (cyclic, 3)"));
    CHECK(contains(refused(Partition::complete), "dimension 1 of table has its banks already (cyclic, 3)"));
    CHECK(contains(refusal([&] { s.partition(x); }), "partition(x, all_dimensions, complete) at"));
    CHECK(
        contains(refusal([&] { s.partition(x); }),
                 "x is an argument of top: it lies where the caller has it (m_axi), in one bank and in that "
                 "order. Copy it to a tensor of its own, and name that"));
    const TensorRef formal(s.module().functions[1].arguments[0].tensor.symbol);
    CHECK(contains(refusal([&] { s.partition(formal); }),
                   "row is an argument of twice, where it is stored as what a call gives it: name that"));
    CHECK(refusal([&] { s.partition(Input("other", Int(8), {4})); }) ==
          "other is no tensor of this schedule's algorithm");
    Var i("i"), j("j");
    InOut shared("shared", Int(16), {6}), all("all", Int(16), {6});
    const Kernel one("one", {shared}, [&](KernelBody& b) { b.for_(i, 0, 6, [&] { shared(i) += 1; }); });
    const Kernel two("two", {shared}, [&](KernelBody& b) { b.for_(j, 0, 6, [&] { shared(j) += 2; }); });
    Schedule both(Kernel("both", {all}, [&](KernelBody& b) {
        b.call(one, {all});
        b.call(two, {all});
    }));
    CHECK(refusal([&] { both.partition(shared); }) ==
          "shared is a tensor of 2 kernels: give each one of its own");
}

TEST_CASE("partition is drawn") {
    drawn("partition");
}
