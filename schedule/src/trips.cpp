#include "trips.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

using Refuse = std::function<void(const CountedRange&, bool)>;

class Counter {
  public:
    Counter(const std::vector<Expr>& subscripts, const std::vector<CountedRange>& around,
            const std::set<Symbol>& other, const Refuse& r)
        : changing(other), refuse(r) {
        for (const CountedRange& r : around) {
            const std::optional<int64_t> most = const_upper_bound(r.extent, facts);
            facts.bound(r.loop, interval_of(r.min, r.extent));
            if (r.counts) loops.push_back({&r, most});
        }
        for (const Expr& s : subscripts) {
            for (const Symbol& v : free_variables(s))
                used.insert(v);
            if (planted.has(Fault::digits_assumed)) known.merge(free_variables(s));
            if (std::optional<Linear> form = linear(s)) forms.push_back(std::move(*form));
        }
    }

    int64_t count() {
        determine();
        // With the elements' own loops known, any nest of the others runs at most so often. To tell further
        // loops apart by what is counted, that must have the same values whatever those loops are.
        const bool all_known =
            std::none_of(loops.begin(), loops.end(), [&](const Loop& l) { return open(l) && occurs(l); });
        while (const Loop* next = choose(all_known)) {
            multiply(*next);
            known.insert(next->range->loop);
            determine();
        }
        return product;
    }

  private:
    struct Loop {
        const CountedRange* range;
        std::optional<int64_t> most; ///< iterations
    };

    const std::set<Symbol>& changing;
    const Refuse& refuse;
    Facts facts;
    std::vector<Loop> loops;
    std::set<Symbol> used; ///< by the subscripts
    std::vector<Linear> forms;
    std::set<Symbol> known;
    int64_t product = 1;

    bool open(const Loop& l) const { return !known.contains(l.range->loop); }
    bool occurs(const Loop& l) const { return used.contains(l.range->loop); }

    /// The same for all iterations that agree in what is known.
    bool fixed(const Expr& e) const {
        const std::set<Symbol> variables = free_variables(e);
        return tensors_read(e).empty() && std::none_of(variables.begin(), variables.end(), [&](auto& v) {
                   return changing.contains(v) || std::any_of(loops.begin(), loops.end(), [&](auto& l) {
                              return open(l) && l.range->loop == v;
                          });
               });
    }

    std::optional<Linear> linear(const Expr& e) const {
        if (!tensors_read(e).empty()) return std::nullopt;
        const std::optional<Linear> form = as_linear(simplify(e, facts));
        if (!form) return form;
        const bool moves = std::any_of(form->coefficients.begin(), form->coefficients.end(),
                                       [&](const auto& term) { return changing.contains(term.first); });
        return moves ? std::nullopt : form;
    }

    /// Loops that a subscript tells apart, as digits of its value: each weighs more than all lighter ones
    /// can.
    void determine() {
        for (bool grown = true; grown;) {
            grown = false;
            for (const Linear& form : forms)
                for (const Symbol& v : digits(form))
                    grown |= known.insert(v).second;
        }
    }

    std::vector<Symbol> digits(const Linear& form) const {
        std::vector<std::pair<mpz_class, const Loop*>> terms;
        for (const Loop& l : loops)
            if (const auto term = form.coefficients.find(l.range->loop);
                open(l) && term != form.coefficients.end())
                terms.emplace_back(abs(term->second), &l);
        std::sort(terms.begin(), terms.end(), [](auto& a, auto& b) { return a.first < b.first; });
        std::vector<Symbol> result;
        mpz_class reach = 0;
        for (const auto& [weight, loop] : terms) {
            if (weight <= reach) return {};
            const bool last = loop == terms.back().second;
            if (!last && (!loop->most || !fixed(loop->range->min))) return {};
            if (!last) reach += weight * static_cast<long>(std::max<int64_t>(*loop->most - 1, 0));
            result.push_back(loop->range->loop);
        }
        return result;
    }

    /// The loop that is counted next: one that no subscript mentions, else the shortest. Null at the end.
    const Loop* choose(bool all_known) const {
        const Loop* best = nullptr;
        const auto cost = [&](const Loop& l) {
            const bool sound = all_known || (fixed(l.range->min) && l.most);
            return std::tuple(!sound, occurs(l), l.most.value_or(INT64_MAX));
        };
        for (const Loop& l : loops)
            if (open(l) && (!best || cost(l) < cost(*best))) best = &l;
        if (best && !all_known && !fixed(best->range->min)) refuse(*best->range, false);
        return best;
    }

    void multiply(const Loop& l) {
        if (!l.most) refuse(*l.range, false);
        if (__builtin_mul_overflow(product, std::max<int64_t>(l.most.value_or(1), 1), &product))
            refuse(*l.range, true);
    }
};

} // namespace

int64_t most_updates(const std::vector<Expr>& subscripts, const std::vector<CountedRange>& loops,
                     const std::set<Symbol>& changing,
                     const std::function<void(const CountedRange&, bool too_many)>& refuse) {
    return Counter(subscripts, loops, changing, refuse).count();
}

} // namespace lathe::schedule
