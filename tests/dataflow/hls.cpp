// The golden networks as Vitis C++, simulated.

#include "dataflow_programs.h"
#include "lathe/hls/emit.h"
#include "vitis_compiled.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<DataflowProgram> all_programs() {
    std::vector<DataflowProgram> all = golden_dataflow_programs();
    for (DataflowProgram& p : dataflow_designs())
        all.push_back(std::move(p));
    return all;
}

} // namespace

TEST_CASE("golden networks as Vitis C++ compute what the interpreter does") {
    const std::vector<DataflowProgram> programs = all_programs();
    VitisKernels kernels;
    std::vector<Module> modules;
    for (const DataflowProgram& p : programs) {
        CAPTURE(p.name);
        modules.push_back(build(p.kernel).module);
        kernels.add(modules.back());
    }
    kernels.compile();
    kernels.expect_right_stalled(modules, 20);
}

TEST_CASE("a network with processes of a kind prints the kind once") {
    const std::string text = vitis_source(build(golden_dataflow_programs()[0].kernel).module);
    size_t count = 0;
    for (size_t at = text.find("void add("); at != std::string::npos; at = text.find("void add(", at + 1))
        ++count;
    CHECK(count == 1);
    CHECK(text == R"(#include "chain.h"

static void load(const ap_int<32>* from, hls::stream<ap_int<32>>& out) {
    // load
    load_i: for (int i = 0; i < 16; ++i) {
        out.write(from[i]);
    }
}

static void add(hls::stream<ap_int<32>>& in, hls::stream<ap_int<32>>& out, ap_int<32> amount) {
    // add
    add_i: for (int i = 0; i < 16; ++i) {
        const ap_int<32> in_token = in.read();
        out.write(ap_int<32>(in_token * 2 + amount));
    }
}

static void store(ap_int<32>* to, hls::stream<ap_int<32>>& in) {
    // store
    store_i: for (int i = 0; i < 16; ++i) {
        const ap_int<32> in_token = in.read();
        to[i] = in_token;
    }
}

static void chain_dataflow(const ap_int<32>* x, ap_int<32>* y) {
#pragma HLS dataflow
    LATHE_DATAFLOW_BEGIN
    hls::stream<ap_int<32>, 2> s[9];
    LATHE_STREAM(s, 2)
    LATHE_PROCESS(load(x, s[0]));
    LATHE_PROCESS_AT((0), add(s[0], s[1], ap_int<32>(0)));
    LATHE_PROCESS_AT((1), add(s[1], s[2], ap_int<32>(1)));
    LATHE_PROCESS_AT((2), add(s[2], s[3], ap_int<32>(2)));
    LATHE_PROCESS_AT((3), add(s[3], s[4], ap_int<32>(3)));
    LATHE_PROCESS_AT((4), add(s[4], s[5], ap_int<32>(4)));
    LATHE_PROCESS_AT((5), add(s[5], s[6], ap_int<32>(5)));
    LATHE_PROCESS_AT((6), add(s[6], s[7], ap_int<32>(6)));
    LATHE_PROCESS_AT((7), add(s[7], s[8], ap_int<32>(7)));
    LATHE_PROCESS(store(y, s[8]));
    LATHE_DATAFLOW_END
}

extern "C" void chain(const ap_int<32>* x, ap_int<32>* y) {
#pragma HLS interface m_axi port=x offset=slave bundle=gmem_x depth=16
#pragma HLS interface m_axi port=y offset=slave bundle=gmem_y depth=16
#pragma HLS interface s_axilite port=x
#pragma HLS interface s_axilite port=y
#pragma HLS interface s_axilite port=return
    // chain
    chain_dataflow(x, y);
}
)");
}

TEST_CASE("a Function that is given arrays of several shapes has a C++ function for each") {
    Param N("N");
    Var i("i");
    Input from("from", Int(16), {N});
    Output to("to", Int(16), {N});
    Kernel scale("scale", {from, to}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = from(i) * 3; }); });
    Kernel twice("twice", {from, to}, [&](KernelBody& b) {
        Array copy = b.array("scale", Int(16), {N});
        b.call(scale, {view(from, {Range(0, N)}), view(copy, {Range(0, N)})});
        b.call(scale, {view(copy, {Range(0, N)}), view(to, {Range(0, N)})});
    });
    Input x("x", Int(16), {9});
    Output y("y", Int(16), {9});
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        Array left = b.array("left", Int(16), {4}), right = b.array("right", Int(16), {5});
        b.for_(i, 0, 4, [&] { left(i) = x(i); });
        b.for_(i, 0, 5, [&] { right(i) = x(i + 4); });
        Array first = b.array("first", Int(16), {4}), last = b.array("last", Int(16), {5});
        b.dataflow([&] {
            b.call(scale, {left, first});
            b.call(twice, {right, last});
        });
        b.for_(i, 0, 4, [&] { y(i) = first(i); });
        b.for_(i, 0, 5, [&] { y(i + 4) = last(i); });
    });
    Schedule s(top);
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.module(), {{}});
}
