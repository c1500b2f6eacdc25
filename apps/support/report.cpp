#include "support/report.h"

#include "lathe/ir/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>
#include <utility>

namespace support {

void check_writable(const std::string& path) {
    const auto there = std::filesystem::status(path);
    if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there))
        throw std::runtime_error("cannot write \"" + path + "\": something that is no file is in its place");
    const std::string trial = path + ".part";
    const int file = open(trial.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) throw std::runtime_error("cannot write \"" + path + "\": " + std::strerror(errno));
    close(file);
    std::filesystem::remove(trial);
}

Report::Report(std::string json) : path(std::move(json)) {
    if (!path.empty()) check_writable(path);
}

void Report::figure(const std::string& name, double value, const std::string& unit) {
    std::printf("%-46s %12.5g %s\n", name.c_str(), value, unit.c_str());
    std::fflush(stdout);
    figures.push_back({{"name", name}, {"value", value}, {"unit", unit}});
}

void Report::text(const std::string& name, const std::string& value) {
    std::printf("%-46s %s\n", name.c_str(), value.c_str());
    std::fflush(stdout);
    texts[name] = value;
}

void Report::write_json() const {
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
        throw std::runtime_error("cannot write to standard output");
    if (path.empty()) return;
    lathe::ir::write_file(path,
                          nlohmann::ordered_json{{"figures", figures}, {"texts", texts}}.dump(1) + "\n");
}

} // namespace support
