#include "lathe/driver/outputs.h"

#include "lathe/ir/error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <unistd.h>

namespace lathe {

namespace {

void check_writable(const OutputFile& f) {
    std::error_code unknown;
    const auto there = std::filesystem::status(f.path, unknown);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
        ir::fail({}, "{}: cannot write \"{}\": something that is no file is in its place", f.option, f.path);
    const std::string trial = f.path + ".part";
    const int file = open(trial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) ir::fail({}, "{}: cannot write \"{}\": {}", f.option, f.path, std::strerror(errno));
    close(file);
    std::filesystem::remove(trial, unknown);
}

/// One text for all ways to write a path.
std::string canonical(const std::string& path) {
    std::error_code unknown;
    const auto found = std::filesystem::weakly_canonical(std::filesystem::absolute(path, unknown), unknown);
    return unknown ? path : found.string();
}

} // namespace

void check_outputs(const std::vector<OutputFile>& files) {
    std::map<std::string, std::string> options;
    for (const OutputFile& f : files) {
        if (f.path.empty()) continue;
        if (const auto [other, added] = options.emplace(canonical(f.path), f.option); !added)
            ir::fail({}, "{} and {} name one file, \"{}\": name two", other->second, f.option, f.path);
        if (f.whole) check_writable(f);
    }
}

} // namespace lathe
