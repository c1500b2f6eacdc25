// to: what cannot go to the device, or be done to what is there.

#include "dataflow_programs.h"
#include "everywhere.h"
#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The call is refused with these words, and leaves the schedule as it was.
template <class F> void refuses(const Schedule& s, const std::string& words, const F& call) {
    const std::string before = print(s), trace = s.trace(), message = refusal(call);
    INFO(message);
    CHECK(message.find(words) != std::string::npos);
    CHECK(print(s) == before);
    CHECK(s.trace() == trace);
}

struct Three {
    Param N{"N"};
    Var i{"i"}, j{"j"};
    Input in{"in", Int(16), {8, 12}};
    Func a{"a", Int(16), {8, 12}}, b{"b", Int(16), {8, 12}}, out{"out", Int(16), {8, 12}};
    Three() {
        a(i, j) = in(i, j) * 3;
        b(i, j) = a(i, j) + 1;
        out(i, j) = b(i, j) - a(i, j);
    }
};

/// A kernel that is called in a loop.
struct Called {
    Var i{"i"}, n{"n"};
    Input x{"x", Int(16), {8}}, from{"from", Int(16), {8}};
    InOut y{"y", Int(16), {8}}, to{"to", Int(16), {8}};
    Kernel line{"line", {x, y}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { y(i) = x(i) * 2 + y(i); }); }};
    Kernel both{"both", {x, y}, [&](KernelBody& b) { b.call(line, {x, y}); }};
};

} // namespace

TEST_CASE("to refuses stages without a place of their own") {
    Three t;
    Schedule s(t.out);
    s.to(t.a, Side::device);
    refuses(s,
            "a runs on the device since to(a, device) at to_refusals.cpp:" + std::to_string(here() - 2) +
                ", and is no stage of its own any more: call to(a, Side::host) before that",
            [&] { s.inline_(t.a); });
    s.to(t.a, Side::host).to(t.b, Side::device);
    refuses(s,
            "b is computed in the loops of out, and runs where those run: put out on the device, or call "
            "compute_root(b)",
            [&] { s.compute_at(t.b, t.out, t.i); });
    s.to(t.b, Side::host).compute_at(t.b, t.out, t.i);
    refuses(s,
            "to(b, device) at to_refusals.cpp:" + std::to_string(here() + 2) +
                " is illegal: b is computed in the loops of out",
            [&] { s.to(t.b, Side::device); });
    s.to(t.out, Side::device);
    CHECK(s.module().functions.size() == 2);
    s.to(t.b, Side::device); // it is there already
    CHECK(s.module().functions.size() == 2);
    check_everywhere(s);
}

TEST_CASE("to refuses a side of another name, the whole program, and Functions that the host calls") {
    Called c;
    const Kernel top("top", {c.from, c.to}, [&](KernelBody& b) {
        b.call(c.both, {c.from, c.to});
        b.call(c.line, {c.from, c.to});
    });
    Schedule s(top);
    refuses(s, "top is the whole program, which is one kernel already: name kernels that it calls",
            [&] { s.to(top, Side::device); });
    refuses(s,
            "line is called by both, which runs on the host and is called itself: put both on the device, "
            "or call inline_call(both)",
            [&] { s.to(c.line, Side::device); });
    schedule::Step step;
    step.primitive = schedule::find_primitive("to");
    step.func = c.line.symbol();
    step.words = {"moon"};
    refuses(s, "a stage runs on the host or on the device, and nothing is called moon",
            [&] { s.call(step); });
    s.inline_call(c.both).to(c.line, Side::device);
    check_everywhere(s);
    Schedule t(top);
    t.to(c.both, Side::device).to(c.line, Side::device);
    CHECK(t.module().functions[1].side == Side::device);
    check_everywhere(t);
    CHECK(refusal([&] { vitis_source(t); }) ==
          "top starts kernels of the device: export_vitis writes them and the host's program, and "
          "vitis_kernels gives them one by one");
    CHECK(refusal([&] { vitis_host(Schedule(top)); }) == "top is one kernel, and has no program of a host");
}

TEST_CASE("to refuses kernels that would be started at the same time, in both orders") {
    Called c;
    Input rows("rows", Int(16), {4, 8});
    InOut all("all", Int(16), {4, 8});
    const Kernel top("top", {rows, all}, [&](KernelBody& b) {
        b.for_(c.n, 0, 4,
               [&] { b.call(c.line, {view(rows, {c.n, Range(0, 8)}), view(all, {c.n, Range(0, 8)})}); });
    });
    Schedule s(top), t(top);
    s[top].parallel(c.n);
    const std::string words =
        "loop n is parallel, and in it kernels would be started at the same time: make it serial";
    refuses(s, words, [&] { s.to(c.line, Side::device); });
    t.to(c.line, Side::device);
    refuses(t, words, [&] { t[top].parallel(c.n); });
    check_everywhere(t);
}

