// to: stages on the host and on the device, and the copies between the two.

#include "copies.h"
#include "drawn.h"
#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/layout.h"
#include "project_folder.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Host, device, device, host.
struct Sandwich {
    Var i{"i"};
    Input a{"a", Int(16), {40}}, w{"w", Int(16), {3}};
    Func b{"b", Int(16), {40}}, c{"c", Int(16), {40}}, d{"d", Int(16), {38}}, out{"out", Int(32), {38}};
    Sandwich() {
        b(i) = a(i) * 3 - 1;
        c(i) = b(i) * w(0) + w(2);
        d(i) = c(i) + c(i + 1) * w(1) - c(i + 2);
        out(i) = d(i) - b(i) + a(i);
    }
};

std::string text_of(const std::vector<CopyUse>& all) {
    std::string text;
    for (const CopyUse& c : all)
        text += fmt::format("{}{} to {}, {}", text.empty() ? "" : "; ", c.from,
                            c.side == Side::device ? "device" : "host", c.bytes);
    return text;
}

} // namespace

TEST_CASE("to: two stages in one kernel between two on the host") {
    Sandwich s;
    Schedule on(s.out);
    on.to(s.c, Side::device).to(s.d, Side::device);
    CHECK(print(on) ==
          R"(def out(a: Tensor[Int(16), (40)], w: Tensor[Int(16), (3)], out: out Tensor[Int(32), (38)]):
    with alloc(w_device: Tensor[Int(16), (3)], device),
         alloc(b: Tensor[Int(16), (40)]),
         alloc(b_device: Tensor[Int(16), (40)], device),
         alloc(d: Tensor[Int(16), (38)]),
         alloc(d_device: Tensor[Int(16), (38)], device):
        # b.init
        for i in range(40):
            b[i] = a[i] * 3 - 1
        copy w to device as w_device
        copy b to device as b_device
        c_device(w_device, b_device, inout d_device)
        copy d_device to host as d
        # out.init
        for i in range(38):
            out[i] = d[i] - b[i] + a[i]

device def c_device(w: Tensor[Int(16), (3)],
                    b: Tensor[Int(16), (40)],
                    d: inout Tensor[Int(16), (38)]):
    with alloc(c: Tensor[Int(16), (40)]):
        # c.init
        for i in range(40):
            c[i] = b[i] * w[0] + w[2]
        # d.init
        for i in range(38):
            d[i] = c[i] + c[i + 1] * w[1] - c[i + 2]
)");
    CHECK(text_of(copies_of(on)) == "w to device, 6; b to device, 80; d_device to host, 76");
    check_everywhere(on);
    on.to(s.c, Side::host).to(s.d, Side::host);
    CHECK(print(on) == print(Schedule(s.out)));
}

TEST_CASE("to: the project's host program starts the kernel by XRT, and copies as the interpreter does") {
    Sandwich s;
    Schedule on(s.out);
    on.to(s.c, Side::device).to(s.d, Side::device);
    const Folder folder;
    const auto files = export_vitis(on, folder.path);
    for (const auto& f : files)
        CHECK(std::filesystem::exists(f));
    CHECK(vitis_host(on) == R"cpp(#include "host.h"

#include <algorithm>
#include <memory>

void out_host(const xrt::device& device, const xrt::uuid& xclbin,
    const ap_int<16>* a,
    const ap_int<16>* w,
    ap_int<32>* out) {
    xrt::kernel c_device_kernel(device, xclbin, "c_device");
    xrt::bo w_device(device, sizeof(ap_int<16>) * 3, c_device_kernel.group_id(0));
    ap_int<16> b[40];
    xrt::bo b_device(device, sizeof(ap_int<16>) * 40, c_device_kernel.group_id(1));
    ap_int<16> d[38];
    xrt::bo d_device(device, sizeof(ap_int<16>) * 38, c_device_kernel.group_id(2));
    // b
    b_i: for (int i = 0; i < 40; ++i) {
        b[i] = ap_int<18>(a[i] * 3) - 1;
    }
    w_device.write(w);
    w_device.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    b_device.write(&b[0]);
    b_device.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    c_device_kernel(w_device, b_device, d_device).wait();
    d_device.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    d_device.read(&d[0]);
    // out
    out_i: for (int i = 0; i < 38; ++i) {
        out[i] = d[i] - b[i] + a[i];
    }
}
)cpp");
    const auto [status, text] =
        run_in(folder.path, fmt::format("make AP_TYPES='{}' CXXFLAGS='-O0'", vitis_headers()));
    CHECK_MESSAGE(status == 0, text);
    CHECK(text.find("to the device: 2 copies, 86 bytes; to the host: 1 copies, 76 bytes; 1 runs of kernels\n"
                    "out_host: all outputs are as expected\n") != std::string::npos);
}

