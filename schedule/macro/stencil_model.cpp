#include "stencil_model.h"

#include "stencil_operators.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <optional>

namespace lathe::schedule::stencil {

namespace {

/// FIFOs of fewer words, or bits, are shift registers.
constexpr int64_t srl_depth = 32, srl_bits = 1024;
/// Deeper ones go to UltraRAM, where the board has it.
constexpr int64_t bram_depth = 512;

int64_t points_of(const Box& b) {
    int64_t all = 1;
    for (const int64_t n : b.extent)
        all *= n;
    return all;
}

/// Of an input: those that two strips need are read twice.
int64_t elements_read(const Grid& g, size_t flow, const Box& box) {
    int64_t all = 1;
    for (size_t d = 0; d < box.rank(); ++d) {
        const Strips* cut = g.cut(d);
        int64_t in_dim = cut ? 0 : box.extent[d];
        for (int64_t n = 0; cut && n < cut->count; ++n) {
            const int64_t first = g.first_strip().first[d] + n * cut->step;
            const Columns c = g.needed(flow, d);
            const int64_t read =
                std::min(first + c.end, box.end(d)) - std::max(first + c.first, box.first[d]);
            in_dim += std::max<int64_t>(read, 0);
        }
        all *= in_dim;
    }
    return all;
}

/// Elements that pass a port in words, of an input or an output.
int64_t elements_in_words(const Design& d, size_t flow) {
    const Flow& f = d.stencil.flows[flow];
    const Port& p = d.ports[flow];
    const int64_t beat = p.beat();
    if (d.grid.cuts().empty()) return ceil_div(dense_run(f).count, beat) * beat;
    if (f.is_stage()) return points_of(f.box);
    // Of each strip all that lies in the tensor.
    int64_t all = 1;
    const Grid& g = d.grid;
    for (size_t n = 0; n < f.box.rank(); ++n) {
        const Strips* cut = g.cut(n);
        int64_t in_dim = 0;
        for (int64_t strip = 0; strip < (cut ? cut->count : 1); ++strip) {
            const int64_t first = g.first_strip().first[n] + (cut ? strip * cut->step : 0);
            const int64_t end = first + g.first_strip().extent[n], begin = f.box.first[n];
            in_dim += std::max<int64_t>(std::min(end, f.box.end(n)) - std::max(first, begin), 0);
        }
        all *= in_dim;
    }
    return all;
}

/// Memory has elements of 8, 16, 32 or 64 bits, or several of 64.
int64_t bytes_of(Type t) {
    for (const int bits : {8, 16, 32})
        if (t.width() <= bits) return bits / 8;
    return ceil_div(t.width(), 64) * 8;
}

std::string described(const Flow& f) {
    return fmt::format("{} {} {}", f.tensor.symbol.name(), fmt::join(f.box.extent, " × "),
                       f.tensor.type.str());
}

class Model {
  public:
    Model(const Design& d, const std::vector<Tensor>& t, const Arch& a, const StencilMemory& m)
        : design(d), tables(t), stencil(d.stencil), arch(a), memory(m) {}

    StencilEstimate make() {
        e.clock_mhz = arch.clock_mhz;
        e.board = arch.name;
        e.lanes = design.k;
        e.network_cycles = network_cycles(design);
        elements();
        forwarders();
        for (const Streams& s : design.streams)
            fifos(s);
        arrays();
        rates();
        round_up();
        limits();
        return e;
    }

  private:
    const Design& design;
    const std::vector<Tensor>& tables;
    const Stencil& stencil;
    const Arch& arch;
    const StencilMemory& memory;
    StencilEstimate e;
    double lut = 0, ff = 0, bram = 0;
    double all_operations = 0, all_taps = 0;
    std::map<const ExprNode*, PointCost> costs; ///< of steps in time, which are alike
    std::vector<int64_t> latency;               ///< of each node, behind those that it reads

    /// Steps in time have the same ones again and again.
    std::map<std::pair<NetworkPart, int64_t>, CircuitCost> parts;
    std::map<std::pair<int64_t, int64_t>, int64_t> blocks;

