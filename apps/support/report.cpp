#include "support/report.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace support {

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

void Report::write_json(const std::string& path) const {
    const std::string part = path + ".part";
    std::ofstream file(part);
    file << nlohmann::ordered_json{{"figures", figures}, {"texts", texts}}.dump(1) << '\n';
    file.close();
    if (!file) throw std::runtime_error("cannot write " + part);
    std::filesystem::rename(part, path);
}

} // namespace support