TEST_CASE("to: what was scheduled before it and after it is the same") {
    struct Blur {
        Var y{"y"}, x{"x"};
        Input in{"in", Int(16), {18, 34}};
        Func h{"h", Int(24), {18, 32}}, v{"v", Int(24), {16, 32}}, out{"out", Int(24), {16, 32}};
        Blur() {
            h(y, x) = in(y, x) + in(y, x + 1) * 2 + in(y, x + 2);
            v(y, x) = h(y, x) + h(y + 1, x) * 2 + h(y + 2, x);
            out(y, x) = v(y, x) - in(y, x);
        }
        void banks(Schedule& s) { s.partition(h, Partition::cyclic, 1, 4).store_in(h, MemorySpace::bram()); }
        void loops(Schedule& s) {
            s.reuse_at(h, v, y);
            s[v].pipeline(x);
            auto [o, i] = s[h].split(x, 8);
            s[h].unroll(i).pipeline(o, 2);
        }
    } blur;
    Schedule before(blur.out), after(blur.out);
    before.to(blur.h, Side::device).to(blur.v, Side::device);
    blur.loops(before);
    blur.banks(before);
    blur.loops(after);
    after.to(blur.v, Side::device).to(blur.h, Side::device);
    blur.banks(after); // which belong to the kernel of both
    CHECK(print(before) == print(after));
    CHECK(before.trace().find("0 to {h, 0} device") != std::string::npos);
    Schedule again(build(std::vector<Func>{blur.out}));
    again.apply_trace(before.trace_json());
    CHECK(print(again) == print(before));
    CHECK(text_of(copies_of(before)) == "in to device, 1224; v_device to host, 2048");
    const std::string code = vitis_source(vitis_kernels(before)[0]);
    CHECK(code.find("#pragma HLS array_partition variable=h type=cyclic factor=4 dim=2") !=
          std::string::npos);
    CHECK(code.find("#pragma HLS bind_storage variable=h type=ram_2p impl=bram") != std::string::npos);
    check_everywhere(before);
    before.quantize(blur.h, Int(20));
    check_everywhere(before);
}

TEST_CASE("to: nothing moves between two kernels, and read-only data goes over once") {
    Var i("i");
    Input a("a", Int(16), {16});
    const Const table = Const("table", Int(8), {4}, std::vector<int>{3, -1, 4, 1});
    Func p("p", Int(16), {16}), q("q", Int(16), {16}), r("r", Int(16), {16}), out("out", Int(16), {16});
    p(i) = a(i) * table(i % 4);
    q(i) = a(i) + table(1);
    r(i) = p(i) + a(15 - i) + table(0);
    out(i) = r(i) - q(i);
    Schedule s(out);
    s.to(p, Side::device).to(r, Side::device);
    CHECK(text_of(copies_of(s)) == "a to device, 32; r_device to host, 32");
    CHECK(print(s).find("alloc(p: Tensor[Int(16), (16)], device)") != std::string::npos);
    check_everywhere(s);
    s.store_in(TensorRef(a), MemorySpace::hbm(3));
    const Folder folder;
    export_vitis(s, folder.path);
    CHECK(read_file(folder.path / "link.cfg") == "# v++ -l --config link.cfg\n\n[connectivity]\n"
                                                 "sp=p_device_1.a:HBM[3]\nsp=r_device_1.a:HBM[3]\n");
    s.to(q, Side::device).to(out, Side::device);
    CHECK(s.module().functions.size() == 2);
    CHECK(text_of(copies_of(s)) == "a to device, 32; out_device to host, 32");
    check_everywhere(s);
}

