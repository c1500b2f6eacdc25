#include "stencil_ports.h"

#include "stencil_grid.h"

#include "lathe/ir/buffer.h"
#include "lathe/ir/layout.h"

#include <algorithm>
#include <numeric>

namespace lathe::schedule::stencil {

namespace {

const Argument* argument_of(const Function& f, const Symbol& tensor) {
    const auto found =
        std::ranges::find_if(f.arguments, [&](const Argument& a) { return a.tensor.symbol == tensor; });
    return found == f.arguments.end() ? nullptr : &*found;
}

/// \pre it is constant, perhaps of sizes that were bound
int64_t number(const Expr& e) {
    const auto n = as_int(simplify(e));
    invariant(n.has_value(), "a network has sizes that are not constant");
    return *n;
}

int64_t extent(const Tensor& t, size_t d) {
    return number(t.dims[d].extent);
}

int64_t points(const Tensor& t) {
    int64_t all = 1;
    for (size_t d = 0; d < t.dims.size(); ++d)
        all *= extent(t, d);
    return all;
}

/// Elements of one position of the outermost dimension.
int64_t inner_points(const Tensor& t) {
    return points(t) / extent(t, 0);
}

Layout layout_of(const Port& p, const Tensor& t) {
    Layout l;
    l.shape = {points(t)};
    l.pack = p.pack;
    DimLayout& d = l.dims.emplace_back();
    d.align = p.beat();
    if (p.ports > 1) {
        d.partition = Partition::cyclic;
        d.factor = p.ports;
    }
    return l;
}

/// The largest number up to k that divides `pack`, or that it divides.
int64_t lanes_instead(int64_t k, int64_t pack) {
    if (k > pack) return k / pack * pack;
    while (pack % k != 0)
        --k;
    return k;
}

Port port_of(const Edit& e, const Tensor& t, const StencilOptions& o) {
    const std::string& name = t.symbol.name();
    const auto bits = static_cast<int64_t>(element_bytes(t.type)) * 8;
    if (o.word % bits != 0)
        e.refuse(
            "an element of {} takes {} bits in memory, and a word of {} bits holds no whole number of them: "
            "words of {} bits, or none (word 0)",
            name, bits, o.word, std::bit_ceil(static_cast<uint64_t>(bits)));
    Port p;
    p.pack = o.word / bits;
    const int64_t k = o.unroll;
    if (p.pack % k != 0 && k % p.pack != 0) {
        const int64_t two = k & -k; // the largest power of two that divides it
        const std::string words =
            two * bits > 8 && two > 1 ? fmt::format("{} bits", two * bits) : "one element";
        e.refuse("{} points are computed at a time, and a word of {} bits holds {} elements of {}: neither "
                 "number divides the other. Compute {} at a time, or take words of {}",
                 k, o.word, p.pack, name, lanes_instead(k, p.pack), words);
    }
    if (p.pack == 1 && k > 1)
        e.refuse(
            "a word of {} bits holds one element of {}, and {} points are computed at a time: take wider "
            "words, or none (word 0)",
            o.word, name, k);
    p.ports = std::max<int64_t>(k / p.pack, 1);
    if (p.pack == 1) return {}; // as it is
    const Layout wanted = layout_of(p, t);
    if (!t.layout.plain() && !(t.layout == wanted))
        e.refuse("{} has {} since a call before this one: it has one kind of words", name,
                 layout_text(t.layout).substr(2));
    e.or_refuse([&] { check_layout_uses(e.body(), t.symbol, wanted); });
    return p;
}

/// A word that is stored in part would have to be read first.
void check_whole_rows(const Edit& e, const Flow& f) {
    for (size_t d = 1; d < f.box.rank(); ++d) {
        const int64_t min = number(f.tensor.dims[d].min), size = extent(f.tensor, d);
        if (f.box.first[d] != min || f.box.extent[d] != size)
            e.refuse(
                "{} is stored at {} to {} of dimension {}, which goes from {} to {}, and words are those of "
                "whole rows: store all of it, or call it without word",
                f.tensor.symbol.name(), f.box.first[d], f.box.end(d) - 1, d, min, min + size - 1);
    }
}

} // namespace

std::vector<Port> ports_of(const Edit& e, const Stencil& s, const StencilOptions& options) {
    std::vector<Port> all(s.flows.size());
    if (options.word == 0) return all;
    if (&e.function() != &e.state().module.top())
        e.refuse(
            "{} is called, and words are those of the top Function's arguments: give {} a network without "
            "word, or schedule it by itself",
            e.function().name, e.function().name);
    for (size_t n = 0; n < all.size(); ++n) {
        const Flow& f = s.flows[n];
        if (f.is_stage() && !f.stored) continue;
        if (const Argument* a = argument_of(e.function(), f.tensor.symbol))
            all[n] = port_of(e, a->tensor, options);
    }
    return all;
}

void read_whole_words(Stencil& s, const std::vector<Port>& ports) {
    for (size_t n = 0; n < ports.size(); ++n) {
        Flow& f = s.flows[n];
        if (!ports[n].in_words() || f.is_stage()) continue;
        for (size_t d = 1; d < f.box.rank(); ++d) {
            f.box.first[d] = number(f.tensor.dims[d].min);
            f.box.extent[d] = extent(f.tensor, d);
        }
        const int64_t end = f.box.end(0);
        while (dense_run(f).first % ports[n].beat() != 0)
            --f.box.first[0];
        f.box.extent[0] = end - f.box.first[0];
    }
}

void read_whole_beats(Stencil& s, const std::vector<Port>& ports) {
    for (size_t n = 0; n < ports.size(); ++n) {
        Flow& f = s.flows[n];
        if (!ports[n].in_words() || f.is_stage()) continue;
        const size_t d = f.box.rank() - 1;
        const int64_t beat = ports[n].beat(), begin = number(f.tensor.dims[d].min);
        const int64_t first = (f.box.first[d] - begin) / beat * beat;
        const int64_t end = std::min((f.box.end(d) - begin + beat - 1) / beat * beat, extent(f.tensor, d));
        f.box.first[d] = begin + first;
        f.box.extent[d] = end - first;
    }
}

int64_t common_beat(const std::vector<Port>& ports) {
    int64_t all = 1;
    for (const Port& p : ports)
        if (p.in_words()) all = std::lcm(all, p.beat());
    return all;
}

void find_rows(const Edit& e, const Stencil& s, const Grid& grid, int64_t k, std::vector<Port>& ports) {
    const Box& all = grid.first_strip();
    for (size_t n = 0; n < ports.size(); ++n) {
        const Flow& f = s.flows[n];
        const size_t last = f.box.rank() - 1;
        if (!ports[n].in_words()) continue;
        if (f.is_stage()) check_whole_rows(e, f);
        if (!grid.cuts().empty()) {
            const int64_t row = extent(f.tensor, last);
            if (row % ports[n].beat() != 0)
                e.refuse("a row of {} holds {} elements, no whole number of words of {}, which strips would "
                         "share: fill the rows up, or call it without tile or without word",
                         f.tensor.symbol.name(), row, ports[n].beat());
            continue;
        }
        bool same = f.box.extent[last] % k == 0 && (f.box.first[last] - all.first[last]) % k == 0;
        for (size_t d = 0; d <= last; ++d)
            if (d > 0 || !f.is_stage())
                same = same && f.box.first[d] == all.first[d] && f.box.extent[d] == all.extent[d];
        ports[n].rows = !same;
    }
}

void lay_out(Edit& e, const Stencil& s, const std::vector<Port>& ports) {
    for (size_t n = 0; n < ports.size(); ++n)
        for (Argument& a : e.top().arguments)
            if (ports[n].in_words() && a.tensor.symbol == s.flows[n].tensor.symbol)
                a.tensor.layout = layout_of(ports[n], a.tensor);
}

DenseRun dense_run(const Flow& f) {
    const int64_t inner = inner_points(f.tensor);
    return {(f.box.first[0] - number(f.tensor.dims[0].min)) * inner, f.box.extent[0] * inner};
}

} // namespace lathe::schedule::stencil
