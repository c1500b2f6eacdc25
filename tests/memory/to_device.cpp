// What stands in for XRT: it copies, counts and refuses as the device would.

#include "compile_shared.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>

namespace {

const char* program = R"(
#include "xrt/xrt_bo.h"
#include "xrt/xrt_device.h"
#include "xrt/xrt_kernel.h"

void twice(const int* x, int* y, int n) {
    for (int i = 0; i < n; ++i)
        y[i] = 2 * x[i];
}

const std::map<std::string, lathe_sim::Kernel>& lathe_sim::kernels() {
    static const std::map<std::string, Kernel> all{{"twice", lathe_sim::kernel(twice)}};
    return all;
}

static std::string said(const std::function<void()>& call) {
    try {
        call();
        return "nothing";
    } catch (const std::exception& e) {
        return e.what();
    }
}

extern "C" void run(std::string* text) {
    xrt::device device(0);
    const xrt::uuid id = device.load_xclbin("none.xclbin");
    xrt::kernel twice(device, id, "twice");
    xrt::bo x(device, 16, twice.group_id(0)), y(device, 16, twice.group_id(1));
    int in[4] = {1, 2, 3, 4}, out[4] = {};
    x.write(in);
    twice(x, y, 4).wait();
    y.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    y.read(out);
    *text += out[0] == 2 ? "copied without a copy\n" : "";
    x.sync(XCL_BO_SYNC_BO_TO_DEVICE);
    twice(x, y, 4).wait();
    y.read(out);
    *text += out[3] == 8 ? "came back without a copy\n" : "";
    y.sync(XCL_BO_SYNC_BO_FROM_DEVICE);
    y.read(out);
    *text += std::to_string(out[0]) + std::to_string(out[3]) + "\n";
    y.sync(XCL_BO_SYNC_BO_FROM_DEVICE, 8, 4);
    *text += said([&] { xrt::kernel(device, id, "thrice"); }) + "\n";
    *text += said([&] { twice(x, y); }) + "\n";
    *text += said([&] { twice(x, 4, y); }) + "\n";
    *text += said([&] { twice(x, y, y); }) + "\n";
    *text += said([&] { twice(x, y, 4.0); }) + "\n";
    *text += said([&] { x.write(in, 12, 8); }) + "\n";
    *text += said([&] { x.read(out, 1, 17); }) + "\n";
    *text += said([&] { x.sync(XCL_BO_SYNC_BO_TO_DEVICE, 17, 0); }) + "\n";
    *text += said([&] { xrt::bo(device, 0, 0); }) + "\n";
    const lathe_sim::DeviceUse& use = device.lathe_use();
    *text += std::to_string(use.to_device) + " " + std::to_string(use.bytes_to_device) + " " +
             std::to_string(use.to_host) + " " + std::to_string(use.bytes_to_host);
}
)";

} // namespace

TEST_CASE("the stand-in for XRT keeps memories apart, counts copies and refuses wrong calls") {
    const std::filesystem::path headers = LATHE_SIM_HEADERS;
    const auto object =
        compile_shared("c++", fmt::format("-std=c++17 -O0 -Wall -Wextra -Werror -I{}", headers.string()),
                       read_file(headers / "lathe_xrt.h"), program);
    std::string text;
    reinterpret_cast<void (*)(std::string*)>(load_symbol(object, "run"))(&text);
    CHECK(text == "28\n"
                  "there is no kernel thrice\n"
                  "a kernel takes 3 arguments, and is given 2\n"
                  "argument 1 of a kernel is an array, and is given a scalar\n"
                  "argument 2 of a kernel is a scalar, and is given an array\n"
                  "argument 2 of a kernel is a scalar of another size\n"
                  "a buffer of 16 bytes is accessed past its end\n"
                  "a buffer of 16 bytes is accessed past its end\n"
                  "a buffer of 16 bytes is accessed past its end\n"
                  "a buffer has no bytes\n"
                  "1 16 3 40");
}
