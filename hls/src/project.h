#pragma once
/// \file What projects of one kernel, and of host and device, have in common.

#include "kernel.h"
#include "lathe/ir/buffer.h"

#include <filesystem>

namespace lathe::hls {

/// What one run of the program reads and writes.
struct Run {
    std::vector<AnyBuffer> before, after; ///< one for each argument
    std::map<std::string, Value> parameters;
};

/// The interpreter's, on the data that the options name.
Run make_run(const Module& module, const VitisOptions& options);

/// What a test bench has beside data and comparison.
struct Bench {
    std::string header;    ///< that declares the function
    std::string before;    ///< lines in front of the call
    std::string arguments; ///< in front of those of the Function
    std::string after;     ///< lines behind it
};
std::string testbench(const Function& f, const Kernel& k, const Run& run, const Bench& bench);

/// \param headers, sources what the test bench is made of; `standard`, `folders`: flags; `head`, `more`: text
/// at the top, and more targets.
std::string makefile(const std::string& head, const std::string& headers, const std::string& sources,
                     const std::string& standard, const std::string& folders, const std::string& more);

using Files = std::vector<std::pair<std::filesystem::path, std::string>>;
void add_data(Files& files, const Function& f, const Kernel& kernel, const Run& run);
/// All of them or none; `parts`: the folders that they lie in.
std::vector<std::filesystem::path> write_project(const std::filesystem::path& folder,
                                                 const std::vector<const char*>& parts, const Files& files);
/// The line of a connectivity file that puts an argument of a kernel into a bank.
std::string connection(const MemorySpace& bank, const std::string& kernel, const std::string& argument);

/// The project of a program of host and device.
std::vector<std::filesystem::path> export_program(const Module& module, const std::filesystem::path& folder,
                                                  const VitisOptions& options);

} // namespace lathe::hls
