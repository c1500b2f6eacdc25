// Whole projects: written, compiled by each compiler as a user would, and run.

#include "compile_shared.h"
#include "dataflow_programs.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
#include "programs.h"
#include "project_folder.h"
#include "vitis_compiled.h"

#include <fstream>

using namespace lathe;
using namespace lathe::ir;
namespace fs = std::filesystem;

namespace {

std::pair<int, std::string> build(const fs::path& folder, const std::string& top,
                                  const std::string& compiler) {
    return run_in(folder, fmt::format("{} -std=c++14 -O0 -Wall -Wextra -Werror -Wno-unknown-pragmas "
                                      "-Wno-unused-label -isystem {} {}.cpp testbench.cpp -o testbench",
                                      compiler, vitis_headers(), top));
}

/// A stencil on fixed point with a scalar parameter, whose size a shape gives.
struct Scaled {
    Param N{"N"}, gain{"gain", Fixed(12, 8)};
    Input in{"in", Fixed(18, 9, Round::rnd, Overflow::sat), {N}};
    Var i{"i"};
    Func out{"out", Fixed(16, 6), {Operand(N - 2)}};
    Scaled() { out(i) = gain * (in(i) + in(i + 1) + in(i + 2)); }
};

} // namespace

TEST_CASE("hls: an exported project compiles without warnings and its test bench passes") {
    Gemm g(Fixed(14, 9), Fixed(32, 18));
    Schedule s(g.C);
    s[g.C].pipeline(g.k, 2);
    const VitisOptions options{
        .top = "gemm", .scalars = {{"M", Value::index(4)}, {"N", Value::index(6)}, {"K", Value::index(5)}}};
    const Folder folder;
    const auto files = export_vitis(s, folder.path, options);
    for (const fs::path& f : files)
        CHECK(fs::exists(f));
    CHECK(files.size() == 8 + 3);
    for (const std::string& compiler : vitis_compilers()) {
        CAPTURE(compiler);
        const auto built = build(folder.path, "gemm", compiler);
        REQUIRE_MESSAGE(built.first == 0, built.second);
        const auto [status, text] = run_in(folder.path, "./testbench");
        CHECK(status == 0);
        CHECK(text == "gemm: all outputs are as expected\n");
    }
    // A wrong expectation is found, named and makes the test bench fail.
    std::string expected = read_file(folder.path / "data/C.expected.txt");
    expected[9 * 7 + 3] = expected[9 * 7 + 3] == '0' ? '1' : '0';
    std::ofstream(folder.path / "data/C.expected.txt") << expected;
    const auto [status, text] = run_in(folder.path, "./testbench");
    CHECK(status != 0);
    CHECK(text.find("C: element 7 is 0x") == 0);
    // So is data that is cut off, too long, no number, or not there.
    const std::string whole = read_file(folder.path / "data/A.txt");
    const auto with = [&](const std::string& data, const std::string& command = "./testbench") {
        std::ofstream(folder.path / "data/A.txt") << data;
        return run_in(folder.path, command).second;
    };
    CHECK(with("0001\n") == "gemm: data/A.txt: element 1 is missing\n");
    CHECK(with(whole + "0001\n") == "gemm: data/A.txt: there are more than 20 elements\n");
    for (const char* line : {"12x4", "001", "00001", "4000", "-001", ""})
        CHECK(with(std::string(line) + "\n" + whole) ==
              "gemm: data/A.txt: line 1 does not hold 14 bits in 4 hexadecimal digits\n");
    CHECK(with(whole, "./testbench /nowhere") ==
          "gemm: /nowhere/A.txt cannot be read: run the test bench in the project's folder, or name its "
          "folder data\n");
}

TEST_CASE("hls: a project takes the user's data and scalars") {
    Scaled p;
    AnyBuffer in(p.in.type(), {7});
    for (int64_t i = 0; i < 7; ++i)
        in.set({i}, Value::from_double(Float(64), 0.75 * static_cast<double>(i) - 2));
    const Folder folder;
    export_vitis(
        Schedule(p.out), folder.path,
        {.top = "scaled", .scalars = {{"gain", Value::from_double(Float(64), 1.5)}}, .inputs = {in}});
    const auto built = build(folder.path, "scaled", vitis_compilers()[0]);
    REQUIRE_MESSAGE(built.first == 0, built.second);
    CHECK(run_in(folder.path, "./testbench").second == "scaled: all outputs are as expected\n");
    CHECK(read_file(folder.path / "data/out.expected.txt").substr(0, 5) ==
          "fe98\n"); // 1.5·(−2 − 1.25 − 0.5)·2^6
}

