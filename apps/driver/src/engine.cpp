#include "engine.h"

#include "lathe/ir/error.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace lathe::exploring {

namespace {

std::string quoted(const std::string& text) {
    std::string all = "\"";
    for (const char c : text)
        all += c == '"' ? "\"\"" : std::string(1, c);
    return all + "\"";
}

/// A column's name: a tensor's may hold what parts columns.
std::string heading(const std::string& name) {
    return name.find_first_of(",\"") == std::string::npos ? name : quoted(name);
}

std::string csv(const Cell& c, const std::string& format) {
    if (const auto* text = std::get_if<std::string>(&c)) return quoted(*text);
    if (const auto* real = std::get_if<double>(&c)) return fmt::format(fmt::runtime(format), *real);
    return shown(c);
}

nlohmann::ordered_json json(const Cell& c) {
    return std::visit(
        [](const auto& value) -> nlohmann::ordered_json {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
                return nullptr;
            else
                return value;
        },
        c);
}

/// The measures with a goal, so that less is better.
std::vector<double> costs(const Schema& schema, const Row& row) {
    std::vector<double> all;
    for (size_t m = 0; m < schema.measures.size(); ++m)
        if (const Goal goal = schema.measures[m].goal; goal != Goal::none)
            all.push_back(goal == Goal::less ? number(row.measures[m]) : -number(row.measures[m]));
    return all;
}

bool beats(const std::vector<double>& a, const std::vector<double>& b) {
    bool better = false;
    for (size_t n = 0; n < a.size(); ++n) {
        if (a[n] > b[n]) return false;
        better |= a[n] < b[n];
    }
    return better;
}

} // namespace

double number(const Cell& c) {
    if (const auto* whole = std::get_if<int64_t>(&c)) return static_cast<double>(*whole);
    return std::get<double>(c);
}

std::string shown(const Cell& c) {
    if (const auto* whole = std::get_if<int64_t>(&c)) return std::to_string(*whole);
    if (const auto* real = std::get_if<double>(&c)) return fmt::format("{}", *real);
    if (const auto* flag = std::get_if<bool>(&c)) return *flag ? "true" : "false";
    if (const auto* text = std::get_if<std::string>(&c)) return *text;
    return "";
}

std::vector<size_t> front(const Schema& schema, const std::vector<Row>& rows) {
    std::vector<std::pair<size_t, std::vector<double>>> best;
    for (size_t r = 0; r < rows.size(); ++r) {
        std::vector<double> here = costs(schema, rows[r]);
        // What beats one that was beaten beats all that the other would have: only the best are compared.
        if (std::ranges::any_of(best, [&](const auto& b) { return beats(b.second, here); })) continue;
        std::erase_if(best, [&](const auto& b) { return beats(here, b.second); });
        best.emplace_back(r, std::move(here));
    }
    std::vector<size_t> all;
    for (const auto& b : best)
        all.push_back(b.first);
    return all;
}

std::string csv(const Schema& schema, const std::vector<Row>& rows) {
    std::string text;
    for (const std::string& c : schema.choices)
        text += (text.empty() ? "" : ",") + heading(c);
    for (const Measure& m : schema.measures)
        text += (text.empty() ? "" : ",") + m.name;
    text += "\n";
    for (const Row& row : rows) {
        std::string line;
        for (const Cell& c : row.choices)
            line += (line.empty() ? "" : ",") + csv(c, "{}");
        for (size_t m = 0; m < row.measures.size(); ++m)
            line += (line.empty() ? "" : ",") + csv(row.measures[m], schema.measures[m].format);
        text += line + "\n";
    }
    return text;
}

nlohmann::ordered_json json(const Schema& schema, const std::vector<Row>& rows) {
    auto list = nlohmann::ordered_json::array();
    for (const Row& row : rows) {
        nlohmann::ordered_json choices, candidate;
        for (size_t c = 0; c < row.choices.size(); ++c)
            choices[schema.choices[c]] = json(row.choices[c]);
        candidate[schema.choices_name] = std::move(choices);
        for (size_t m = 0; m < row.measures.size(); ++m)
            candidate[schema.measures[m].name] = json(row.measures[m]);
        list.push_back(std::move(candidate));
    }
    return list;
}

std::string fingerprint(const std::string& text) {
    uint64_t hash = 0xcbf29ce484222325; // FNV-1a
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{:016x}", hash);
}

std::string fingerprint_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) ir::fail({}, "cannot open \"{}\"", path);
    std::stringstream text;
    text << file.rdbuf();
    return fingerprint(text.str());
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Progress::measured(size_t done, size_t expected, const std::string& text) {
    ++count;
    const double at = now();
    if (silent || at - last < least) return;
    last = at;
    const double each = (at - start) / static_cast<double>(count);
    const size_t left = expected > done ? expected - done : 0;
    std::fprintf(stderr, "%zu/%zu%s; at most %.0f s left\n", done, expected, text.c_str(),
                 each * static_cast<double>(left));
}

} // namespace lathe::exploring
