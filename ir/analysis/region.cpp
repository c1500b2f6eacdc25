// Required regions: the bounding box of every access over the loops inside a statement.

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

/// Index lets are variables whose range is one value; a value that was read from memory has its own bounds
/// later on.
static std::vector<VariableRange> ranges_around(const Access& a) {
    std::vector<VariableRange> ranges;
    for (const For* f : a.loops)
        ranges.push_back({f->var, interval_of(*f)});
    return ranges;
}

static Expr expanded(Expr e, const Access& a) {
    if (!e.defined()) return e;
    for (size_t i = a.definitions.size(); i-- > 0;)
        if (uses(e, a.definitions[i].first)) e = substitute(e, {a.definitions[i]});
    return e;
}

Region region_of(const Access& access, const Facts& facts) {
    std::vector<VariableRange> ranges = ranges_around(access);
    for (auto& [v, r] : ranges)
        r = {expanded(r.min, access), expanded(r.max, access)};
    Expr condition = expanded(access.stable, access);
    Region region;
    if (access.whole)
        for (const Dim& d : *access.whole) {
            const Interval all = interval_of(expanded(d.min, access), expanded(d.extent, access));
            region.push_back({bounds_of(all.min, ranges, condition, facts).min,
                              bounds_of(all.max, ranges, condition, facts).max});
        }
    for (auto& i : access.indices) {
        Expr e = expanded(i, access);
        region.push_back(e.type() == IndexType() ? bounds_of(e, ranges, condition, facts) : Interval{});
    }
    return region;
}

Region box_union(const Region& a, const Region& b, const Facts& facts) {
    invariant(a.size() == b.size(), "box_union: ranks differ");
    Region r;
    for (size_t i = 0; i < a.size(); ++i) {
        Interval box;
        if (a[i].min.defined() && b[i].min.defined()) box.min = simplify(imin(a[i].min, b[i].min), facts);
        if (a[i].max.defined() && b[i].max.defined()) box.max = simplify(imax(a[i].max, b[i].max), facts);
        r.push_back(std::move(box));
    }
    return r;
}

static std::map<Symbol, Region> regions(const Stmt& s, bool write, const Facts& facts) {
    std::map<Symbol, Region> all;
    for (auto& a : accesses(s)) {
        if (a.write != write) continue;
        Region r = region_of(a, facts);
        auto [i, first] = all.emplace(a.tensor, r);
        if (!first) i->second = box_union(i->second, r, facts);
    }
    return all;
}

std::map<Symbol, Region> regions_read(const Stmt& s, const Facts& facts) {
    return regions(s, false, facts);
}

std::map<Symbol, Region> regions_written(const Stmt& s, const Facts& facts) {
    return regions(s, true, facts);
}

} // namespace lathe::ir