    const CircuitCost& part(NetworkPart p, int64_t bits = 0) {
        const auto [known, fresh] = parts.try_emplace({p, bits});
        if (fresh) known->second = arch.operators.cost(p, bits);
        return known->second;
    }
    int64_t bram_blocks(int64_t bits, int64_t depth) {
        const auto [known, fresh] = blocks.try_emplace({bits, depth});
        if (fresh) known->second = bram18_blocks(bits, depth);
        return known->second;
    }

    void add(const CircuitCost& c, int64_t times) {
        const double n = static_cast<double>(times);
        e.dsp += n * c.dsp;
        bram += n * c.bram18;
        lut += n * c.lut;
        ff += n * c.ff;
    }

    /// The processes that compute.
    void elements() {
        latency.resize(design.nodes.size());
        for (size_t v = 0; v < design.nodes.size(); ++v) {
            const Flow& f = stencil.flows[v];
            for (const Tap& t : design.nodes[v].taps)
                latency[v] = std::max(latency[v], latency[t.of]);
            if (!f.is_stage()) {
                ++e.processes;
                continue;
            }
            const auto [known, fresh] = costs.try_emplace(f.value.get());
            if (fresh) known->second = point_cost(f, arch.operators, tables);
            const PointCost& c = known->second;
            add(c.circuits, design.k);
            add(part(NetworkPart::element), 1);
            ++e.processes;
            e.dividers += c.dividers * static_cast<double>(design.k);
            latency[v] += std::max<int64_t>(static_cast<int64_t>(std::ceil(c.circuits.cycles - 1e-9)) - 1, 0);
            const double points = static_cast<double>(points_of(f.box));
            all_operations += points * c.operations;
            all_taps += points * (c.operations + (c.adds ? 1 : 0));
        }
        e.pipeline_cycles = *std::ranges::max_element(latency);
    }

    void forwarders() {
        for (size_t u = 0; u < design.nodes.size(); ++u) {
            const int64_t width = design.nodes[u].width;
            const Chain& c = design.plan.chains[u];
            for (size_t n = 0; n < c.size(); ++n) {
                add(part(NetworkPart::forwarder, c[n].lanes.count() * width), 1);
                ++e.processes;
                if (n + 1 == c.size()) continue;
                const int64_t elements = c[n].hold * c[n + 1].lanes.count();
                e.payload_words += elements;
                e.payload_bits += elements * width;
            }
        }
    }

    void fifos(const Streams& s) {
        const int64_t bits = s.lanes * design.nodes[s.of].width;
        e.fifo_bits += s.count * bits * s.depth;
        if (s.depth <= srl_depth || bits * s.depth <= srl_bits) {
            add(part(NetworkPart::fifo_srl, bits * ceil_div(s.depth, srl_depth)), s.count);
            return;
        }
        const int64_t in_bram = s.count * bram_blocks(bits, s.depth),
                      in_uram = s.count * uram_blocks(bits, s.depth);
        add(part(NetworkPart::fifo_bram, bits), s.count);
        if (s.depth > bram_depth && arch.resources.uram > 0 && in_uram < in_bram)
            e.uram += in_uram;
        else
            e.bram18_fifos += in_bram;
    }

    struct Array {
        int64_t bytes;
        int64_t banks;
        StencilPort port;
    };
    std::vector<Array> in_memory;

    void add_array(size_t u, int64_t elements, int64_t banks) {
        const Flow& f = stencil.flows[u];
        const Port& p = design.ports[u];
        const int64_t each = bytes_of(f.tensor.type);
        Array a{elements * each, banks, {}};
        a.port.array = f.tensor.symbol.name();
        a.port.written = f.is_stage();
        a.port.word_bits = memory.word_bits;
        if (p.in_words()) {
            a.bytes = elements_in_words(design, u) * each;
            a.banks = p.ports;
            a.port.word_bits = design.word;
            word_circuits(u);
        }
        a.port.ports = a.banks;
        a.port.elements = std::max<int64_t>(a.port.word_bits / 8 / each, 1);
        a.port.words = ceil_div(a.bytes * 8, a.port.word_bits);
        (f.is_stage() ? e.bytes_written : e.bytes_read) += a.bytes;
        in_memory.push_back(std::move(a));
    }