TEST_CASE("hls: a project of tensors that begin elsewhere") {
    Param x0("x0"), N("N");
    Input in("in", Int(8), {Range(x0, N)});
    Var i("i");
    Func out("out", Int(8), {Range(x0 + 1, N - 2)});
    out(i) = (in(i - 1) + in(i + 1)) / 2;
    AnyBuffer given(Int(8), {9});
    given.set_min({5});
    for (int64_t n = 5; n < 14; ++n)
        given.set({n}, Value::from_raw(Int(8), static_cast<int>(n * 7 % 50)));
    const std::map<std::string, Value> sizes = {{"x0", Value::index(3)}, {"N", Value::index(12)}};
    for (const VitisOptions& options :
         {VitisOptions{.top = "tile", .inputs = {given}}, VitisOptions{.top = "tile", .scalars = sizes}}) {
        const Folder folder;
        export_vitis(Schedule(out), folder.path, options);
        const auto built = build(folder.path, "tile", vitis_compilers()[0]);
        REQUIRE_MESSAGE(built.first == 0, built.second);
        CHECK(run_in(folder.path, "./testbench").second == "tile: all outputs are as expected\n");
    }
}

TEST_CASE("hls: an output of halves that is written in part") {
    Input x("x", Float(16), {6});
    Output y("y", Float(16), {6});
    Var i("i");
    const Kernel k("part", {x, y}, [&](KernelBody& k) { k.for_(i, 0, 6, 2, [&] { y(i) = x(i); }); });
    const Folder folder;
    export_vitis(Schedule(k), folder.path, {.top = "part"});
    const auto built = build(folder.path, "part", vitis_compilers()[0]);
    REQUIRE_MESSAGE(built.first == 0, built.second);
    CHECK(run_in(folder.path, "MALLOC_PERTURB_=85 ./testbench").second ==
          "part: all outputs are as expected\n");
}

TEST_CASE("hls: an assertion that fails ends the simulation with its message") {
    Param N("N");
    Var i("i");
    Input in("in", Int(8), {N});
    Func out("out", Int(8), {N});
    out(i) = in(clamp(cast(Int(20), in(i)), 0, N - 1));
    Module m = build({out}).module;
    m.top().body = Block::make(
        {Assert::make(Binary::make(BinaryOp::gt, index(3), index(4)), "three \"is\" more"), m.top().body});
    VitisKernels kernels;
    kernels.add(m);
    kernels.compile();
    AnyBuffer a(Int(8), {4}), b(Int(8), {4});
    CHECK(kernels.run(0, {&a, &b}, {}) == "three \"is\" more");
}

TEST_CASE("hls: the same module gives the same text") {
    Blur b;
    Schedule s(b.out);
    s.bind(b.H, 8).bind(b.W, 16);
    CHECK(vitis_source(s) == vitis_source(s));
    Blur other;
    Schedule t(other.out);
    t.bind(other.H, 8).bind(other.W, 16);
    CHECK(vitis_source(s) == vitis_source(t));
}

TEST_CASE("hls: a project with streams is written with what simulates them, and make runs it") {
    const Folder folder;
    export_vitis(lathe::build(golden_dataflow_programs()[0].kernel).module, folder.path);
    CHECK(fs::exists(folder.path / "lathe_marks.h"));
    CHECK(!fs::exists(folder.path / "hls_stream.h")); // Vitis finds its own
    CHECK(fs::exists(folder.path / "sim" / "hls_stream.h"));
    const auto [status, text] = run_in(folder.path, "make AP_TYPES='" + vitis_headers() + "'");
    CAPTURE(text);
    CHECK(status == 0);
    CHECK(text.find("chain: all outputs are as expected") != std::string::npos);
}

TEST_CASE("hls: arguments in banks beside the FPGA are told to the linker") {
    const Folder folder;
    Var i("i");
    Input in("in", Int(16), {8}), other("other", Int(16), {8});
    Func out("out", Int(16), {8});
    out(i) = in(i) + other(i);
    Schedule s(out);
    export_vitis(s, folder.path / "plain");
    CHECK(!fs::exists(folder.path / "plain" / "link.cfg"));
    s.store_in(in, MemorySpace::hbm(12)).store_in(out, MemorySpace::ddr(1));
    export_vitis(s, folder.path / "banks", {.top = "sum"});
    CHECK(read_file(folder.path / "banks" / "link.cfg") ==
          "# v++ -l --config link.cfg, with the kernel sum\n\n[connectivity]\nsp=sum_1.in:HBM[12]\n"
          "sp=sum_1.out:DDR[1]\n");
    CHECK(same_result(s.reference(), s.module(), {}));
}