TEST_CASE(
    "to: calls of one kernel are one kernel, in loops and under conditions; sizes and scalars go along") {
    Param N("N"), gain("gain", Int(8));
    Var i("i"), t("t"), u("u");
    Input x("x", Int(16), {N});
    Output y("y", Int(16), {N});
    const Kernel step("step", {x, y, gain},
                      [&](KernelBody& b) { b.for_(i, 0, N, [&] { y(i) = x(i) * gain + i; }); });
    Param M("M"), steps("steps");
    Input from("from", Int(16), {M});
    Output to("to", Int(16), {M});
    const Kernel top("top", {from, to, steps}, [&](KernelBody& b) {
        Array one = b.array("one", Int(16), {M}), two = b.array("two", Int(16), {M});
        b.call(step, {from, one, 3});
        b.for_(t, 0, steps, [&] {
            b.call(step, {one, two, t % 5});
            b.if_(t != 2, [&] { b.call(step, {two, one, 7}); });
        });
        b.for_(u, 0, M, [&] { to(u) = one(u); });
    });
    Schedule s(top);
    s.to(step, Side::device);
    INFO(print(s));
    CHECK(vitis_kernels(s).size() == 1);
    for (const int64_t n : {0, 1, 4}) {
        const Sizes sizes{{"M", 5}, {"steps", n}};
        expect_same_as_code(s, {sizes});
        std::vector<CopyUse> used;
        std::vector<AnyBuffer> buffers = make_arguments(s, sizes, 1);
        InterpretOptions options;
        options.copies = &used;
        interpret(s, {&buffers[0], &buffers[1]}, make_scalars(s, sizes), options);
        CHECK(text_of(used) == "from to device, 10; one_device to host, 10");
    }
    Schedule one_there = s; // a call gets a copy of the kernel, and that another side
    one_there[top].call(step, 1).to(Side::host);
    CHECK(print(one_there).find("            step_1(one, out two, M, ") != std::string::npos);
    expect_same_as_code(one_there, {{{"M", 5}, {"steps", 3}}});
    s.bind(M, 6);
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), {{{"steps", 0}}, {{"steps", 3}}});
}

TEST_CASE(
    "to: what a kernel leaves of an argument stays, and what it writes as a whole is not copied there") {
    Var i("i"), j("j");
    Input x("x", Int(16), {8});
    Output y("y", Int(16), {8});
    const Kernel half("half", {x, y}, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { y(i * 2) = x(i); }); });
    const Kernel all("all", {x, y}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { y(7 - i) = x(i); }); });
    Input from("from", Int(16), {8});
    Output to("to", Int(16), {8}), whole("whole", Int(16), {8});
    const Kernel top("top", {from, to, whole}, [&](KernelBody& b) {
        b.call(half, {from, to});
        b.call(all, {from, whole});
    });
    Schedule s(top);
    s.to(half, Side::device).to(all, Side::device);
    CHECK(text_of(copies_of(s)) ==
          "from to device, 16; to to device, 16; to_device to host, 16; whole_device to host, 16");
    const auto expected = [&](bool compiled) {
        std::vector<AnyBuffer> buffers = make_arguments(s, {}, 1);
        for (int64_t n = 0; n < 8; ++n)
            buffers[1].set({n}, Value::from_raw(Int(16), 100 + n));
        if (compiled)
            jit(s).call({&buffers[0], &buffers[1], &buffers[2]});
        else
            interpret(s, {&buffers[0], &buffers[1], &buffers[2]});
        return buffers[1].get({3}).as_int64();
    };
    CHECK(expected(true) == 103);
    CHECK(expected(false) == 103);
}