    /// A word stands in registers while its parts pass; what turns rows round is a shifter over the lanes.
    void word_circuits(size_t u) {
        const Port& p = design.ports[u];
        const int64_t width = design.nodes[u].width, k = design.k, parts = p.beat() / k;
        constexpr double inputs_more = 3; // that a table of six inputs adds to a choice
        ff += static_cast<double>(p.beat() * width);
        lut += static_cast<double>(k * width) * std::ceil(static_cast<double>(parts - 1) / inputs_more);
        if (!p.rows) return;
        ++e.processes;
        lut += static_cast<double>(k * width * std::bit_width(static_cast<uint64_t>(k)));
        ff += static_cast<double>(2 * k * width);
    }

    void arrays() {
        for (size_t u = 0; u < design.nodes.size(); ++u) {
            const Flow& f = stencil.flows[u];
            if (!f.is_stage()) {
                add_array(u, elements_read(design.grid, u, f.box), memory.banks_per_input);
            } else if (f.stored) {
                add_array(u, points_of(f.box), memory.banks_per_output);
                ++e.processes;
            }
            if (!f.is_stage() || f.stored) e.size += (e.size.empty() ? "" : ", ") + described(f);
        }
    }

    /// What so many banks give, the first ones first, and how many of them there are.
    std::pair<double, int64_t> banks(int64_t count) const {
        double rate = 0;
        int64_t found = 0;
        for (const ArchMemory& m : arch.memories) {
            const int64_t n = std::min(count - found, m.banks);
            rate += static_cast<double>(n) * rate_of(m);
            found += n;
        }
        return {rate, found};
    }

    double rate_of(const ArchMemory& m) const {
        ArchMemory narrow = m;
        narrow.port_bits = std::min(m.port_bits, design.word > 0 ? design.word : memory.word_bits);
        const int64_t in_boundary = std::max<int64_t>(arch.burst.boundary * 8 / narrow.port_bits, 1);
        const double beats = static_cast<double>(std::min(arch.burst.most_beats, in_boundary));
        return narrow.rate(arch.clock_mhz) * beats / (beats + static_cast<double>(arch.burst.gap_cycles));
    }

    void rates() {
        int64_t wanted = 0;
        for (const Array& a : in_memory)
            wanted += a.banks;
        const auto [roof, there] = banks(wanted);
        e.banks = there;
        e.bandwidth_roof = roof;
        add(part(NetworkPart::port), wanted);
        // Where banks are too few, all arrays share them evenly.
        double slowest = 0;
        for (const Array& a : in_memory) {
            const double rate = roof * static_cast<double>(a.banks) / static_cast<double>(wanted);
            slowest = std::max(slowest, static_cast<double>(a.bytes) / rate);
        }
        const double hz = arch.clock_mhz * 1e6, bank = roof / static_cast<double>(wanted);
        const int64_t ii =
            std::ranges::max(design.nodes, {}, &Node::ii).ii; // of a stage that updates in place
        const int64_t words = design.grid.positions() / design.k * ii;
        const int64_t alone = e.network_cycles * ii + e.pipeline_cycles;
        const auto of_memory = static_cast<int64_t>(std::ceil(slowest * hz - 1e-6));
        e.cycles = alone + std::max<int64_t>(of_memory - words, 0);
        e.seconds = static_cast<double>(e.cycles) / hz;
        e.bandwidth = static_cast<double>(e.bytes_read + e.bytes_written) * hz / static_cast<double>(words);
        for (const Array& a : in_memory) {
            e.ports.push_back(a.port);
            e.ports.back().roof = bank;
            e.ports.back().wanted =
                static_cast<double>(a.bytes) * hz / static_cast<double>(words) / static_cast<double>(a.banks);
        }
        e.binding = of_memory > words ? "bandwidth" : "lanes";
        const Flow& out = *std::ranges::find_if(stencil.flows.rbegin(), stencil.flows.rend(), &Flow::stored);
        e.points = points_of(out.box);
        const double points = static_cast<double>(e.points);
        e.operations = all_operations / points;
        e.operations_taps_as_adds = all_taps / points;
        e.bytes_per_point = static_cast<double>(e.bytes_read + e.bytes_written) / points;
        e.gpoints = points / e.seconds / 1e9;
        e.gops = all_operations / e.seconds / 1e9;
        e.gops_taps_as_adds = all_taps / e.seconds / 1e9;
    }

