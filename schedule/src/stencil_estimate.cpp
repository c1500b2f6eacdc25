/// \file An estimate of the call stencil: it plans the network, and does not make it.

#include "../macro/stencil_kernel.h"
#include "../macro/stencil_model.h"
#include "../primitive/stencil.h"
#include "edit.h"

#include "lathe/ir/simplify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

void check(const StencilMemory& m, Loc loc) {
    constexpr int64_t most_banks = 1024;
    for (const int64_t banks : {m.banks_per_input, m.banks_per_output})
        if (banks < 1 || banks > most_banks)
            fail(loc, "an array lies in {} banks: there are at least 1 and at most {}", banks, most_banks);
    if (m.word_bits < 8 || (m.word_bits & (m.word_bits - 1)) != 0)
        fail(loc, "words of {} bits are read from no memory: a power of two of at least 8 is", m.word_bits);
}

/// So many steps in time, of two: those between the first one and the last one are alike. Reading takes long,
/// and steps need not be read one by one.
stencil::Stencil with_steps(stencil::Stencil two, int64_t steps) {
    std::vector<stencil::Flow>& all = two.flows;
    const auto inputs =
        static_cast<size_t>(std::ranges::count_if(all, [](auto& f) { return !f.is_stage(); }));
    const size_t stages = (all.size() - inputs) / 2;
    const std::vector<stencil::Flow> last(all.begin() + static_cast<std::ptrdiff_t>(inputs + stages),
                                          all.end());
    all.resize(inputs + stages);
    for (int64_t step = 2; step <= steps; ++step)
        for (size_t n = 0; n < stages; ++n) {
            stencil::Flow f = last[n];
            f.stored = step == steps ? f.stored : all[inputs + n].stored;
            for (auto* windows : {&f.windows, &f.own})
                for (stencil::Window& w : *windows)
                    if (w.of >= inputs) w.of += stages * static_cast<size_t>(step - 2);
            all.push_back(std::move(f));
        }
    return two;
}

/// Stages as a step finds them.
struct Read {
    State state;
    stencil::Stencil stencil;
};

Read read(State state, const StageRef& out, int64_t steps, bool in_place) {
    if (steps > 1) state.repeat(out.func, steps, out.loc);
    Step step = stencil_step(out.func, {.iterate = steps, .in_place = in_place}, out.loc);
    Edit e(state, step);
    if (state.is_kernel(out.func)) stencil::open_calls(e);
    stencil::Stencil s = stencil::read_stencil(e, in_place);
    for (stencil::Flow& f : s.flows)
        if (f.is_stage()) f.value = simplify(f.value);
    return {std::move(state), std::move(s)};
}

} // namespace

struct StencilModel::Reads {
    std::mutex lock;
    std::map<std::pair<int64_t, bool>, std::shared_ptr<const Read>> known; ///< of one step in time, or two

    std::shared_ptr<const Read> of(const State& state, const StageRef& out, const StencilOptions& o) {
        const std::lock_guard<std::mutex> alone(lock);
        const int64_t steps = std::min<int64_t>(o.iterate, 2);
        std::shared_ptr<const Read>& one = known[{steps, o.in_place}];
        if (!one) one = std::make_shared<const Read>(read(state, out, steps, o.in_place));
        return one;
    }
};

StencilModel::StencilModel(const Schedule& s, const StageRef& out)
    : schedule(s), func(out), reads(std::make_shared<Reads>()) {}

StencilEstimate StencilModel::operator()(const StencilOptions& options, const Arch& arch,
                                         const StencilMemory& memory) const {
    check(memory, func.loc);
    const auto call = [&] { Schedule(schedule).stencil(func, options, func.loc); };
    // What the call checks beside the network itself is asked of the call.
    if (schedule.module().functions.size() > 1 || options.border.edge()) call();
    try {
        Step step = stencil_step(func.func, options, func.loc);
        const StencilOptions o = stencil_options(step);
        const auto found = reads->of(*schedule.state, func, o);
        State state = found->state;
        const Edit e(state, step);
        stencil::Stencil s = found->stencil;
        if (o.iterate > 2) s = with_steps(std::move(s), o.iterate);
        const stencil::Design d = stencil::design(e, std::move(s), o);
        return stencil::estimate(d, state.module.top().constants, arch, memory);
    } catch (const Error&) {
        call();
        throw;
    }
}

