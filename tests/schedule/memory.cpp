// How tensors are stored: partition, reshape, pack, unpack, reorder_storage, align_storage, store_in.

#include "programs.h"
#include "refusal.h"

#include "lathe/codegen/jit.h"
#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"

#include <optional>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A kernel with an array of its own, 8 × 6, which is filled, passed down two calls as a view, and read.
struct Table {
    Param N{"N"};
    Var i{"i"}, j{"j"};
    InOut row{"row", Int(16), {N}};
    Kernel add{"add", {row}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { row(i) += 3; }); }};
    Kernel twice{"twice", {row}, [&](KernelBody& b) {
                     b.call(add, {view(row, {Range(0, N)})});
                     b.call(add, {view(row, {Range(1, N - 1)})});
                 }};
    Input x{"x", Int(16), {8, 6}};
    Output y{"y", Int(16), {8, 6}};
    std::optional<Array> table;
    Kernel top{"top", {x, y}, [&](KernelBody& b) {
                   table.emplace(b.array("table", Int(16), {8, 6}));
                   const Array& t = *table;
                   b.for_(i, 0, 8, [&] {
                       b.for_(j, 0, 6, [&] { t(i, j) = x(i, j) * 2; });
                       b.call(twice, {view(t, {i, Range(0, 6)})});
                   });
                   b.for_(i, 0, 8, [&] { b.for_(j, 0, 6, [&] { y(i, j) = t(7 - i, j); }); });
               }};
    Schedule s{top};
    /// What is printed behind the table's shape and the CPU's memory.
    std::string layout() const {
        std::string text = print(s);
        const std::string before = "table: Tensor[Int(16), (8, 6)]", memory = ", stack";
        text = text.substr(text.find(before) + before.size());
        if (text.starts_with(memory)) text = text.substr(memory.size());
        return text.substr(0, text.find("):\n"));
    }
};

/// Interpreter and machine code compute what they do without.
void check_same(const Schedule& s) {
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 3);
    CHECK(difference(s.reference(), s.module(), {}) == "");
    std::vector<AnyBuffer> got = make_arguments(s.module(), {}, 3);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : got)
        pointers.push_back(&b);
    jit(s).call(pointers);
    for (size_t n = 0; n < right.size(); ++n)
        CHECK(bit_equal(right[n], got[n]));
}

size_t occurrences(const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

int keep(HalideBuffer*) {
    return 0;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

} // namespace

TEST_CASE_FIXTURE(Table, "banks go through two calls and a view") {
    s.partition(*table, Partition::cyclic, 1, 3).partition(*table, Partition::block, 0, 2);
    CHECK(layout() == ", partition (block 2, cyclic 3)");
    check_same(s);
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
    check_same(s);
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
}

TEST_CASE("scalars, blocks of streams and what extern functions take have no layout") {
    Var i("i");
    Output y("y", Int(32), {8});
    InOut words("words", Int(32), {8});
    const Extern given("given", {words}, keep);
    std::optional<Array> passed;
    Schedule s(Kernel("k", {y}, [&](KernelBody& b) {
        passed.emplace(b.array("passed", Int(32), {8}));
        const Array& p = *passed;
        b.for_(i, 0, 8, [&] { p(i) = i; });
        b.call(given, {p});
        b.for_(i, 0, 8, [&] { y(i) = p(i); });
    }));
    CHECK(contains(refusal([&] { s.partition(*passed); }),
                   "passed is given to the extern function given, which knows row-major tensors only"));
    OutBlockStream out("out", Int(16), {4});
    InBlockStream in("in", Int(16), {4});
    Output z("z", Int(16), {4});
    Kernel fill("fill", {out},
                [&](KernelBody& b) { b.fill(out, [&](Array t) { b.for_(i, 0, 4, [&] { t(i) = i; }); }); });
    Kernel drain("drain", {in, z}, [&](KernelBody& b) {
        b.drain(in, [&](Array t) { b.for_(i, 0, 4, [&] { z(i) = t(i); }); });
    });
    Schedule n(Kernel("network", {z}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream blocks = b.blocks("blocks", Int(16), {4}, 2);
            b.call(fill, {blocks});
            b.call(drain, {blocks, z});
        });
    }));
    Symbol block;
    for (const Function& f : n.module().functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* filled = s.as<Fill>()) block = filled->tensor.symbol;
            },
            nullptr);
    CHECK(contains(refusal([&] { n.partition(TensorRef(block)); }),
                   "is a block of a stream, which has no layout of its own. Copy it to an array"));
}

TEST_CASE_FIXTURE(Table, "reshape") {
    s.reshape(*table, {4, 12}).partition(*table, Partition::cyclic, 0, 4).pack(*table, UInt(32));
    CHECK(layout() == ", shape (4, 12), partition (cyclic 4, none), pack 2");
    check_same(s);
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
    check_same(t);
    CHECK(contains(vitis_source(t), "#pragma HLS array_reshape variable=table type=cyclic factor=8 dim=1"));
}

TEST_CASE("a tensor whose extents are parameters is not reshaped") {
    Blur b;
    Schedule s(b.out);
    CHECK(contains(refusal([&] { s.reshape(b.rows, {4, 4}); }), "rows has the shape (4, 4), and its extent"));
}

