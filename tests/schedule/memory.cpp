// Tensors whose layout is not theirs, and layouts that move with what is stored.

#include "table.h"

#include "lathe/dsl/extern.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

int keep(HalideBuffer*) {
    return 0;
}

} // namespace

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
    expect_same_as_code(s);
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
    expect_same_as_code(s);
    CHECK(contains(vitis_source(s), "#pragma HLS array_partition variable=table type=complete dim=2"));
    s.compute_at(g, out, i);
    CHECK(contains(print(s), "partition (cyclic 2)"));
    expect_same_as_code(s);
    s.inline_(f);
    CHECK(contains(refusal([&] { s.partition(f); }), "f was inlined: it has no memory"));
}