TEST_CASE("to refuses processes of a dataflow, and the host has none") {
    const DataflowProgram chain = golden_dataflow_programs()[0];
    Schedule s(chain.kernel);
    const std::string load = "load";
    for (const Definition& d : build(chain.kernel).definitions)
        if (d.name == load)
            refuses(s,
                    "load is a process of a dataflow, whose streams stay on one side: put the kernel that "
                    "holds the dataflow on the device",
                    [&] { s.to(StageRef(d.func, Loc::current()), Side::device); });
    Var i("i");
    Input x("x", Int(32), {16});
    Output y("y", Int(32), {16});
    InOut z("z", Int(32), {16});
    Called c;
    const Kernel after("after", {z}, [&](KernelBody& b) { b.for_(i, 0, 16, [&] { z(i) = z(i) + i; }); });
    InOut out("out", Int(32), {16});
    const Kernel top("top", {x, out}, [&](KernelBody& b) {
        b.for_(i, 0, 16, [&] { out(i) = 1; });
        b.call(after, {out});
        b.call(chain.kernel, {x, out});
        b.for_(i, 0, 16, [&] { out(i) = out(i) * 3; });
    });
    Schedule t(top);
    t.to(after, Side::device);
    CHECK(
        refusal([&] {
            vitis_host(t);
        }).find("has a dataflow and runs on the host, whose program has no streams: put it on the device") !=
        std::string::npos);
    t.to(chain.kernel, Side::device);
    check_everywhere(t);
}

TEST_CASE("to refuses extern functions without Vitis code, and those of two files") {
    InOut data("data", Int(32), {8}), more("more", Int(32), {8});
    Var i("i");
    const Extern plain("plain_step", {data});
    const Kernel wrapped("wrapped", {data}, [&](KernelBody& b) { b.call(plain, {data}); });
    const Kernel top("top", {more}, [&](KernelBody& b) { b.call(wrapped, {more}); });
    Schedule s(top);
    refuses(s, "the extern function plain_step, which is called at to_refusals.cpp",
            [&] { s.to(wrapped, Side::device); });
    const Extern known("known_step", {data}, {.vitis = "void known_step(ap_int<32>* x) { x[0] = 1; }"});
    const Kernel inner("inner", {data}, [&](KernelBody& b) { b.call(known, {data}); });
    const Kernel outer("outer", {more}, [&](KernelBody& b) {
        b.call(inner, {more});
        b.call(known, {more});
    });
    Schedule t(outer);
    t.to(inner, Side::device);
    CHECK(refusal([&] {
              vitis_host(t);
          }).find("the extern function known_step is called in several files of the project") !=
          std::string::npos);
}

TEST_CASE("to refuses arrays in kernels without a constant size, until it is bound") {
    Param N("N");
    Var i("i"), j("j");
    Input in("in", Int(16), {N, 12});
    Func a("a", Int(16), {N, 12}), b("b", Int(16), {N, N}), out("out", Int(16), {N, N});
    a(i, j) = in(i, j) * 3;
    b(i, j) = a(i, 3) + j;
    out(i, j) = b(i, j) - a(i, 2);
    Schedule s(out);
    s.compute_at(b, out, i);
    refuses(
        s,
        "dimension 1 of b has the extent N, and an array in a kernel has a constant size: call bind(N, …) "
        "before that",
        [&] { s.to(out, Side::device); });
    s.bind(N, 8).to(out, Side::device);
    check_everywhere(s);
    Schedule t(out); // tensors of the device have sizes that only the host knows
    t.to(a, Side::device).to(out, Side::device);
    const std::vector<Sizes> sizes{{{"N", 5}}, {{"N", 3}}};
    expect_same_as_code(t, sizes);
    VitisKernels kernels;
    kernels.add(t);
    kernels.compile();
    kernels.expect_right(0, t.reference(), sizes);
}

TEST_CASE("to refuses banks and memories of one kernel for what lies between kernels, in both orders") {
    Three t;
    Schedule s(t.out), u(t.out), own(t.out);
    const std::string words =
        "b lies in the memory of the device, as the host uses it, too, and has banks, words or room";
    s.partition(t.b, Partition::cyclic, 1, 3);
    refuses(s, words, [&] { s.to(t.b, Side::device); });
    u.to(t.b, Side::device);
    refuses(u, words, [&] { u.partition(t.b, Partition::cyclic, 1, 3); });
    refuses(u, "b is in bram, which belongs to one kernel, and the host uses it, too",
            [&] { u.store_in(t.b, MemorySpace::bram()); });
    own.to(t.a, Side::device).to(t.b, Side::device).to(t.out, Side::device);
    own.partition(t.b, Partition::cyclic, 1, 3).store_in(t.b, MemorySpace::bram());
    const std::vector<Module> kernels = vitis_kernels(own);
    REQUIRE(kernels.size() == 1);
    CHECK(
        vitis_source(kernels[0]).find("#pragma HLS array_partition variable=b type=cyclic factor=3 dim=2") !=
        std::string::npos);
    check_everywhere(own);
    Schedule between(t.out);
    between.to(t.a, Side::device).to(t.out, Side::device);
    refuses(between, "a is in uram, which belongs to one kernel",
            [&] { between.store_in(t.a, MemorySpace::uram()); });
}
