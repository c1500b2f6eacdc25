// What a simulation can be told, and what it counts. C++14.
#ifndef LATHE_SIM_OPTIONS_H
#define LATHE_SIM_OPTIONS_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace lathe_sim {

constexpr size_t unbounded = std::numeric_limits<size_t>::max();

struct Options {
    uint64_t seed = 0;                    ///< LATHE_SIM_SEED: random stalls; 0: none
    std::string report;                   ///< LATHE_SIM_REPORT: the file that receives the counts, as JSON
    std::map<std::string, size_t> depths; ///< LATHE_SIM_DEPTH: name=depth,…; an element's or an array's name
    uint64_t idle = 1000000;              ///< LATHE_SIM_IDLE: questions without a token that moves
    double seconds = 0;                   ///< LATHE_SIM_SECONDS: the time that a run may take; 0: any
    size_t stack = size_t(16) << 20;      ///< LATHE_SIM_STACK: bytes for each process
};

/// A variable's text as a number. \throws std::invalid_argument.
template <class T> T number_of(const char* variable, const std::string& text) {
    size_t used = 0;
    double value = -1;
    try {
        value = std::stod(text, &used);
    } catch (const std::exception&) {
    }
    if (used != text.size() || !(value >= 0 && value < 1e18))
        throw std::invalid_argument(std::string(variable) + " must be a number, not \"" + text + "\"");
    return static_cast<T>(value);
}

/// \throws std::invalid_argument.
inline std::map<std::string, size_t> depths_of(const std::string& text) {
    std::map<std::string, size_t> depths;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string item = text.substr(begin, end - begin);
        const size_t equals = item.find('=');
        if (equals == std::string::npos)
            throw std::invalid_argument("LATHE_SIM_DEPTH must be NAME=DEPTH,…, not \"" + text + "\"");
        depths[item.substr(0, equals)] = number_of<size_t>("LATHE_SIM_DEPTH", item.substr(equals + 1));
        begin = end + 1;
    }
    return depths;
}

inline Options options_of_environment() {
    Options o;
    const auto with = [](const char* variable, const std::function<void(const std::string&)>& use) {
        if (const char* text = std::getenv(variable)) use(text);
    };
    with("LATHE_SIM_SEED", [&](const std::string& s) { o.seed = number_of<uint64_t>("LATHE_SIM_SEED", s); });
    with("LATHE_SIM_REPORT", [&](const std::string& s) { o.report = s; });
    with("LATHE_SIM_DEPTH", [&](const std::string& s) { o.depths = depths_of(s); });
    with("LATHE_SIM_IDLE", [&](const std::string& s) { o.idle = number_of<uint64_t>("LATHE_SIM_IDLE", s); });
    with("LATHE_SIM_SECONDS",
         [&](const std::string& s) { o.seconds = number_of<double>("LATHE_SIM_SECONDS", s); });
    with("LATHE_SIM_STACK", [&](const std::string& s) { o.stack = number_of<size_t>("LATHE_SIM_STACK", s); });
    return o;
}

/// A channel: those of one name and line are counted together, if a function is called again.
struct StreamReport {
    std::string name, declared;
    size_t depth, high_water;
    uint64_t tokens;
};

/// An array that is split into banks: the most accesses of one bank in one iteration.
struct ArrayReport {
    std::string name;
    size_t banks;
    unsigned reads, writes, both;
};

class Reports {
  public:
    /// By name and line.
    std::map<std::pair<std::string, std::string>, StreamReport> streams;
    std::map<std::string, ArrayReport> arrays;

    void add(const StreamReport& r) {
        auto found = streams.emplace(std::make_pair(r.name, r.declared), r);
        if (found.second) return;
        StreamReport& all = found.first->second;
        all.depth = std::max(all.depth, r.depth);
        all.high_water = std::max(all.high_water, r.high_water);
        all.tokens += r.tokens;
    }
    void add(const ArrayReport& r) {
        auto found = arrays.emplace(r.name, r);
        if (found.second) return;
        ArrayReport& all = found.first->second;
        all.banks = std::max(all.banks, r.banks);
        all.reads = std::max(all.reads, r.reads);
        all.writes = std::max(all.writes, r.writes);
        all.both = std::max(all.both, r.both);
    }

    /// As JSON. \throws std::runtime_error.
    void write(const std::string& path) const {
        std::ofstream file(path);
        file << "{\"streams\": [";
        const char* separator = "\n  ";
        for (const auto& s : streams) {
            const StreamReport& r = s.second;
            file << separator << "{\"name\": " << quoted(r.name) << ", \"declared\": " << quoted(r.declared)
                 << ", \"depth\": ";
            if (r.depth == unbounded)
                file << "null";
            else
                file << r.depth;
            file << ", \"high_water\": " << r.high_water << ", \"tokens\": " << r.tokens << "}";
            separator = ",\n  ";
        }
        file << "],\n \"arrays\": [";
        separator = "\n  ";
        for (const auto& a : arrays) {
            const ArrayReport& r = a.second;
            file << separator << "{\"name\": " << quoted(r.name) << ", \"banks\": " << r.banks
                 << ", \"reads\": " << r.reads << ", \"writes\": " << r.writes << ", \"both\": " << r.both
                 << "}";
            separator = ",\n  ";
        }
        file << "]}\n";
        if (!file.flush()) throw std::runtime_error("LATHE_SIM_REPORT: cannot write \"" + path + "\"");
    }

  private:
    static std::string quoted(const std::string& text) {
        std::string result = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') result += '\\';
            result += c;
        }
        return result + '"';
    }
};

} // namespace lathe_sim

#endif
