// Vitis takes an argument in one process of a dataflow: where several use it, each has a port of its own.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
#include "project_folder.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Two processes read x, and each writes a half of y.
struct Halves {
    Var i{"i"};
    InStream in{"in", Int(32)};
    OutStream out{"out", Int(32)};
    Input from{"from", Int(32), {16}}, x{"x", Int(32), {16}};
    Output to{"to", Int(32), {8}}, y{"y", Int(32), {16}};
    Kernel up{"up", {from, out}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { b.push(out, from(i)); }); }};
    Kernel down{
        "down", {from, out}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { b.push(out, from(15 - i)); }); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { to(i) = b.pop(in) * 3; }); }};
    Kernel halves{"halves", {x, y}, [&](KernelBody& b) {
                      b.dataflow([&] {
                          Stream s = b.stream("s", Int(32), {2});
                          b.call(up, {x, s(0)});
                          b.call(down, {x, s(1)});
                          b.call(store, {s(0), view(y, {Range(0, 8)})});
                          b.call(store, {s(1), view(y, {Range(8, 8)})});
                      });
                  }};
};

} // namespace

TEST_CASE_FIXTURE(Halves, "an argument that two processes use has two ports") {
    const std::string text = vitis_source(build(halves).module);
    has(text, "extern \"C\" void halves(const ap_int<32>* x, const ap_int<32>* x_2, ap_int<32>* y, "
              "ap_int<32>* y_2)");
    has(text, "#pragma HLS interface m_axi port=x offset=slave bundle=gmem_x depth=16");
    has(text, "#pragma HLS interface m_axi port=x_2 offset=slave bundle=gmem_x_2 depth=16");
    has(text, "#pragma HLS interface s_axilite port=y_2");
    has(text, "LATHE_PROCESS(up(x, s[0]));");
    has(text, "LATHE_PROCESS(down(x_2, s[1]));");
    has(text, "LATHE_PROCESS(store(y, s[0]");
    has(text, "LATHE_PROCESS(store(y_2, s[1]");
    has(vitis_header(build(halves).module),
        "// x, x_2: one array, with a port for each process that uses it.\n");
    check_everywhere(Schedule(halves));
}

TEST_CASE_FIXTURE(Halves, "a kernel with such arguments on a device, and in a bank") {
    Kernel twice("twice", {x, y}, [&](KernelBody& b) { b.call(halves, {x, y}); });
    Schedule s(twice);
    s.to(halves, Side::device);
    has(vitis_host(s), "halves_device_kernel(x_device, x_device, y_device, y_device).wait();");
    check_everywhere(s);
    Schedule banks(halves);
    banks.store_in(x, MemorySpace::hbm(3));
    const Folder folder;
    export_vitis(banks, folder.path / "project");
    has(read_file(folder.path / "project" / "link.cfg"), "sp=halves_1.x:HBM[3]\nsp=halves_1.x_2:HBM[3]\n");
}

TEST_CASE("rows of processes that share tensors have ports of their own") {
    Var i("i"), j("j");
    RDom k(0, 6, "k");
    Input A("A", Int(16), {3, 6}), B("B", Int(16), {6, 8});
    Func C("C", Int(32), {3, 8});
    C(i, j) = 0;
    C(i, j) += A(i, k) * B(k, j);
    Schedule s(C);
    s[C].fuse_init(j);
    s.unfold(C, i);
    const std::string text = vitis_source(s);
    has(text, "LATHE_PROCESS_AT((2), C_i(A_3, B_3, C_3");
    check_everywhere(s);
    s.relay(B, C, i); // one of them reads B
    CHECK(vitis_source(s).find("B_2") == std::string::npos);
    check_everywhere(s);
}

TEST_CASE_FIXTURE(Halves, "a Function that has such a dataflow is given as many pointers") {
    Kernel outer("outer", {x, y}, [&](KernelBody& b) {
        b.call(halves, {x, y});
        b.call(halves, {x, y});
    });
    const std::string text = vitis_source(build(outer).module);
    has(text,
        "static void halves(const ap_int<32>* x, const ap_int<32>* x_2, ap_int<32>* y, ap_int<32>* y_2)");
    has(text, "    halves(x, x_2, y, y_2);\n");
    check_everywhere(Schedule(outer));
}

TEST_CASE(
    "a Function with a dataflow that is given one argument twice has a port for each of its processes") {
    Var i("i");
    Input r("r", Int(16), {4}), q("q", Int(16), {4}), c("c", Int(16), {4});
    Output w("w", Int(16), {4}), v("v", Int(16), {4}), o("o", Int(16), {4}), u("u", Int(16), {4});
    Kernel one("one", {r, w}, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { w(i) = r(i) * 2 + 1; }); });
    Kernel two("two", {r, q, w, v}, [&](KernelBody& b) {
        b.dataflow([&] {
            b.call(one, {r, w});
            b.call(one, {q, v});
        });
    });
    Kernel top("top", {c, o, u}, [&](KernelBody& b) { b.call(two, {c, c, o, u}); });
    has(vitis_source(build(top).module), "    two(c, c_2, o, u);\n");
    check_everywhere(Schedule(top));
}

TEST_CASE_FIXTURE(Halves, "processes that have such a dataflow themselves") {
    Input z("z", Int(32), {16});
    Output u("u", Int(32), {16}), v("v", Int(32), {16});
    Kernel both("both", {z, u, v}, [&](KernelBody& b) {
        b.dataflow([&] {
            b.call(halves, {z, u});
            b.call(halves, {z, v});
        });
    });
    has(vitis_source(build(both).module), "LATHE_PROCESS(halves(z_3, z_4, v, v_2));");
    check_everywhere(Schedule(both));
}

TEST_CASE_FIXTURE(Halves, "an argument in words is one process's") {
    Module m = build(halves).module;
    for (Function& f : m.functions)
        for (Argument& a : f.arguments)
            if (a.direction == Direction::in) a.tensor.layout.pack = 4;
    CHECK(
        refusal([&] { vitis_source(m); }) ==
        "up and down run at the same time, and both are given x, which lies in words: Vitis takes it in one "
        "process. Let one read it, and hand on what it reads (relay, or a stream)");
}
