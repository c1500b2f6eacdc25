#include "stencil_grid.h"

#include "stencil_recurrence.h"

#include <algorithm>
#include <numeric>
#include <ranges>

namespace lathe::schedule::stencil {

namespace {

/// Every number that the network counts fits, whatever its windows reach.
constexpr int64_t most_positions = int64_t{1} << 48;

/// Streams are declared one in the other, and taken so by a process: statements nest no deeper than this.
constexpr size_t most_streams = 960, most_taps = 480;

/// What one strip needs of each tensor: subscripts first … end + step − 1, where the strip's own part of a
/// stored one is `step` wide.
std::vector<Columns> needs(const Stencil& s, size_t dim) {
    std::vector<Columns> all;
    std::vector<bool> needed;
    for (const Flow& f : s.flows) {
        all.push_back({f.box.first[dim], f.box.first[dim]});
        needed.push_back(f.stored);
    }
    for (size_t v = s.flows.size(); v-- > 0;)
        for (const Window& w : s.flows[v].windows) {
            Columns& u = all[w.of];
            const Columns read{all[v].first + w.at[dim], all[v].end + w.at[dim]};
            u = needed[w.of] ? Columns{std::min(u.first, read.first), std::max(u.end, read.end)} : read;
            needed[w.of] = true;
        }
    return all;
}

int64_t down_to(int64_t x, int64_t multiple) {
    return x - ((x % multiple) + multiple) % multiple;
}

} // namespace

Grid::Grid(const Edit& e, const Stencil& s, int64_t k, const std::vector<int64_t>& tile, int64_t beat) {
    const size_t dims = s.flows.front().box.rank();
    need.assign(s.flows.size(), {});
    for (size_t d = 0; d < dims; ++d) {
        const bool last = d + 1 == dims;
        const int64_t whole = last ? std::lcm(k, beat) : 1, begins = last ? beat : 1;
        if (d == 0 || tile.empty())
            make_whole(s, d, begins);
        else
            make_strips(e, s, d, ceil_div(tile[d - 1], whole) * whole, begins);
        if (last) box.extent[d] = ceil_div(box.extent[d], whole) * whole;
    }
    int64_t all = 1;
    for (size_t d = 0; d < rank(); ++d)
        if (__builtin_mul_overflow(all, extent(d), &all) || all > most_positions)
            e.refuse("there are more than {} points: a network counts them", most_positions);
}

void Grid::make_whole(const Stencil& s, size_t dim, int64_t beat) {
    int64_t first = s.flows.front().box.first[dim], end = s.flows.front().box.end(dim);
    for (const Flow& f : s.flows) {
        first = std::min(first, f.box.first[dim]);
        end = std::max(end, f.box.end(dim));
    }
    first = down_to(first, beat);
    box.first.push_back(first);
    box.extent.push_back(end - first);
    for (size_t n = 0; n < s.flows.size(); ++n)
        need[n].push_back({s.flows[n].box.first[dim] - first, s.flows[n].box.end(dim) - first});
}

void Grid::make_strips(const Edit& e, const Stencil& s, size_t dim, int64_t width, int64_t beat) {
    const std::vector<Columns> all = needs(s, dim);
    int64_t first = all.front().first, end = all.front().end, count = 1;
    for (const Columns& c : all) {
        first = std::min(first, c.first);
        end = std::max(end, c.end);
    }
    first = down_to(first, beat);
    const int64_t step = down_to(width - (end - first), beat);
    if (step < 1 && beat > 1)
        e.refuse("strips of {} positions in dimension {} hold no word of {} elements beside the {} at which "
                 "windows overlap: make them wider",
                 width, dim, beat, end - first);
    if (step < 1)
        e.refuse("strips of {} positions in dimension {} hold no more than the {} at which windows overlap: "
                 "make them wider",
                 width, dim, end - first);
    for (const Flow& f : s.flows)
        if (f.stored) count = std::max(count, ceil_div(f.box.extent[dim], step));
    if (count == 1) return make_whole(s, dim, beat);
    box.first.push_back(first);
    box.extent.push_back(width);
    strips.push_back({dim, count, step});
    for (size_t n = 0; n < s.flows.size(); ++n)
        need[n].push_back({all[n].first - first, all[n].end - first + step});
}

int64_t Grid::stride(size_t d) const {
    int64_t s = 1;
    for (size_t n = d + 1; n < rank(); ++n)
        s *= extent(n);
    return s;
}

int64_t Grid::distance(const std::vector<int64_t>& at) const {
    int64_t all = 0;
    for (size_t d = 0; d < at.size(); ++d)
        all += at[d] * stride(place(d));
    return all;
}

std::pair<int64_t, int64_t> Grid::ends(size_t flow) const {
    std::vector<int64_t> first, last;
    for (const Columns& c : need[flow]) {
        first.push_back(c.first);
        last.push_back(c.end - 1);
    }
    int64_t end = distance(last);
    for (size_t d = 0; d < strips.size(); ++d)
        end += (strips[d].count - 1) * stride(d);
    return {distance(first), end};
}

const Strips* Grid::cut(size_t dim) const {
    const auto found = std::ranges::find(strips, dim, &Strips::dim);
    return found == strips.end() ? nullptr : &*found;
}

size_t Grid::cut_place(size_t dim) const {
    return static_cast<size_t>(std::ranges::find(strips, dim, &Strips::dim) - strips.begin());
}

std::vector<Node> nodes_of(const Stencil& s, const Grid& grid) {
    std::vector<Node> all;
    for (size_t u = 0; u < s.flows.size(); ++u) {
        const Flow& f = s.flows[u];
        Node n;
        n.width = f.tensor.type.width();
        n.stored = f.stored;
        n.last = grid.positions() - 1;
        if (f.is_stage())
            std::tie(n.first, n.last) = grid.ends(u);
        else if (grid.cuts().empty() && grid.rank() > 1) // behind its last row nothing is needed
            n.last = grid.needed(u, 0).end * grid.stride(0) - 1;
        for (const Window& w : f.windows)
            n.taps.push_back({w.of, grid.distance(w.at)});
        std::map<Symbol, int64_t> ago;
        for (const Window& w : f.own)
            ago[w.token] = -grid.distance(w.at);
        if (!ago.empty()) n.ii = initiation_interval(f.value, ago);
        all.push_back(std::move(n));
    }
    return all;
}

Design design(const Edit& e, Stencil s, const StencilOptions& options) {
    for (const Flow& f : std::views::reverse(s.flows)) // what is computed, before what that needs
        if (f.box.rank() == 0 || std::ranges::any_of(f.box.extent, [](int64_t n) { return n <= 0; }))
            e.refuse("{} has no points: nothing flows", f.tensor.symbol.name());
    const size_t inner = s.flows.back().box.rank() - 1;
    if (!options.tile.empty() && options.tile.size() != inner)
        e.refuse("tile gives {} widths, and {} has {} dimensions beside the outermost: one for each of those",
                 options.tile.size(), s.flows.back().tensor.symbol.name(), inner);
    const int64_t k = options.unroll;
    for (const Flow& f : s.flows)
        if (!f.own.empty() && (k > 1 || !options.tile.empty()))
            e.refuse(
                "{} is updated in place: an element is there when the one before it has been computed, so "
                "one is computed at a time (unroll 1), over whole rows (no tile)",
                f.tensor.symbol.name());
    std::vector<Port> ports = ports_of(e, s, options);
    Grid grid(e, s, k, options.tile);
    if (const int64_t beat = common_beat(ports); beat > 1) {
        read_whole_beats(s, ports);
        if (!grid.cuts().empty()) grid = Grid(e, s, k, options.tile, beat);
        if (grid.cuts().empty()) { // a strip of whole words may hold all
            read_whole_words(s, ports);
            grid = Grid(e, s, k, {});
        }
    }
    find_rows(e, s, grid, k, ports);
    std::vector<Node> nodes = nodes_of(s, grid);
    for (size_t u = 0; u < nodes.size(); ++u)
        if (const int64_t all = nodes[u].last - nodes[u].first + 1; all < k)
            e.refuse("{} has {} points, and {} are to be computed at a time: unroll less",
                     s.flows[u].tensor.symbol.name(), all, k);
    for (const Flow& f : s.flows)
        if (f.windows.size() > most_taps)
            e.refuse(
                "a point of {} is computed of {} elements, and a process takes at most {}: compute it in "
                "several stages, rows first",
                f.tensor.symbol.name(), f.windows.size(), most_taps);
    Plan chains = plan(nodes, k);
    std::vector<Streams> streams = streams_of(nodes, chains, ports, k);
    if (streams.size() > most_streams)
        e.refuse(
            "the network has {} arrays of streams, and {} fit in one: make several, one behind the other, by "
            "calling stencil for a stage half-way first; or iterate fewer times",
            streams.size(), most_streams);
    return {std::move(s),       k,           grid, std::move(nodes), std::move(chains), std::move(ports),
            std::move(streams), options.word};
}

} // namespace lathe::schedule::stencil
