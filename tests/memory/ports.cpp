// How often a pipelined iteration of emitted C++ accesses each bank: counted by the simulator's arrays.

#include "compile_shared.h"
#include "programs.h"
#include "vitis_compiled.h"

#include "lathe/hls/emit.h"

#include <doctest/doctest.h>
#include <regex>

using namespace lathe;

namespace {

/// The kernel with arrays that count: its arguments have so many elements.
std::string counting(std::string source, const std::map<std::string, int64_t>& arguments) {
    source = std::regex_replace(source, std::regex("#include \"[^\"]*\"\n"), "");
    source = std::regex_replace(source, std::regex("#pragma HLS interface[^\n]*\n"), "");
    for (const auto& [name, size] : arguments)
        source = std::regex_replace(source, std::regex("(const )?float\\* " + name + "\\b"),
                                    fmt::format("LATHE_ARRAY_ARGUMENT(float, {}, [{}])", name, size));
    source = std::regex_replace(source, std::regex("\n *float (\\w+)((\\[\\d+\\])+);"),
                                "\nLATHE_ARRAY(float, $1, $2)");
    source = std::regex_replace(
        source, std::regex("#pragma HLS array_partition variable=(\\w+) type=complete dim=(\\d+)\n"),
        "LATHE_PARTITION($1, complete($2))\n");
    return std::regex_replace(source, std::regex("#pragma HLS pipeline[^\n]*\n"), "LATHE_ITERATION\n");
}

} // namespace

TEST_CASE("a Gaussian with a line buffer and a window reads and writes one pixel an iteration") {
    constexpr int64_t height = 10, width = 14;
    Var y("y"), x("x");
    Input in("in", Float(32), {height + 2, width + 2});
    Func out("out", Float(32), {height, width});
    Expr sum;
    for (const int r : {0, 1, 2})
        for (const int c : {0, 1, 2}) {
            const Expr tap =
                in(y + r, x + c) * static_cast<float>((2 - std::abs(r - 1)) * (2 - std::abs(c - 1)));
            sum = sum.defined() ? sum + tap : tap;
        }
    out(y, x) = sum;
    Schedule s(out);
    s.reuse_at(s.reuse_at(in, out, y), out, x);
    s[out].pipeline(x);
    const std::string kernel =
        counting(vitis_source(s.module()), {{"in", (height + 2) * (width + 2)}, {"out", height * width}});
    const std::string program =
        fmt::format(R"(#define LATHE_SIM_PORTS
#include <cmath>
#include <cstdint>
#include <cstring>
#include "lathe_hls.h"
#include "hls_stream.h"
#include "lathe_marks.h"
{}
extern "C" void run(char* text) {{
    {{
        LATHE_ARRAY(float, in, [{}])
        LATHE_ARRAY(float, out, [{}])
        for (int i = 0; i < {}; ++i) in[i] = i % 11;
        out_kernel(in, out);
    }}
    std::string all;
    for (const auto& named : lathe_sim::reports().arrays) {{
        const lathe_sim::ArrayReport& r = named.second;
        all += r.name + " " + std::to_string(r.banks) + ": " + std::to_string(r.reads) + " " + std::to_string(r.writes) + " " + std::to_string(r.both) + "\n";
    }}
    std::strcpy(text, all.c_str());
}}
)",
                    kernel, (height + 2) * (width + 2), height * width, (height + 2) * (width + 2));
    const std::string flags = fmt::format("-std=c++14 -O1 -DAP_INT_MAX_W=4096 -I '{}' -isystem '{}'",
                                          LATHE_SIM_HEADERS, vitis_headers());
    const auto object = compile_shared(vitis_compilers()[0], flags, "ports", program);
    char text[1000] = {};
    reinterpret_cast<void (*)(char*)>(load_symbol(object, "run"))(text);
    CHECK(std::string(text) == "in 1: 1 0 1\n"
                               "in_y 3: 1 1 2\n"
                               "in_y_x 9: 1 1 2\n"
                               "out 1: 0 1 1\n");
}