StencilEstimate estimate_stencil(const Schedule& s, const StageRef& out, const StencilOptions& options,
                                 const Arch& arch, const StencilMemory& memory) {
    return StencilModel(s, out)(options, arch, memory);
}

std::string StencilEstimate::text() const {
    std::string t = fmt::format(
        "estimated, not synthesised: {} at {} MHz, {} banks of memory; {}\n"
        "  {:.3g} Gpoints/s, {:.4g} GOP/s ({:.4g} with taps as adds): {:.3g} operations a point ({:.3g})\n"
        "  {} points in {} cycles, {:.4g} ms; {} lanes; processes of one cycle: {} cycles, latencies of "
        "operators: {} more\n"
        "  {} bytes read, {} written, {:.3g} a point; {:.4g} GB/s wanted, {:.4g} GB/s there\n"
        "  {} words ({} bits) wait, FIFOs have room for {} bits; {} processes\n"
        "  DSP {:.4g}, BRAM18 {} ({} of FIFOs), URAM {}, LUT {}, FF {}, "
        "dividers {}\n",
        board, clock_mhz, banks, size, gpoints, gops, gops_taps_as_adds, operations, operations_taps_as_adds,
        points, cycles, seconds * 1e3, lanes, network_cycles, pipeline_cycles, bytes_read, bytes_written,
        bytes_per_point, bandwidth / 1e9, bandwidth_roof / 1e9, payload_words, payload_bits, fifo_bits,
        processes, dsp, bram18, bram18_fifos, uram, lut, ff, dividers);
    for (const StencilPort& p : ports)
        if (p.words > 0)
            t += fmt::format(
                "  {} {}: {} words of {} bits ({} elements) at {} {}, {:.4g} of {:.4g} GB/s at each\n",
                p.array, p.written ? "written" : "read", p.words, p.word_bits, p.elements, p.ports,
                p.ports == 1 ? "port" : "ports", p.wanted / 1e9, p.roof / 1e9);
    t += fits ? "  fits:" : "  does not fit:";
    for (const auto& [what, part] : use)
        t += fmt::format(" {} {:.1f} %", what, part * 100);
    return t + fmt::format(" of what a design may use; what limits: {}\n", binding);
}

std::string StencilEstimate::json() const {
    nlohmann::ordered_json j;
    j["label"] = "estimated";
    j["board"] = board;
    j["clock_mhz"] = clock_mhz;
    j["banks"] = banks;
    j["size"] = size;
    j["lanes"] = lanes;
    j["points"] = points;
    j["cycles"] = cycles;
    j["seconds"] = seconds;
    j["network_cycles"] = network_cycles;
    j["pipeline_cycles"] = pipeline_cycles;
    j["gpoints"] = gpoints;
    j["gops"] = gops;
    j["gops_taps_as_adds"] = gops_taps_as_adds;
    j["operations"] = operations;
    j["operations_taps_as_adds"] = operations_taps_as_adds;
    j["bytes_read"] = bytes_read;
    j["bytes_written"] = bytes_written;
    j["bytes_per_point"] = bytes_per_point;
    j["bandwidth"] = bandwidth;
    j["bandwidth_roof"] = bandwidth_roof;
    j["payload_words"] = payload_words;
    j["payload_bits"] = payload_bits;
    j["fifo_bits"] = fifo_bits;
    j["dsp"] = dsp;
    j["bram18"] = bram18;
    j["bram18_fifos"] = bram18_fifos;
    j["uram"] = uram;
    j["lut"] = lut;
    j["ff"] = ff;
    j["dividers"] = dividers;
    j["processes"] = processes;
    j["binding"] = binding;
    j["fits"] = fits;
    for (const StencilPort& p : ports)
        j["ports"].push_back({{"array", p.array},
                              {"written", p.written},
                              {"ports", p.ports},
                              {"word_bits", p.word_bits},
                              {"elements", p.elements},
                              {"words", p.words},
                              {"wanted", p.wanted},
                              {"roof", p.roof}});
    for (const auto& [what, part] : use)
        j["use"][what] = std::isfinite(part) ? nlohmann::ordered_json(part) : nlohmann::ordered_json();
    return j.dump(1);
}

} // namespace lathe
