#include "hull.h"

#include "lathe/ir/loop_facts.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

bool depends(const Expr& bound, const std::vector<const For*>& loops) {
    return std::ranges::any_of(loops, [&](const For* f) { return uses(bound, f->var); });
}

} // namespace

std::optional<Hull> hull_of(const For& loop, const std::vector<const For*>& free_of, const Facts& facts) {
    const Expr end = iadd(loop.min, loop.extent);
    if (!tensors_read(end).empty()) return std::nullopt;
    std::vector<VariableRange> ranges;
    for (const For* f : free_of)
        ranges.push_back({f->var, interval_of(*f)});
    const Expr first = bounds_of(loop.min, ranges, {}, facts).min,
               last = bounds_of(end, ranges, {}, facts).max;
    if (!first.defined() || !last.defined()) return std::nullopt;
    if (depends(first, free_of) || depends(last, free_of)) return std::nullopt;
    std::vector<Expr> inside;
    if (depends(loop.min, free_of)) inside.push_back(at_most(loop.min, var(loop.var)));
    if (depends(end, free_of)) inside.push_back(less(var(loop.var), simplify(end, facts)));
    const Expr extent = simplify(isub(last, first), facts);
    return Hull{simplify(first, facts), non_negative(extent, facts), std::move(inside)};
}

} // namespace lathe::schedule
