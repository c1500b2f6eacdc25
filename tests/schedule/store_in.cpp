// store_in: memories of a CPU and of an FPGA.

#include "drawn.h"
#include "refused.h"
#include "table.h"

using namespace lathe;

TEST_CASE_FIXTURE(Table, "memories of an FPGA") {
    s.store_in(*table, MemorySpace::uram());
    CHECK(layout() == ", uram");
    expect_same_as_code(s);
    CHECK(contains(vitis_source(s), "#pragma HLS bind_storage variable=table type=ram_2p impl=uram"));
    CHECK(contains(refusal([&] { s.store_in(*table, MemorySpace::hbm(3)); }),
                   "hbm3 lies beside the FPGA, where the arguments of its kernel are, and table is none"));
    CHECK(contains(refusal([&] { s.store_in(x, MemorySpace::bram()); }),
                   "x is an argument, or was inlined: it has no memory of its own"));
    const TensorRef formal(s.module().functions[1].arguments[0].tensor.symbol);
    CHECK(contains(refusal([&] { s.store_in(formal, MemorySpace::ddr(0)); }),
                   "row is an argument of twice, which is called: the bank is that of what it is given"));
    CHECK(contains(
        refusal([&] { s.store_in(*table, MemorySpace("hbm")); }),
        "the CPU has heap, stack and register memory, and no hbm; an FPGA has bram, uram and lutram, "
        "and banks beside it, as hbm0 and ddr1"));
    CHECK(refusal([] { MemorySpace::hbm(256); }) == "hbm(256): a bank is a number from 0 to 255");
    CHECK(refusal([] { MemorySpace::ddr(-1); }) == "ddr(-1): a bank is a number from 0 to 255");
    s.store_in(x, MemorySpace::hbm(3)).store_in(y, MemorySpace::ddr(1));
    CHECK(contains(print(s), "x: Tensor[Int(16), (8, 6)], hbm3"));
    expect_same_as_code(s);
}

TEST_CASE("refused: memory") {
    Blur b;
    Schedule s(b.out);
    REFUSED(s, "the CPU has heap, stack and register memory, and no attic",
            s.store_in(b.rows, MemorySpace("attic")));
    REFUSED(s, "of rows, in stack memory, is not constant. Compute it inside a tile of constant size",
            s.store_in(b.rows, MemorySpace::stack()));
    s.compute_at(b.rows, b.out, b.x).store_in(b.rows, MemorySpace::stack());
    REFUSED(s, "of rows, in stack memory, is not constant", s.compute_at(b.rows, b.out, b.y));
    REFUSED(s, "out is an argument, or was inlined: it has no memory of its own",
            s.store_in(b.out, MemorySpace::heap()));
    Var i("i");
    Func big("big", Int(32), {1 << 20}), out("sum", Int(32), {1 << 20});
    big(i) = i;
    out(i) = big(i);
    Schedule t(out);
    REFUSED(t, "big takes more than 262144 bytes", t.store_in(big, MemorySpace::stack()));
}

TEST_CASE("store_in is drawn") {
    drawn("store_in");
}
