#include "macro_search.h"

#include <algorithm>

namespace lathe {

using namespace exploring;

namespace {

constexpr double say_interval = 0.5;

size_t index_of(const Schema& schema, const std::string& name) {
    return static_cast<size_t>(std::ranges::find(schema.measures, name, &Measure::name) -
                               schema.measures.begin());
}

/// What a message says beside its numbers: those differ from design to design.
std::string without_numbers(const std::string& text) {
    std::string all;
    for (const char c : text)
        if (c < '0' || c > '9') all += c;
    return all;
}

class Search {
  public:
    Search(const MacroSpace& p, const EstimateDesigns& e, Store& s, bool quiet)
        : space(p), estimates(e), store(s), schema(macro_schema(p.vary)), progress(quiet, say_interval),
          gops(index_of(schema, "gops")), dsp(index_of(schema, "dsp")), fits(index_of(schema, "fits")) {}

    MacroResults run() {
        for (const TypedDesigns& t : space.typed) {
            estimate = estimates(t.schedule, {space.out, {}});
            for (const std::vector<int64_t>& tile : space.tiles)
                for (const Width& w : t.widths)
                    steps(t, {.unroll = w.unroll, .tile = tile, .in_place = space.in_place, .word = w.word});
        }
        std::vector<Row> fitting;
        for (const Row& row : results.rows)
            if (row.measures[fits] == Cell(true)) fitting.push_back(row);
        for (const size_t n : front(schema, fitting))
            results.front.push_back(fitting[n]);
        std::ranges::stable_sort(results.front, [&](const Row& a, const Row& b) {
            const double x = number(a.measures[gops]), y = number(b.measures[gops]);
            return x != y ? x < y : number(a.measures[dsp]) > number(b.measures[dsp]);
        });
        count_refused();
        return std::move(results);
    }

  private:
    /// More and more steps in time, while there is such a design and it fits.
    void steps(const TypedDesigns& t, StencilOptions options) {
        for (size_t n = 0; n < space.iterate.size(); ++n) {
            options.iterate = space.iterate[n];
            if (look(t, options)) continue;
            results.left_out += space.iterate.size() - n - 1;
            return;
        }
    }

    /// Whether it fits.
    bool look(const TypedDesigns& t, const StencilOptions& options) {
        Row row{{options.unroll, options.iterate, tile_text(options.tile), options.word}, {}};
        for (const Type& type : t.types)
            row.choices.emplace_back(type.str());
        if (const auto kept = store.find(row.choices)) {
            results.rows.push_back(*kept);
        } else {
            measure(row, t, options);
            store.add(row);
            results.rows.push_back(row);
            progress.measured(results.rows.size() + results.left_out, space.size(), best_so_far(row));
        }
        const Cell& there = results.rows.back().measures[fits];
        results.too_large += there == Cell(false);
        return there == Cell(true);
    }

    void measure(Row& row, const TypedDesigns& t, const StencilOptions& options) const {
        row.measures.resize(schema.measures.size());
        if (!t.refused.empty()) {
            row.measures.back() = t.refused;
            return;
        }
        try {
            const Estimates found = estimate(options);
            for (size_t m = 0; m + 1 < schema.measures.size(); ++m)
                row.measures[m] = found.at(schema.measures[m].name);
        } catch (const ir::InternalError&) {
            throw;
        } catch (const Error& e) {
            row.measures.back() = e.message();
        }
    }

    std::string best_so_far(const Row& row) {
        if (row.measures[fits] == Cell(true)) best = std::max(best, number(row.measures[gops]));
        return fmt::format(": best {:.1f} GOP/s", best);
    }

    void count_refused() {
        std::map<std::string, size_t> reasons;
        for (const Row& row : results.rows) {
            const auto* why = std::get_if<std::string>(&row.measures.back());
            if (!why) continue;
            const auto [found, is_new] = reasons.emplace(without_numbers(*why), results.refused.size());
            if (is_new) results.refused.emplace_back(*why, 0);
            ++results.refused[found->second].second;
        }
    }

    const MacroSpace& space;
    const EstimateDesigns& estimates;
    EstimateDesign estimate; ///< of the types that are looked at
    Store& store;
    Schema schema;
    Progress progress;
    size_t gops, dsp, fits;
    double best = 0;
    MacroResults results;
};

} // namespace

size_t MacroSpace::size() const {
    size_t chains = 0;
    for (const TypedDesigns& t : typed)
        chains += t.widths.size();
    return chains * tiles.size() * iterate.size();
}

Schema macro_schema(const std::vector<Variation>& vary) {
    Schema s{"design",
             {"unroll", "iterate", "tile", "word"},
             {{"cycles", Kind::whole},
              {"seconds", Kind::real},
              {"gpoints", Kind::real},
              {"gops", Kind::real, Goal::more},
              {"gops_taps_as_adds", Kind::real},
              {"dsp", Kind::real, Goal::less},
              {"bram18", Kind::whole, Goal::less},
              {"uram", Kind::whole},
              {"lut", Kind::whole, Goal::less},
              {"ff", Kind::whole},
              {"bytes_per_point", Kind::real, Goal::less},
              {"bandwidth", Kind::real},
              {"bandwidth_roof", Kind::real},
              {"fifo_bits", Kind::whole},
              {"processes", Kind::whole},
              {"clock_mhz", Kind::real},
              {"binding", Kind::text},
              {"fits", Kind::flag},
              {"refused", Kind::text}}};
    for (const Variation& v : vary)
        s.choices.push_back(v.group.name);
    return s;
}

namespace {

/// As memory holds an element.
int64_t container_bits(int bits) {
    constexpr int64_t most = 64; // wider ones are several
    int64_t container = 8;
    while (container < bits && container < most)
        container *= 2;
    return (bits + container - 1) / container * container;
}

} // namespace

std::vector<int64_t> fitting_unrolls(const std::set<int>& element_bits, int64_t port_bits, int64_t most) {
    constexpr int64_t words = 8; ///< more than a board's ports move in a cycle
    std::set<int64_t> all;
    for (const int bits : element_bits) {
        const int64_t elements = port_bits / container_bits(bits);
        for (int64_t k = 1; k <= elements; ++k)
            if (elements % k == 0) all.insert(k);
        for (int64_t n = 2; n <= words; ++n)
            all.insert(n * elements);
    }
    std::erase_if(all, [&](int64_t k) { return k < 1 || k > most; });
    return {all.begin(), all.end()};
}

bool shares_words(int64_t unroll, int64_t word, const std::set<int>& element_bits) {
    return std::ranges::all_of(element_bits, [&](int bits) {
        const int64_t element = container_bits(bits), elements = word / element;
        if (word % element != 0 || (elements == 1 && unroll > 1)) return false;
        return elements % unroll == 0 || unroll % elements == 0;
    });
}

MacroResults search_macro(const MacroSpace& space, const EstimateDesigns& estimates, Store& store,
                          bool quiet) {
    return Search(space, estimates, store, quiet).run();
}

} // namespace lathe