TEST_CASE_FIXTURE(Table, "words by number and by type") {
    s.pack(*table, 1, 3);
    CHECK(layout() == ", pack 3");
    check_same(s);
    CHECK(contains(vitis_source(s), "#pragma HLS array_reshape variable=table type=cyclic factor=3 dim=2"));
    CHECK(contains(refusal([&] { s.pack(*table, 1, 3); }),
                   "table has words of 3 elements already: unpack it first"));
    CHECK(contains(
        refusal([&] { s.partition(*table, Partition::complete, 1); }),
        "dimension 1 of table holds words of 3, which have one bank: partition another, or unpack it first"));
    CHECK(contains(
        refusal([&] { s.reorder_storage(*table, {1, 0}); }),
        "table has words of 3 neighbours in the order that it has: reorder_storage stands before pack"));
    CHECK(contains(refusal([&] { s.unpack(*table, 1, 2); }),
                   "table has words of 3 elements, which 2 does not divide"));
    s.unpack(*table, 1, 3);
    CHECK(layout() == "");
    CHECK(contains(refusal([&] { s.unpack(*table, 1, 3); }), "table is not packed"));
    s.pack(*table, UInt(64));
    CHECK(layout() == ", pack 4");
    check_same(s); // 6 elements in words of 4
    s.unpack(*table, UInt(32));
    CHECK(layout() == ", pack 2");
    s.unpack(*table, Int(16));
    CHECK(layout() == "");
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
    check_same(s);
    CHECK(contains(print(s), "f: Tensor[Int(8), (24)], pack 4"));
    one() = 4;
    two(i) = one() + i;
    Schedule t(two);
    CHECK(contains(refusal([&] { t.pack(one, UInt(32)); }), "one is one element: it has no words"));
    CHECK(contains(refusal([&] { t.partition(one); }), "one is one element: it has no dimensions"));
    CHECK(contains(refusal([&] { t.reshape(one, {1}); }), "one is one element: it has no other shape"));
}

TEST_CASE_FIXTURE(Table, "another order, and rows that begin at multiples") {
    s.reorder_storage(*table, {1, 0}).align_storage(*table, 0, 16).pack(*table, 0, 4);
    CHECK(layout() == ", order (1, 0), align (16, 1), pack 4");
    check_same(s);
    CHECK(contains(vitis_source(s), "table[6][16];"));
    CHECK(contains(refusal([&] { s.align_storage(*table, 0, 0); }),
                   "room is for a multiple of at least 1, and not of 0"));
    Schedule t(top);
    CHECK(contains(refusal([&] { t.reorder_storage(*table, {0, 0}); }),
                   "the order (0, 0) of table does not name each of its 2 dimensions once"));
    CHECK(refusal([&] { t.reorder_storage(*table, {}); }) == "reorder_storage(table) needs dimensions");
}

TEST_CASE_FIXTURE(Table, "memories of an FPGA") {
    s.store_in(*table, MemorySpace::uram());
    CHECK(layout() == ", uram");
    check_same(s);
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
    check_same(s);
}

TEST_CASE("a Func of several values names one; its accumulator is stored as the Func is") {
    Var i("i");
    RDom r(0, 5, "r");
    Func pair("pair", Types{Int(8), Int(16)}, {6}), out("out", Int(32), {6}), sum("sum", Int(32), {6});
    pair(i) = Tuple(cast(Int(8), i), cast(Int(16), i * 5));
    sum(i) = 0;
    sum(i) += pair(i)[0] * r;
    out(i) = sum(i) + pair(i)[1];
    Schedule s(out);
    CHECK(refusal([&] { s.partition(pair); }) == "pair holds 2 values: name one, as in TensorRef(pair, 0)");
    s.partition(TensorRef(pair, 1), Partition::cyclic, 0, 2);
    s.quantize(sum, Int(24), {.accumulate = Accumulate::exact});
    s.partition(sum, Partition::block, 0, 3);
    CHECK(occurrences(print(s), "partition (block 3)") == 2);
    CHECK(occurrences(print(s), "partition (cyclic 2)") == 1);
    check_same(s);
}

TEST_CASE("an inlined Func, a constant, and a Func that moves with its layout") {
    Var i("i");
    Const table("table", Int(8), std::vector<int64_t>{2, 3}, {1, 2, 3, 4, 5, 6});
    Func f("f", Int(16), {6}), g("g", Int(16), {6}), out("out", Int(16), {6});
    f(i) = table(i % 2, i % 3) * 2;
    g(i) = f(i) + 1;
    out(i) = g(i) + f(i);
    Schedule s(out);
    s.reorder_storage(table, {1, 0}).partition(table, Partition::complete, 0);
    s.partition(g, Partition::cyclic, 0, 2);
    check_same(s);
    CHECK(contains(vitis_source(s), "#pragma HLS array_partition variable=table type=complete dim=2"));
    s.compute_at(g, out, i);
    CHECK(contains(print(s), "partition (cyclic 2)"));
    check_same(s);
    s.inline_(f);
    CHECK(contains(refusal([&] { s.partition(f); }), "f was inlined: it has no memory"));
}
