#include "stencil_windows.h"

#include "stencil_shared.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace lathe::schedule::stencil {

namespace {

/// Positions at each end of a dimension at which a subscript may be something else than inside.
constexpr int64_t edge = 16;

std::optional<int64_t> distance_at(const Expr& subscript, const Symbol& p, int64_t at) {
    const auto there = as_int(simplify(substitute(subscript, {{p, index(at)}})));
    if (!there) return {};
    return *there - at;
}

Expr negated(const Expr& condition) {
    return Unary::make(UnaryOp::bit_not, condition);
}

/// What must hold of a condition, without what data decide; none: nothing.
Expr about_place(const Expr& condition) {
    if (tensors_read(condition).empty()) return condition;
    const auto* both = condition.as<Binary>();
    if (!both || both->op != BinaryOp::logical_and) return {};
    const Expr a = about_place(both->a), b = about_place(both->b);
    if (!a.defined() || !b.defined()) return a.defined() ? a : b;
    return Binary::make(BinaryOp::logical_and, a, b);
}

/// Loads that are not proved to be inside, from the leaves up: each node of the expression is looked at once.
class LoadsInside {
  public:
    LoadsInside(const std::function<const Tensor*(const Symbol&)>& t, const Facts& f) : tensor(t), facts(f) {}

    const Load* outside(const Expr& e) {
        const std::vector<Open>& left = open(e);
        return left.empty() ? nullptr : left.front().load;
    }

  private:
    /// Something that must hold where the load happens, with what is known there.
    struct Open {
        const Load* load;
        Expr bound;
        std::vector<Expr> known; ///< by the selects below, the innermost first
    };
    /// Ways to one bound that are told apart; more of them know nothing.
    static constexpr std::ptrdiff_t most_ways = 8;

    const std::function<const Tensor*(const Symbol&)>& tensor;
    const Facts& facts;
    std::unordered_map<const ExprNode*, std::vector<Open>> seen;

    const std::vector<Open>& open(const Expr& e) {
        if (const auto found = seen.find(e.get()); found != seen.end()) return found->second;
        std::vector<Open> all;
        if (const auto* s = e.as<Select>()) {
            add(all, open(s->condition));
            const Expr holds = about_place(s->condition);
            add(all, holds.defined() ? where(holds, open(s->then_value)) : open(s->then_value));
            const bool whole = holds.same_as(s->condition);
            add(all, whole ? where(negated(holds), open(s->else_value)) : open(s->else_value));
        } else {
            if (const auto* l = e.as<Load>()) add(all, bounds(*l));
            for (const Expr& operand : operands(e))
                add(all, open(operand));
        }
        return seen.emplace(e.get(), std::move(all)).first->second;
    }

    static void add(std::vector<Open>& to, const std::vector<Open>& more) {
        const auto same = [](const Open& a, const Open& b) {
            return a.load == b.load && a.bound.same_as(b.bound);
        };
        for (const Open& o : more) {
            const auto ways = std::ranges::count_if(to, [&](const Open& p) { return same(o, p); });
            if (ways < most_ways) {
                to.push_back(o);
                continue;
            }
            std::erase_if(to, [&](const Open& p) { return same(o, p); });
            to.push_back({o.load, o.bound, {}});
        }
    }

    /// What is left of them where the condition holds, too.
    std::vector<Open> where(const Expr& condition, const std::vector<Open>& all) const {
        std::vector<Open> left;
        for (Open o : all) {
            o.known.push_back(condition);
            if (!holds(o)) left.push_back(std::move(o));
        }
        return left;
    }

    bool holds(const Open& o) const {
        Facts there = facts;
        for (const Expr& c : o.known)
            there.assume(c);
        return prove(o.bound, there);
    }

    std::vector<Open> bounds(const Load& l) const {
        std::vector<Open> all;
        const Tensor* t = tensor(l.tensor);
        for (size_t d = 0; t && d < l.indices.size(); ++d) {
            const Dim& dim = t->dims[d];
            for (const Expr& bound :
                 {at_most(dim.min, l.indices[d]), less(l.indices[d], iadd(dim.min, dim.extent))})
                if (Open o{&l, bound, {}}; !holds(o)) all.push_back(std::move(o));
        }
        return all;
    }
};

Facts in_box(const std::vector<Symbol>& point, const Box& box) {
    Facts facts;
    for (size_t d = 0; d < point.size(); ++d)
        facts.bound(point[d], {index(box.first[d]), index(box.end(d) - 1)});
    return facts;
}

/// Selects whose conditions are decided.
class LiveArms : public Mutator {
  public:
    explicit LiveArms(Facts f) : facts(std::move(f)) {}

  protected:
    using Mutator::visit;
    Expr visit(const Select& s, const Expr& e) override {
        // What is chosen by data again and again, a sort, is not about places.
        if (s.condition.type().lanes() > 1 || chooses_by_data(s.condition)) return rebuilt(e);
        if (prove(s.condition, facts)) return (*this)(s.then_value);
        if (prove(negated(s.condition), facts)) return (*this)(s.else_value);
        return rebuilt(e);
    }

  private:
    Facts facts;
};

/// A condition as one of few forms, and whether it is meant or its opposite.
std::pair<Expr, bool> canonical(const Expr& condition) {
    if (const auto* u = condition.as<Unary>(); u && u->op == UnaryOp::bit_not) {
        const auto [c, holds] = canonical(u->a);
        return {c, !holds};
    }
    const auto* b = condition.as<Binary>();
    if (!b || !is_compare(b->op)) return {condition, true};
    if (b->op == BinaryOp::ne) return {Binary::make(BinaryOp::eq, b->a, b->b), false};
    if (b->op == BinaryOp::gt) return {less(b->b, b->a), true};
    const bool total = !b->a.type().is_float() && !b->b.type().is_float(); // without NaN
    if (total && b->op == BinaryOp::le) return {less(b->b, b->a), false};
    if (total && b->op == BinaryOp::ge) return {less(b->a, b->b), false};
    return {condition, true};
}

/// Whether a variable is asked for, where of two selects by one condition the inner one goes the outer one's
/// way.
class Asked {
  public:
    explicit Asked(const Symbol& s) : symbol(s) {}