TEST_CASE("to: a copy of what holds nothing holds nothing") {
    const Symbol x("x"), xd("x_device"), y("y");
    const std::vector<Dim> dims{{index(0), index(2)}};
    const auto tensor = [&](const Symbol& s, const MemorySpace& space) {
        return Tensor{s, Int(8), dims, space, TypeOrigin::declared, nullptr, {}};
    };
    const Tensor t = tensor(x, MemorySpace::heap()), d = tensor(xd, MemorySpace::device()),
                 out = tensor(y, MemorySpace::heap());
    const auto load = [&](const Symbol& from, int at) { return Load::make(from, Int(8), {index(at)}); };
    const auto program = [&](int at) {
        Module m;
        m.functions.push_back(
            {"f",
             {},
             {{out, Direction::out}},
             {},
             Allocate::make({t, d}, Block::make({Store::make(x, Int(8), {index(0)},
                                                             Constant::make(Value::from_raw(Int(8), 5))),
                                                 Copy::make(x, xd, Side::device, Int(8), dims),
                                                 Copy::make(xd, x, Side::host, Int(8), dims),
                                                 Store::make(y, Int(8), {index(0)}, load(x, at))}))});
        verify(m);
        return m;
    };
    AnyBuffer result(Int(8), {2});
    TermHashes terms;
    for (TermHashes* checked : {static_cast<TermHashes*>(nullptr), &terms}) {
        InterpretOptions options;
        options.terms = checked;
        std::vector<CopyUse> used;
        options.copies = &used;
        interpret(program(0), {&result}, {}, options);
        CHECK(result.get({0}).as_int64() == 5);
        CHECK(text_of(used) == "x to device, 2; x_device to host, 2");
        CHECK(refusal([&] {
                  interpret(program(1), {&result}, {}, options);
              }).find("x[1] is read, and nothing was stored there") != std::string::npos);
    }
    Layout folded;
    folded.dims = {{.fold = 1}};
    CHECK(refusal([&] { check_layout_uses(program(0).top().body, xd, folded); }) ==
          "x_device is copied as a whole between host and device: it cannot be folded");
    const auto fault = [&](const Stmt& copy, bool called = false) {
        Module m = program(0);
        Stmt body = Allocate::make({t, d}, copy);
        if (called) {
            Function inner = fresh_copy(m.top());
            inner.name = "g";
            m.functions.push_back(inner);
            body = {};
        }
        m.top().body = body;
        return refusal([&] { verify(m); });
    };
    CHECK(fault(Copy::make(x, xd, Side::host, Int(8), dims)).find("x is not on the device") !=
          std::string::npos);
    CHECK(fault(Copy::make(x, y, Side::device, Int(8), dims)).find("y is not on the device") !=
          std::string::npos);
    CHECK(fault(Copy::make(xd, y, Side::host, Int(9), dims))
              .find("is copied as if it had another type or shape") != std::string::npos);
    CHECK(
        fault(Copy::make(Symbol("z"), xd, Side::device, Int(8), dims)).find("the tensor z is not in scope") !=
        std::string::npos);
    CHECK(fault({}, true).find("a copy between host and device stands in g") != std::string::npos);
}

TEST_CASE("to: a loop that became a Function goes to the device, and memory whose size the host is given") {
    Param N("N");
    Var i("i"), j("j");
    Input in("in", Int(16), {N, 8});
    Func p("p", Int(16), {N, 8}), q("q", Int(16), {N, 8}), out("out", Int(16), {N, 8});
    p(i, j) = in(i, j) * 3;
    q(i, j) = p(i, 7 - j) + i;
    out(i, j) = q(i, j) - p(i, j);
    Schedule s(out);
    s[q].outline(j, "row").to(Side::device);
    const std::string text = print(s);
    CAPTURE(text);
    CHECK(text.find("        # q.init\n"
                    "        copy p to device as p_device\n"
                    "        for i in range(N):\n"
                    "            row_device(p_device, inout q_device, N, i)\n"
                    "        copy q_device to host as q\n") != std::string::npos);
    const std::vector<Sizes> sizes{{{"N", 4}}, {{"N", 1}}, {{"N", 0}}};
    expect_same_as_code(s, sizes);
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), sizes);
}

