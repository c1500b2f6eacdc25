#include "lathe/ir/simplify.h"
#include "simplify_algebra.h"

namespace lathe::ir {

using algebra::Algebra;
using algebra::CondRef;
using algebra::Poly;
using algebra::PolyRange;

void Facts::bound(const Symbol& variable, Interval range) {
    Interval& r = ranges[variable];
    if (range.min.defined()) r.min = std::move(range.min);
    if (range.max.defined()) r.max = std::move(range.max);
}

void Facts::assume(const Expr& condition) {
    known.push_back(condition);
}

const Interval* Facts::range(const Symbol& variable) const {
    auto i = ranges.find(variable);
    return i == ranges.end() ? nullptr : &i->second;
}

Expr simplify(const Expr& e, const Facts& facts) {
    return Algebra(facts).simplify(e);
}

bool prove(const Expr& condition, const Facts& facts) {
    return Algebra(facts).cond(condition)->is(true);
}

// ---- Bounds.

static std::optional<int64_t> to_int64(const std::optional<mpz_class>& z) {
    if (!z || !z->fits_slong_p()) return std::nullopt;
    return z->get_si();
}

std::optional<int64_t> const_upper_bound(const Expr& e, const Facts& facts) {
    Algebra a(facts);
    return to_int64(a.upper(a.poly(e)));
}

std::optional<int64_t> const_lower_bound(const Expr& e, const Facts& facts) {
    Algebra a(facts);
    return to_int64(a.lower(a.poly(e)));
}

/// `variables` so that each comes after those that its bounds mention.
static std::vector<VariableRange> outermost_first(const std::map<Symbol, Interval>& variables) {
    std::vector<VariableRange> order;
    std::set<Symbol> left;
    for (auto& [v, r] : variables)
        left.insert(v);
    auto mentions_left = [&](const Expr& e, const Symbol& self) {
        if (!e.defined()) return false;
        for (auto& s : free_variables(e))
            if (s != self && left.count(s)) return true;
        return false;
    };
    for (bool progress = true; progress;) {
        progress = false;
        for (auto& [v, r] : variables) {
            if (!left.count(v) || mentions_left(r.min, v) || mentions_left(r.max, v)) continue;
            order.push_back({v, r});
            left.erase(v);
            progress = true;
        }
    }
    for (auto& v : left)
        order.push_back({v, variables.at(v)}); // circular: bounds will find no end and stay open
    return order;
}

/// The alternatives of a condition; each is a conjunction. At most 8, else one that says nothing.
static std::vector<CondRef> alternatives(const CondRef& c) {
    using Kind = algebra::Cond::Kind;
    std::vector<CondRef> all{c};
    for (size_t i = 0; i < all.size();) {
        CondRef now = all[i];
        const std::vector<CondRef>* parts = &now->parts;
        size_t which = 0;
        if (now->kind == Kind::both) {
            while (which < parts->size() && (*parts)[which]->kind != Kind::either)
                ++which;
        }
        bool splits = now->kind == Kind::either || (now->kind == Kind::both && which < parts->size());
        if (!splits) {
            ++i;
            continue;
        }
        const std::vector<CondRef>& options = now->kind == Kind::either ? *parts : (*parts)[which]->parts;
        if (all.size() + options.size() > 9) {
            ++i; // this one keeps its disjunction, which bounds ignores
            continue;
        }
        all.erase(all.begin() + static_cast<long>(i));
        for (auto& o : options) {
            algebra::Cond one{Kind::both, true, {}, nullptr, {o}};
            for (size_t k = 0; k < parts->size() && now->kind == Kind::both; ++k) {
                if (k != which) one.parts.push_back((*parts)[k]);
            }
            if (o->kind == Kind::both) {
                one.parts.erase(one.parts.begin());
                one.parts.insert(one.parts.end(), o->parts.begin(), o->parts.end());
            }
            all.push_back(std::make_shared<algebra::Cond>(std::move(one)));
        }
    }
    return all;
}

Interval bounds_of(const Expr& e, const std::vector<VariableRange>& variables, const Expr& condition,
                   const Facts& facts) {
    Algebra a(facts);
    std::vector<std::pair<Symbol, PolyRange>> ranges;
    PolyRange all{Poly(), Poly()};
    bool first = true;
    std::deque<Algebra::Scope> scopes;
    for (auto& [v, r] : variables) {
        PolyRange range;
        if (r.min.defined()) range.min = a.poly(r.min);
        if (r.max.defined()) range.max = a.poly(r.max);
        ranges.push_back({v, range});
        scopes.emplace_back(a);
        a.assume_range(v, range);
    }
    Poly p = a.poly(e);
    std::vector<CondRef> cases{nullptr};
    if (condition.defined()) cases = alternatives(a.cond(condition));
    scopes.clear();
    for (auto& c : cases) {
        std::vector<Poly> guards;
        if (c && c->is(false)) continue;
        if (c) algebra::inequalities(*c, guards);
        a.reset_budget();
        PolyRange r = a.bounds(p, ranges, guards);
        if (first)
            all = r;
        else {
            all.min = all.min && r.min ? std::optional(a.minimum({*all.min, *r.min})) : std::nullopt;
            all.max = all.max && r.max ? std::optional(a.maximum({*all.max, *r.max})) : std::nullopt;
        }
        first = false;
    }
    if (first) return {index(0), index(-1)}; // the condition never holds
    Interval out;
    if (all.min) out.min = a.emit(*all.min);
    if (all.max) out.max = a.emit(*all.max);
    return out;
}

Interval bounds_of(const Expr& e, const std::map<Symbol, Interval>& variables) {
    return bounds_of(e, outermost_first(variables), Expr(), Facts());
}

std::optional<Linear> as_linear(const Expr& e) {
    Algebra a{Facts()};
    Linear linear;
    for (auto& [m, c] : a.poly(e).terms) {
        if (m.empty())
            linear.constant = c;
        else if (m.size() == 1 && m[0]->kind == algebra::AtomKind::variable)
            linear.coefficients[m[0]->symbol] = c;
        else
            return std::nullopt;
    }
    return linear;
}

} // namespace lathe::ir
