#include "value_cells.h"

#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"
#include "value_forms.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// A tensor that is computed has at most so many bounds.
constexpr int64_t most_cells = 1 << 16;

std::optional<KeptDimension> constant_dimension(const Tensor& t, size_t d) {
    const auto min = as_int(simplify(t.dims[d].min)), extent = as_int(simplify(t.dims[d].extent));
    if (!min || !extent || *extent < 0) return std::nullopt;
    return KeptDimension{d, *min, *extent};
}

using Kept = std::map<Symbol, std::vector<KeptDimension>>;

/// The variables of subscripts in dimensions that are kept.
void add_variables(const Kept& kept, const Symbol& tensor, const std::vector<Expr>& indices,
                   std::set<Symbol>& all) {
    const auto found = kept.find(tensor);
    if (found == kept.end()) return;
    for (const KeptDimension& k : found->second)
        all.merge(free_variables(indices[k.dimension]));
}

class KeptDimensions {
  public:
    KeptDimensions(const Function& f, const std::set<Symbol>& known) {
        for (const Argument& a : f.arguments)
            tensors[a.tensor.symbol] = a.tensor;
        for (const Tensor& t : f.constants)
            tensors[t.symbol] = t;
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* a = s.as<Allocate>())
                    for (const Tensor& t : a->tensors)
                        tensors[t.symbol] = t;
            },
            nullptr);
        for (const Symbol& t : known)
            for (size_t d = 0; d < tensors.at(t).dims.size(); ++d)
                if (const auto k = constant_dimension(tensors.at(t), d)) kept[t].push_back(*k);
        while (spread(f.body, known))
            continue;
    }

    Kept kept;

  private:
    bool spread(const Stmt& body, const std::set<Symbol>& known) {
        bool changed = false;
        for_each(
            body,
            [&](const Stmt& s) {
                if (const auto* st = s.as<Store>())
                    for (const StoreTarget& t : st->targets)
                        changed = (!known.contains(t.tensor) && spread(t)) || changed;
                if (const auto* r = s.as<Reduce>()) changed = spread(r->target) || changed;
            },
            nullptr);
        return changed;
    }

    bool spread(const StoreTarget& t) {
        std::set<Symbol> apart;
        for_each_expr(t.value, [&](const Expr& e) {
            if (const auto* l = e.as<Load>()) add_variables(kept, l->tensor, l->indices, apart);
        });
        if (apart.empty()) return false;
        std::vector<KeptDimension>& own = kept[t.tensor];
        bool changed = false;
        for (size_t d = 0; d < t.indices.size(); ++d) {
            const std::set<Symbol> used = free_variables(t.indices[d]);
            if (std::ranges::any_of(own, [&](const KeptDimension& k) { return k.dimension == d; }) ||
                std::ranges::none_of(used, [&](const Symbol& v) { return apart.contains(v); }))
                continue;
            const auto k = constant_dimension(tensors.at(t.tensor), d);
            int64_t cells = 1;
            for (const KeptDimension& o : own)
                cells *= std::max(o.extent, int64_t{1});
            if (!k || k->extent > most_cells / cells) continue;
            own.push_back(*k);
            changed = true;
        }
        return changed;
    }

    std::map<Symbol, Tensor> tensors;
};

} // namespace

Cells::Cells(std::vector<KeptDimension> kept) : dimensions(std::move(kept)) {
    size_t n = 1;
    for (const KeptDimension& k : dimensions)
        n *= static_cast<size_t>(k.extent);
    cells.resize(n);
}

ValueBound Cells::over(const std::vector<Span>& places) const {
    Cell sum;
    each_index(places, [&](size_t n) {
        if (cells[n]) sum = sum ? hull_of(*sum, *cells[n]) : *cells[n];
    });
    return sum.value_or(ValueBound{});
}

ValueBound Cells::all() const {
    std::vector<Span> places;
    for (const KeptDimension& k : dimensions)
        places.push_back({k.min, k.min + k.extent - 1});
    return over(places);
}

std::map<Symbol, std::vector<KeptDimension>> kept_dimensions(const Function& f,
                                                             const std::set<Symbol>& known) {
    return KeptDimensions(f, known).kept;
}

std::set<Symbol> kept_variables(const Function& f, const std::map<Symbol, std::vector<KeptDimension>>& kept) {
    std::set<Symbol> all;
    for_each(
        f.body,
        [&](const Stmt& s) {
            for (const Write& w : writes_of(s))
                if (w.target) add_variables(kept, w.tensor, w.target->indices, all);
        },
        [&](const Expr& e) {
            if (const auto* l = e.as<Load>()) add_variables(kept, l->tensor, l->indices, all);
        });
    return all;
}

} // namespace lathe::ir
