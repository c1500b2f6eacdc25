/// \file Estimates of stencils on a board.

#include "macro_search.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lathe {

using namespace ir;
using namespace exploring;

namespace {

/// "dsp=0.7".
void set_share(ArchShares& shares, const std::string& limit) {
    const std::map<std::string, double ArchShares::*> all = {{"dsp", &ArchShares::dsp},
                                                             {"bram18", &ArchShares::bram18},
                                                             {"uram", &ArchShares::uram},
                                                             {"lut", &ArchShares::lut},
                                                             {"ff", &ArchShares::ff}};
    const size_t equals = std::min(limit.find('='), limit.size());
    const auto share = all.find(limit.substr(0, equals));
    double part = 0;
    const char* end = limit.data() + limit.size();
    const auto read = std::from_chars(limit.data() + std::min(equals + 1, limit.size()), end, part);
    if (share == all.end() || read.ec != std::errc() || read.ptr != end || !(part >= 0 && part <= 1))
        fail({},
             "--limit is \"{}\": write a share from 0 to 1 of dsp, bram18, uram, lut or ff, such as dsp=0.7",
             limit);
    shares.*(share->second) = part;
}

/// A file of a board may change while its name stays.
std::string file_of(const std::string& arch) {
    std::ifstream in(arch, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

Estimates estimates_of(const StencilEstimate& e) {
    constexpr double giga = 1e9;
    return {{"cycles", e.cycles},
            {"seconds", e.seconds},
            {"gpoints", e.gpoints},
            {"gops", e.gops},
            {"gops_taps_as_adds", e.gops_taps_as_adds},
            {"dsp", e.dsp},
            {"bram18", e.bram18},
            {"uram", e.uram},
            {"lut", e.lut},
            {"ff", e.ff},
            {"bytes_per_point", e.bytes_per_point},
            {"bandwidth", e.bandwidth / giga},
            {"bandwidth_roof", e.bandwidth_roof / giga},
            {"fifo_bits", e.fifo_bits},
            {"processes", e.processes},
            {"clock_mhz", e.clock_mhz},
            {"binding", e.binding},
            {"fits", e.fits}};
}

} // namespace

MacroModel board_model(const std::string& name, const std::vector<std::string>& limits, int64_t banks) {
    Arch arch(name, {});
    for (const std::string& l : limits)
        set_share(arch.shares, l);
    const int64_t port_bits = arch.memories.empty() ? 512 : arch.memories.front().port_bits;
    MacroModel model;
    model.port_bits = port_bits;
    model.dsp = static_cast<double>(arch.limits().dsp);
    model.setup = fmt::format(
        "{} ({}), shares dsp={} bram18={} uram={} lut={} ff={}, banks {}", name,
        exploring::fingerprint(arch.text() + (name.ends_with(".json") ? file_of(name) : "")), arch.shares.dsp,
        arch.shares.bram18, arch.shares.uram, arch.shares.lut, arch.shares.ff, banks);
    model.make_options = {"--arch", name};
    model.estimate = [arch, port_bits, banks](const Schedule& s, const StageRef& out) -> EstimateDesign {
        return [arch, port_bits, banks, of = StencilModel(s, out)](const StencilOptions& options) {
            return estimates_of(of(options, arch, {banks, banks, port_bits}));
        };
    };
    return model;
}

} // namespace lathe
