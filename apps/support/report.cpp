#include "support/report.h"

#include "lathe/driver/outputs.h"
#include "lathe/ir/files.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace support {

Report::Report(std::string json) : path(std::move(json)) {
    lathe::check_outputs({{"--json", path}});
}

void Report::figure(const std::string& name, double value, const std::string& unit) {
    std::printf("%-46s %12.5g %s\n", name.c_str(), value, unit.c_str());
    std::fflush(stdout);
    figures.push_back({name, value, unit});
}

void Report::text(const std::string& name, const std::string& value) {
    std::printf("%-46s %s\n", name.c_str(), value.c_str());
    std::fflush(stdout);
    texts.emplace_back(name, value);
}

void Report::write_json() const {
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
        throw std::runtime_error("cannot write to standard output");
    if (path.empty()) return;
    nlohmann::ordered_json all{{"figures", nlohmann::ordered_json::array()},
                               {"texts", nlohmann::ordered_json::object()}};
    for (const Figure& f : figures)
        all["figures"].push_back({{"name", f.name}, {"value", f.value}, {"unit", f.unit}});
    for (const auto& [name, value] : texts)
        all["texts"][name] = value;
    lathe::ir::write_file(path, all.dump(1) + "\n");
}

} // namespace support
