// to: stages on the host and on the device, and the copies between the two.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
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

std::vector<CopyUse> copies_of(const Module& m) {
    std::vector<CopyUse> used;
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, 1);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : buffers)
        arguments.push_back(&b);
    InterpretOptions options;
    options.copies = &used;
    interpret(m, arguments, {}, options);
    return used;
}

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

void out_host(const xrt::device& device, const xrt::uuid& xclbin,
    const ap_int<16>* a,
    const ap_int<16>* w,
    ap_int<32>* out) {
    xrt::kernel c_device_kernel(device, xclbin, "c_device");
    xrt::bo w_device(device, sizeof(ap_int<16>) * (3), c_device_kernel.group_id(0));
    ap_int<16> b[40];
    xrt::bo b_device(device, sizeof(ap_int<16>) * (40), c_device_kernel.group_id(1));
    ap_int<16> d[38];
    xrt::bo d_device(device, sizeof(ap_int<16>) * (38), c_device_kernel.group_id(2));
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
