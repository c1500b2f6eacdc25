#include "stencil_windows.h"

#include <algorithm>
#include <unordered_set>

namespace lathe::schedule::stencil {

namespace {

/// Positions at each end of a dimension at which a subscript may be something else than inside.
constexpr int64_t edge = 16;

std::optional<int64_t> distance_at(const Expr& subscript, const Symbol& p, int64_t at) {
    const auto there = as_int(simplify(substitute(subscript, {{p, index(at)}})));
    if (!there) return {};
    return *there - at;
}

class LoadsInside {
  public:
    LoadsInside(const std::function<const Tensor*(const Symbol&)>& t) : tensor(t) {}

    const Load* outside(const Expr& e, const Facts& facts) {
        std::unordered_set<const ExprNode*> seen;
        visit(e, facts, seen);
        return found;
    }

  private:
    const std::function<const Tensor*(const Symbol&)>& tensor;
    const Load* found = nullptr;

    void visit(const Expr& e, const Facts& facts, std::unordered_set<const ExprNode*>& seen) {
        if (found || !seen.insert(e.get()).second) return;
        if (const auto* s = e.as<Select>()) {
            visit(s->condition, facts, seen);
            Facts then = facts;
            then.assume(s->condition);
            std::unordered_set<const ExprNode*> of_arm;
            visit(s->then_value, then, of_arm);
            visit(s->else_value, facts, seen);
            return;
        }
        const auto* l = e.as<Load>();
        if (l && !inside(*l, facts)) found = l;
        for (const Expr& operand : operands(e))
            visit(operand, facts, seen);
    }

    bool inside(const Load& l, const Facts& facts) const {
        const Tensor* t = tensor(l.tensor);
        if (!t) return true;
        for (size_t d = 0; d < l.indices.size(); ++d) {
            const Dim& dim = t->dims[d];
            if (!prove(at_most(dim.min, l.indices[d]), facts) ||
                !prove(less(l.indices[d], iadd(dim.min, dim.extent)), facts))
                return false;
        }
        return true;
    }
};

} // namespace

std::vector<Run> runs_of(const Expr& subscript, const Symbol& p, int64_t first, int64_t end) {
    const Expr by = isub(subscript, var(p));
    if (const auto n = as_int(simplify(by))) return {{end, *n}};
    Facts inside;
    inside.bound(p, {index(first + edge), index(end - edge - 1)});
    const auto middle = end - first > 2 * edge ? as_int(simplify(by, inside)) : std::nullopt;
    std::vector<Run> runs;
    for (int64_t at = first; at < end; ++at) {
        const bool known = middle && at >= first + edge && at < end - edge;
        const auto n = known ? middle : distance_at(subscript, p, at);
        if (!n || runs.size() > 2 * edge) return {};
        if (runs.empty() || runs.back().by != *n) runs.push_back({at, *n});
        runs.back().end = at + 1;
    }
    return runs;
}

const Load* load_outside(const Expr& value, const Flow& at,
                         const std::function<const Tensor*(const Symbol&)>& tensor) {
    Facts facts;
    for (size_t d = 0; d < at.point.size(); ++d)
        facts.bound(at.point[d], {index(at.box.first[d]), index(at.box.end(d) - 1)});
    return LoadsInside(tensor).outside(value, facts);
}

} // namespace lathe::schedule::stencil
