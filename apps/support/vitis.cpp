#include "support/vitis.h"

#include <cstdio>
#include <filesystem>

namespace support {

namespace {

/// What the command prints. \throws lathe::Error with it when the command fails.
std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (!pipe) lathe::ir::fail({}, "cannot run {}", command);
    char part[4096];
    while (const size_t n = fread(part, 1, sizeof part, pipe))
        text.append(part, n);
    if (pclose(pipe) != 0) lathe::ir::fail({}, "{} failed:\n{}", command, text);
    return text;
}

std::string quoted(const std::string& path) {
    std::string s = "'";
    for (char c : path)
        s += c == '\'' ? "'\\''" : std::string(1, c);
    return s + "'";
}

} // namespace

std::string run_vitis(const lathe::Module& kernel, const std::string& folder,
                      const lathe::VitisOptions& options) {
    lathe::export_vitis(kernel, folder, options);
    const std::string name = options.top.empty() ? kernel.top().name : options.top;
    output_of(fmt::format("cd {} && {} -std=c++17 -O1 -w -ffp-contract=off -I. -Isim -isystem {} {}.cpp "
                          "testbench.cpp -o testbench",
                          quoted(folder), SUPPORT_CXX, quoted(SUPPORT_AP_TYPES), name));
    return output_of(fmt::format("cd {} && ./testbench", quoted(folder)));
}

} // namespace support