    bool in(const Expr& e) {
        if (!there(e)) return false;
        if (++looks > most_looks) return true; // not known
        if (e.as<Variable>()) return true;
        const auto* s = e.as<Select>();
        if (!s || s->condition.type().lanes() > 1)
            return std::ranges::any_of(operands(e), [&](const Expr& o) { return in(o); });
        if (in(s->condition)) return true;
        const auto decided = truth(s->condition);
        return (decided != false && where(s->condition, true, s->then_value)) ||
               (decided != true && where(s->condition, false, s->else_value));
    }

  private:
    static constexpr int most_looks = 20000;
    const Symbol& symbol;
    std::unordered_map<const ExprNode*, bool> known_there;
    struct Condition {
        Expr form;
        bool holds; ///< it is meant, or its opposite
        size_t hash;
    };
    std::vector<Condition> known;
    std::unordered_map<const ExprNode*, Condition> forms;
    int looks = 0;

    const Condition& form(const Expr& condition) {
        const auto found = forms.find(condition.get());
        if (found != forms.end()) return found->second;
        const auto [c, meant] = canonical(condition);
        return forms.emplace(condition.get(), Condition{c, meant, structural_hash(c)}).first->second;
    }

    bool there(const Expr& e) {
        if (const auto found = known_there.find(e.get()); found != known_there.end()) return found->second;
        const auto* v = e.as<Variable>();
        const bool is = (v && v->symbol == symbol) ||
                        std::ranges::any_of(operands(e), [&](const Expr& o) { return there(o); });
        return known_there[e.get()] = is;
    }

    bool where(const Expr& condition, bool holds, const Expr& e) {
        const size_t before = known.size();
        add(condition, holds);
        const bool asked = in(e);
        known.resize(before);
        return asked;
    }

    void add(const Expr& condition, bool holds) {
        Condition c = form(condition);
        c.holds = c.holds == holds;
        known.push_back(c);
        const auto* b = c.form.as<Binary>();
        if (!b || b->op != (c.holds ? BinaryOp::logical_and : BinaryOp::logical_or)) return;
        add(b->a, c.holds);
        add(b->b, c.holds);
    }

    std::optional<bool> truth(const Expr& condition) {
        const Condition c = form(condition);
        for (const Condition& other : known)
            if (other.hash == c.hash && equal(other.form, c.form)) return other.holds == c.holds;
        const auto* b = c.form.as<Binary>();
        if (!b || (b->op != BinaryOp::logical_and && b->op != BinaryOp::logical_or)) return {};
        const bool decides = b->op == BinaryOp::logical_or; // one part alone
        const auto first = truth(b->a), second = truth(b->b);
        if (first == decides || second == decides) return decides == c.holds;
        if (first && second) return decides != c.holds;
        return {};
    }
};

/// Places of a dimension at which a comparison of the value may change.
void add_limits(std::set<int64_t>& all, const Expr& value, const Symbol& p) {
    for_each_expr(value, [&](const Expr& e) {
        const auto* b = e.as<Binary>();
        if (!b || !b->type.is_bool() || !b->a.type().is_index()) return;
        const auto difference = as_linear(isub(b->a, b->b));
        if (!difference || difference->coefficients.size() != 1) return;
        const auto& [v, by] = *difference->coefficients.begin();
        if (v != p || abs(by) != 1 || !difference->constant.fits_slong_p()) return;
        const int64_t at = -difference->constant.get_si() * by.get_si();
        for (const int64_t limit : {at, at + 1})
            all.insert(limit);
    });
}

/// Parts of the box in which comparisons of single places are decided.
std::vector<Box> cells(const Expr& value, const std::vector<Symbol>& point, const Box& box) {
    constexpr size_t most = 4096;
    std::vector<Box> all{box};
    for (size_t d = 0; d < box.rank(); ++d) {
        std::set<int64_t> limits{box.end(d)};
        add_limits(limits, value, point[d]);
        std::vector<Box> parts;
        for (const Box& b : all) {
            int64_t first = b.first[d];
            for (const int64_t limit : limits) {
                if (limit <= first || limit > b.end(d)) continue;
                parts.push_back(b);
                parts.back().first[d] = first;
                parts.back().extent[d] = limit - first;
                first = limit;
            }
            if (parts.size() > most) return {box};
        }
        all = std::move(parts);
    }
    return all;
}

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

Expr without_dead_arms(const Expr& value, const std::vector<Symbol>& point, const Box& box) {
    return LiveArms(in_box(point, box))(value);
}

bool reached(const Expr& value, const Symbol& symbol, const std::vector<Symbol>& point, const Box& box) {
    if (!uses(value, symbol)) return false;
    return std::ranges::any_of(cells(value, point, box), [&](const Box& cell) {
        return Asked(symbol).in(without_dead_arms(value, point, cell));
    });
}

const Load* load_outside(const Expr& value, const Flow& at,
                         const std::function<const Tensor*(const Symbol&)>& tensor) {
    const Facts facts = in_box(at.point, at.box);
    return LoadsInside(tensor, facts).outside(value);
}

} // namespace lathe::schedule::stencil
