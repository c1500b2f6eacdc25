/// \file A report as text and as JSON.

#include "lathe/ir/cycles.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lathe {

using namespace ir;
using Json = nlohmann::ordered_json;

namespace {

template <class T> const T& named(const std::vector<T>& all, const std::string& name, const char* what) {
    const auto found = std::ranges::find(all, name, &T::name);
    if (found == all.end()) fail({}, "the report has no {} {}", what, name);
    return *found;
}

/// Columns as wide as their widest cell; the first one to the left, the others to the right.
std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<size_t> width;
    for (const auto& row : rows)
        for (size_t c = 0; c < row.size(); ++c) {
            if (c == width.size()) width.push_back(0);
            width[c] = std::max(width[c], row[c].size());
        }
    std::string text;
    for (const auto& row : rows) {
        text += fmt::format("  {:<{}}", row[0], width[0]);
        for (size_t c = 1; c < row.size(); ++c)
            text += fmt::format("  {:>{}}", row[c], width[c]);
        text += '\n';
    }
    return text;
}

std::string depth_text(int64_t depth) {
    return depth == 0 ? "none" : std::to_string(depth);
}

} // namespace

const ProcessCycles& CycleReport::process(const std::string& name) const {
    return named(processes, name, "process");
}

const FifoCycles& CycleReport::fifo(const std::string& name) const {
    return named(fifos, name, "FIFO");
}

std::string CycleDeadlock::str() const {
    std::string text = fmt::format("from cycle {} on all processes wait for each other:", cycle);
    for (const Wait& w : waits)
        text += fmt::format("\n  {} waits to {} {}, which holds {}{}", w.process, w.reads ? "read" : "write",
                            w.fifo, w.fill, w.depth > 0 ? fmt::format(" of {}", w.depth) : "");
    return text;
}

std::string CycleReport::text() const {
    std::string text = deadlock ? deadlock->str() + "\n" : fmt::format("{} cycles (estimated)\n", cycles);
    std::vector<std::vector<std::string>> rows{
        {"process", "iterations", "busy", "waits for tokens", "waits for room", "first", "last"}};
    for (const ProcessCycles& p : processes) {
        if (p.iterations == 0 && p.empty_stalls + p.full_stalls == 0) continue;
        rows.push_back({p.name, std::to_string(p.iterations), std::to_string(p.busy),
                        std::to_string(p.empty_stalls), std::to_string(p.full_stalls),
                        p.first < 0 ? "-" : std::to_string(p.first),
                        p.last < 0 ? "-" : std::to_string(p.last)});
    }
    text += table(rows);
    rows = {{"FIFO", "depth", "tokens", "fullest", "writer waits", "reader waits"}};
    for (const FifoCycles& f : fifos)
        rows.push_back({f.name, depth_text(f.depth), std::to_string(f.tokens), std::to_string(f.fullest),
                        std::to_string(f.writer_waits), std::to_string(f.reader_waits)});
    if (rows.size() > 1) text += table(rows);
    rows = {{"memory", "elements", "bytes read", "bytes written", "most reads", "most writes"}};
    for (const MemoryCycles& m : memory)
        rows.push_back({m.name, std::to_string(m.elements), std::to_string(m.bytes_read),
                        std::to_string(m.bytes_written), std::to_string(m.most_reads),
                        std::to_string(m.most_writes)});
    if (rows.size() > 1) text += table(rows);
    return text;
}

std::string CycleReport::json() const {
    Json j{{"estimated", true}, {"cycles", cycles}};
    j["processes"] = Json::array();
    for (const ProcessCycles& p : processes) {
        Json x{{"name", p.name},
               {"function", p.function},
               {"iterations", p.iterations},
               {"busy", p.busy},
               {"empty_stalls", p.empty_stalls},
               {"full_stalls", p.full_stalls},
               {"first", p.first},
               {"last", p.last}};
        for (const ProcessCycles::Span& s : p.waves)
            x["waves"].push_back({static_cast<int>(s.state), s.begin, s.end});
        j["processes"].push_back(x);
    }
    j["fifos"] = Json::array();
    for (const FifoCycles& f : fifos) {
        Json x{{"name", f.name},
               {"writer", f.writer},
               {"reader", f.reader},
               {"depth", f.depth},
               {"tokens", f.tokens},
               {"fullest", f.fullest},
               {"writer_waits", f.writer_waits},
               {"reader_waits", f.reader_waits}};
        for (const FifoCycles::Level& l : f.waves)
            x["waves"].push_back({l.cycle, l.fill});
        j["fifos"].push_back(x);
    }
    j["memory"] = Json::array();
    for (const MemoryCycles& m : memory)
        j["memory"].push_back({{"name", m.name},
                               {"elements", m.elements},
                               {"reads", m.reads},
                               {"writes", m.writes},
                               {"bytes_read", m.bytes_read},
                               {"bytes_written", m.bytes_written},
                               {"most_reads", m.most_reads},
                               {"most_writes", m.most_writes}});
    j["busy"] = Json::object();
    for (const auto& [kind, steps] : busy)
        for (const BusyCycles& b : steps)
            j["busy"][kind].push_back({b.cycle, b.busy});
    if (deadlock) {
        Json waits = Json::array();
        for (const CycleDeadlock::Wait& w : deadlock->waits)
            waits.push_back({{"process", w.process},
                             {"fifo", w.fifo},
                             {"reads", w.reads},
                             {"fill", w.fill},
                             {"depth", w.depth}});
        j["deadlock"] = {{"cycle", deadlock->cycle}, {"waits", waits}};
    }
    return j.dump(2) + "\n";
}

} // namespace lathe
