#include "search.h"

#include "lathe/ir/operator_cost.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace lathe {

using namespace ir;
using namespace exploring;

namespace {

/// \pre the row is one of types
Candidate candidate_of(const Row& row, std::vector<Type> types) {
    const auto real = [&](size_t n) {
        const auto* value = std::get_if<double>(&row.measures[n]);
        return value ? *value : std::nan(""); // which the store keeps as nothing
    };
    const auto whole = [&](size_t n) { return std::get<int64_t>(row.measures[n]); };
    return {std::move(types), real(0), whole(1), real(2), whole(3), real(4)};
}

int64_t bits_of(const Schedule& s, const std::vector<Variation>& vary) {
    int64_t bits = 0;
    std::map<Symbol, int64_t> all;
    const Function& f = s.reference().top();
    for (const Argument& a : f.arguments)
        all[a.tensor.symbol] = tensor_bits(a.tensor);
    for_each(
        f.body,
        [&](const Stmt& st) {
            if (const auto* a = st.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    all[t.symbol] = tensor_bits(t);
        },
        nullptr);
    for (const Variation& v : vary)
        for (const Symbol& t : symbols_of(v.group))
            bits += all[t];
    return bits;
}

class Search {
  public:
    Search(const Exploration& e, const std::vector<Variation>& v, const SearchOptions& o, exploring::Store& s)
        : exploration(e), vary(v), options(o), store(s), progress(o.quiet, 0) {}

    std::vector<Candidate> run() {
        switch (options.kind) {
        case SearchKind::grid:
            grid();
            break;
        case SearchKind::greedy:
            greedy();
            break;
        case SearchKind::budgeted:
            budgeted();
            break;
        }
        return std::move(all);
    }

  private:
    using Choice = std::vector<size_t>; ///< of each variation's types

    void grid() {
        Choice c(vary.size(), 0);
        size_t count = 1;
        for (const Variation& v : vary)
            count *= v.types.size();
        expected = count;
        for (size_t n = 0; n < count; ++n) {
            size_t rest = n;
            for (size_t g = vary.size(); g-- > 0; rest /= vary[g].types.size())
                c[g] = rest % vary[g].types.size();
            look(c);
        }
    }

    /// From the first types: each round moves on, by one type, the group that loses least accuracy a bit.
    void greedy() {
        Choice at(vary.size(), 0);
        for (const Variation& v : vary)
            expected += (v.types.size() - 1) * vary.size();
        expected += 1;
        Candidate here = look(at);
        const double least = here.accuracy - options.loss;
        while (true) {
            std::optional<std::pair<Candidate, Choice>> best;
            for (size_t g = 0; g < vary.size(); ++g) {
                if (at[g] + 1 == vary[g].types.size()) continue;
                Choice next = at;
                ++next[g];
                const Candidate c = look(next);
                if (c.accuracy < least) continue;
                if (!best || price(here, c) < price(here, best->first)) best = {c, next};
            }
            if (!best) return;
            std::tie(here, at) = *best;
        }
    }
    static double price(const Candidate& from, const Candidate& to) {
        const double saved = std::max<double>(static_cast<double>(from.bits - to.bits), 1);
        // Gains of accuracy count as none, so that the saved bits decide.
        return (std::max(from.accuracy - to.accuracy, 0.0) + 0.02) / saved;
    }

    /// Neighbours of what is on the front, at random.
    void budgeted() {
        std::mt19937 random(options.seed);
        expected = static_cast<size_t>(options.budget);
        Choice first(vary.size(), 0), last;
        for (const Variation& v : vary)
            last.push_back(v.types.size() - 1);
        look(first);
        look(last);
        std::vector<Choice> seen = {first, last};
        for (int tries = 0; all.size() < expected && tries < 100 * options.budget; ++tries) {
            const Choice& from = seen[front_member(random)];
            Choice next = from;
            const size_t moves = 1 + random() % 2;
            for (size_t m = 0; m < moves; ++m) {
                const size_t g = random() % vary.size();
                next[g] = random() % vary[g].types.size();
            }
            if (std::ranges::find(seen, next) != seen.end()) continue;
            seen.push_back(next);
            look(next);
        }
    }
    size_t front_member(std::mt19937& random) const {
        const std::vector<Candidate> front = pareto_front(all);
        const Candidate& c = front[random() % front.size()];
        return static_cast<size_t>(std::ranges::find(all, c.types, &Candidate::types) - all.begin());
    }

    Candidate look(const Choice& choice) {
        Candidate c;
        for (size_t g = 0; g < vary.size(); ++g)
            c.types.push_back(vary[g].types[choice[g]]);
        for (const Candidate& a : all)
            if (a.types == c.types) return a;
        if (const auto kept = store.find(row_of(c).choices)) {
            all.push_back(candidate_of(*kept, c.types));
            return all.back();
        }
        measure(c);
        store.add(row_of(c));
        all.push_back(c);
        progress.measured(all.size(), expected,
                          fmt::format("{}: {:.2f} %, {} bits",
                                      options.kind == SearchKind::greedy ? " at most" : "", c.accuracy,
                                      c.bits));
        return c;
    }

    void measure(Candidate& c) const {
        Schedule s = exploration.schedule;
        std::map<std::string, Type> types;
        for (size_t g = 0; g < vary.size(); ++g)
            types.emplace(vary[g].group.name, c.types[g]);
        if (exploration.apply) {
            exploration.apply(s, types);
        } else {
            std::vector<TypeChoice> choices;
            for (size_t g = 0; g < vary.size(); ++g)
                choices.push_back({vary[g].group.tensors, c.types[g]});
            s.quantize(choices);
        }
        c.bits = bits_of(s, vary);
        c.multipliers = estimated_multipliers(s.reference());
        c.memory = estimated_memory_bits(s.reference());
        const double before = now();
        if (exploration.score) c.accuracy = exploration.score(s);
        c.seconds = now() - before;
        if (!std::isfinite(c.accuracy)) { // which neither wins nor loses
            std::string text;
            for (size_t g = 0; g < vary.size(); ++g)
                text += (g ? ", " : "") + vary[g].group.name + "=" + c.types[g].str();
            fail({}, "the score of {} is {}: it is a number of percent", text, c.accuracy);
        }
    }

    const Exploration& exploration;
    const std::vector<Variation>& vary;
    const SearchOptions& options;
    exploring::Store& store;
    Progress progress;
    size_t expected = 0;
    std::vector<Candidate> all;
};

} // namespace

Schema type_schema(const std::vector<Variation>& vary) {
    Schema s{"types", {}, {}};
    for (const Variation& v : vary)
        s.choices.push_back(v.group.name);
    s.measures = {{"accuracy", Kind::real, Goal::more},
                  {"bits", Kind::whole, Goal::less},
                  {"multipliers", Kind::real, Goal::less},
                  {"memory_bits", Kind::whole, Goal::less, "memory"},
                  {"seconds", Kind::real, Goal::none, "", "{:.4f}"}};
    return s;
}

Row row_of(const Candidate& c) {
    Row row{{}, {c.accuracy, c.bits, c.multipliers, c.memory, c.seconds}};
    for (const Type& t : c.types)
        row.choices.emplace_back(t.str());
    return row;
}

std::vector<Candidate> pareto_front(const std::vector<Candidate>& all) {
    std::vector<Row> rows;
    for (const Candidate& c : all)
        rows.push_back(row_of(c));
    std::vector<Candidate> front;
    for (const size_t n : exploring::front(type_schema({}), rows))
        front.push_back(all[n]);
    std::ranges::stable_sort(front, [](const Candidate& a, const Candidate& b) {
        return std::tie(a.bits, a.accuracy) < std::tie(b.bits, b.accuracy);
    });
    return front;
}

std::vector<Candidate> search(const Exploration& e, const std::vector<Variation>& vary,
                              const SearchOptions& options, exploring::Store& store) {
    return Search(e, vary, options, store).run();
}

} // namespace lathe
