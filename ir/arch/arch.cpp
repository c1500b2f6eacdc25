#include "lathe/ir/arch.h"

#include "boards.h"
#include "json_reader.h"

#include "lathe/ir/text.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace lathe {

using namespace ir;

namespace {

std::string file_text(const std::string& path, Loc loc) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) fail(loc, "cannot read the board's file \"{}\"", comment_text(path));
    return text.str();
}

std::string built_in_text(const std::string& name, Loc loc) {
    for (const Board& b : ir::boards())
        if (name == b.name) return b.text;
    fail(loc, "there is no board \"{}\": there are {}, and files of boards, whose names end in .json",
         comment_text(name), fmt::join(Arch::boards(), ", "));
}

ArchResources resources_of(const JsonPart& p) {
    p.only({"dsp", "bram18", "uram", "lut", "ff"});
    return {p.at("dsp").whole(0), p.at("bram18").whole(0), p.at("uram").whole(0), p.at("lut").whole(1),
            p.at("ff").whole(1)};
}

double share_of(const JsonPart& p) {
    const double x = p.number(0, false);
    if (x > 1) p.wrong("is {}, and a share is at most 1", x);
    return x;
}

ArchShares shares_of(const JsonPart& p) {
    p.only({"dsp", "bram18", "uram", "lut", "ff"});
    return {share_of(p.at("dsp")), share_of(p.at("bram18")), share_of(p.at("uram")), share_of(p.at("lut")),
            share_of(p.at("ff"))};
}

ArchMemory memory_of(const JsonPart& p) {
    p.only({"kind", "banks", "port_bits", "bytes_per_second", "bytes"});
    ArchMemory m{p.at("kind").text(), p.at("banks").whole(1), p.at("port_bits").whole(8),
                 p.at("bytes_per_second").number(0, true), p.at("bytes").whole(1)};
    if ((m.port_bits & (m.port_bits - 1)) != 0)
        p.at("port_bits").wrong("is {}, and must be a power of two", m.port_bits);
    return m;
}

ArchBurst burst_of(const JsonPart& p) {
    p.only({"most_beats", "boundary", "least_beats", "gap_cycles"});
    return {p.at("most_beats").whole(1), p.at("boundary").whole(1), p.at("least_beats").whole(1),
            p.at("gap_cycles").whole(0)};
}

/// So that a project can be made for it: letters, digits, -, _ and . alone.
std::string part_of(const JsonPart& p) {
    const std::string part = p.text();
    const auto plain = [](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) || c == '-' || c == '_' || c == '.');
    };
    if (!std::ranges::all_of(part, plain) || part[0] == '-')
        p.wrong("is \"{}\", and a part is letters, digits, -, _ and ., such as xcu280-fsvh2892-2L-e",
                comment_text(part));
    return part;
}

constexpr const char* with_sources[] = {"part", "clock_mhz", "resources", "shares", "memories", "burst"};

} // namespace

Arch::Arch(const std::string& name, Loc loc)
    : Arch(name.ends_with(".json")
               ? parse(file_text(name, loc), fmt::format("the board's file \"{}\"", comment_text(name)), loc)
               : parse(built_in_text(name, loc), name, loc)) {}

Arch Arch::parse(const std::string& json, const std::string& where, Loc loc) {
    const Json all = parse_json(json, where, loc);
    const JsonPart p(all, where, "", loc);
    p.only({"name", "title", "part", "clock_mhz", "resources", "shares", "memories", "burst", "operators",
            "sources"});
    Arch a{Blank{}};
    a.name = p.at("name").text();
    a.title = p.at("title").text();
    a.part = part_of(p.at("part"));
    a.clock_mhz = p.at("clock_mhz").number(1, false);
    a.resources = resources_of(p.at("resources"));
    a.shares = shares_of(p.at("shares"));
    for (const JsonPart& m : p.at("memories").elements())
        a.memories.push_back(memory_of(m));
    a.burst = burst_of(p.at("burst"));
    if (p.has("operators"))
        a.operators = OperatorTable(p.at("operators").json().dump(), where + ": operators", loc);
    const JsonPart sources = p.at("sources");
    sources.only({std::begin(with_sources), std::end(with_sources)});
    for (const char* key : with_sources)
        a.sources[key] = sources.at(key).text();
    return a;
}

std::vector<std::string> Arch::boards() {
    std::vector<std::string> names;
    for (const Board& b : ir::boards())
        names.emplace_back(b.name);
    return names;
}

ArchResources Arch::limits() const {
    const auto part = [](double share, int64_t all) {
        return static_cast<int64_t>(std::floor(share * static_cast<double>(all) + 1e-6));
    };
    return {part(shares.dsp, resources.dsp), part(shares.bram18, resources.bram18),
            part(shares.uram, resources.uram), part(shares.lut, resources.lut),
            part(shares.ff, resources.ff)};
}

std::string Arch::text() const {
    const ArchResources most = limits();
    const auto row = [](const char* what, int64_t has, int64_t may) {
        return fmt::format("  {:<7} {:>9}, of which a design may use {}\n", what, has, may);
    };
    std::string s = fmt::format("{}: {}\n  part {}, {} MHz\n", name, title, part, clock_mhz);
    s += row("DSP", resources.dsp, most.dsp) + row("BRAM18", resources.bram18, most.bram18) +
         row("URAM", resources.uram, most.uram) + row("LUT", resources.lut, most.lut) +
         row("FF", resources.ff, most.ff);
    for (const ArchMemory& m : memories)
        s += fmt::format("  {}: {} of {} MiB, {} bits wide, {:.2f} GB/s each ({:.2f} at {} MHz)\n", m.kind,
                         m.banks == 1 ? "a bank" : fmt::format("{} banks", m.banks), m.bytes >> 20,
                         m.port_bits, m.bytes_per_second / 1e9, m.rate(clock_mhz) / 1e9, clock_mhz);
    for (const auto& [what, source] : sources)
        s += fmt::format("  {}: {}\n", what, source);
    return s;
}

double ArchMemory::rate(double clock_mhz) const {
    return std::min(bytes_per_second, static_cast<double>(port_bits) / 8 * clock_mhz * 1e6);
}

} // namespace lathe