    void round_up() {
        const auto whole = [](double x) { return static_cast<int64_t>(std::ceil(x - 1e-6)); };
        e.bram18 = e.bram18_fifos + whole(bram);
        e.lut = whole(lut);
        e.ff = whole(ff);
    }

    void limits() {
        const ArchResources most = arch.limits();
        const auto part = [&](const char* what, double used, int64_t limit) {
            e.use[what] = used == 0 ? 0 : limit == 0 ? INFINITY : used / static_cast<double>(limit);
        };
        part("DSP", e.dsp, most.dsp);
        part("BRAM", static_cast<double>(e.bram18), most.bram18);
        part("URAM", static_cast<double>(e.uram), most.uram);
        part("LUT", static_cast<double>(e.lut), most.lut);
        part("FF", static_cast<double>(e.ff), most.ff);
        double room = 0;
        for (const ArchMemory& m : arch.memories)
            room += static_cast<double>(m.banks) * static_cast<double>(m.bytes);
        e.use["memory"] = static_cast<double>(e.bytes_read + e.bytes_written) / room;
        const auto worst =
            std::ranges::max_element(e.use, [](const auto& a, const auto& b) { return a.second < b.second; });
        e.fits = worst->second <= 1;
        if (!e.fits) e.binding = worst->first;
    }
};

} // namespace

/// When the last word of an output in words is stored. \param end when the last row's last word would be
static int64_t dense_end(const Design& d, size_t u, int64_t end) {
    const Flow& f = d.stencil.flows[u];
    const DenseRun run = dense_run(f);
    if (run.count % d.k > 0) return end + 2; // what is left comes behind the rows
    const int64_t begin = run.count - f.box.extent.back();
    const int64_t shift = f.box.first.back() - d.grid.first_strip().first.back();
    // Of the last row's words, the one behind the last that is sent.
    const int64_t sent = run.count / d.k + ceil_div(std::max<int64_t>(shift - begin, 0), d.k) -
                         std::max<int64_t>(begin - shift, 0) / d.k;
    return std::max(end, end - (d.grid.row() / d.k - sent) + 1);
}

int64_t network_cycles(const Design& d) {
    int64_t last = 0, late = 0;
    // Where a window begins before what it reads, zeros come a cycle after the begin.
    for (size_t u = 0; u < d.nodes.size(); ++u)
        if (d.ports[u].rows || d.stencil.flows[u].is_stage()) late = std::max(late, 1 - d.plan.start[u]);
    for (size_t u = 0; u < d.nodes.size(); ++u) {
        const int64_t start = d.plan.start[u];
        std::optional<int64_t> stored; // when its word 0 would be, by whoever hands it to the storer
        if (d.nodes[u].stored) stored = start + 1;
        for (const Forwarder& f : d.plan.chains[u]) {
            last = std::max(last, start + f.delay + f.words.last + 1);
            for (const Feed& to : f.feeds)
                if (to.consumer == Feed::store) stored = start + f.delay + 2;
        }
        if (!stored) continue;
        // It goes over whole rows.
        const int64_t rows = d.nodes[u].last / d.grid.row() + 1;
        const int64_t end = *stored + rows * (d.grid.row() / d.k) - 1;
        last = std::max(last, d.ports[u].rows ? dense_end(d, u, end) : end);
    }
    return last + 1 + late;
}

StencilEstimate estimate(const Design& d, const std::vector<Tensor>& tables, const Arch& arch,
                         const StencilMemory& memory) {
    return Model(d, tables, arch, memory).make();
}

} // namespace lathe::schedule::stencil