TEST_CASE("to: several values of a Func, and a kernel as long as the host says") {
    Var i("i"), k("k"), m("m");
    Input a("a", Int(16), {12});
    Func pair("pair", Types{Int(16), Int(16)}, {12}), out("out", Int(16), {12});
    pair(i) = Tuple(a(i) * 2, a(11 - i) + 1);
    out(i) = pair(i)[0] - pair(i)[1];
    Schedule s(out);
    s.to(pair, Side::device);
    CHECK(copies_of(s).size() == 3);
    check_everywhere(s);
    InOut x("x", Int(16), {12});
    const Kernel add("add", {a, x}, [&](KernelBody& b) { b.for_(i, 0, 12, [&] { x(i) = x(i) + a(i); }); });
    Input from("from", Int(16), {12});
    Output to("to", Int(16), {12});
    const Kernel top("top", {from, to}, [&](KernelBody& b) {
        Scalar n = b.scalar("n", Int(16), 0);
        b.for_(k, 0, 12, [&] { to(k) = 0; });
        b.while_([&] { return n < 4; },
                 [&] {
                     b.call(add, {from, to});
                     n = n + 1;
                 });
    });
    Schedule t(top);
    t.to(add, Side::device);
    CHECK(text_of(copies_of(t)) == "from to device, 24; to to device, 24; to_device to host, 24");
    check_everywhere(t);
}

TEST_CASE("to: streams whose depths are computed, beside what is copied") {
    Var i("i"), j("j");
    RDom k(0, 6, "k");
    Input A("A", Int(8), {4, 6}), B("B", Int(8), {6, 8});
    Func C("C", Int(32), {4, 8}), D("D", Int(32), {4, 8});
    C(i, j) = 0;
    C(i, j) += A(i, k) * B(k, j);
    D(i, j) = C(i, j) + 1;
    Schedule s(D);
    s[C].fuse_init(j);
    s.unfold(C, i).relay(B, C, i);
    s.to(C, Side::device);
    CHECK(with_safe_depths(s.module()).functions.size() > 2);
    CHECK(vitis_host(s.module()).find("C") != std::string::npos);
}

TEST_CASE("to: stages that do the same for arguments in different banks are two kernels") {
    Var i("i");
    Input a("a", Int(16), {40}), b("b", Int(16), {40});
    Func f("f", Int(16), {40}), g("g", Int(16), {40}), m("m", Int(16), {40}), out("out", Int(16), {40});
    f(i) = a(i) * 3 + 1;
    m(i) = f(i) + b(i);
    g(i) = b(i) * 3 + 1;
    out(i) = m(i) + g(i);
    Schedule one(out), two(out);
    one.to(f, Side::device).to(g, Side::device);
    two.to(f, Side::device).to(g, Side::device);
    two.store_in(a, MemorySpace::hbm(1)).store_in(b, MemorySpace::hbm(2));
    CHECK(vitis_kernels(one.module()).size() == 1);
    CHECK(vitis_kernels(two.module()).size() == 2);
    check_everywhere(two);
}

TEST_CASE("to: a host that holds nothing copies nothing") {
    Var i("i");
    Param N("N");
    Input in("in", Int(12), {N});
    Func m("m", Int(20), {N}), out("out", Int(20), {N});
    m(i) = in(i) * 3;
    out(i) = m(i) + 1;
    Schedule s(out);
    s.to(m, Side::device).to(out, Side::device);
    const std::string host = vitis_host(s.module());
    INFO(host);
    const size_t asked = host.find("if (0 < N) {");
    REQUIRE(asked != host.npos);
    CHECK(host.find(".write(in)", asked) != host.npos);
    CHECK(host.find("if (0 < N) {", asked + 1) < host.find(".read(out)"));
}

TEST_CASE("to is drawn") {
    drawn("to");
}
