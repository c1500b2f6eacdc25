#include "touched.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

using namespace ir;

namespace {

/// What the loops around a place say.
struct Surroundings {
    std::set<Symbol> variables; ///< that are no sizes
    std::vector<VariableRange> ranges;
    bool rectangular = true; ///< no bound depends on an outer loop or on data
    bool empty = false;
    Expr runs;
    Facts facts; ///< with `runs`

    /// `lets` are values that are no sizes.
    Surroundings(const std::vector<const For*>& loops, const std::set<Symbol>& lets, const Facts& known)
        : variables(lets), facts(known) {
        for (const For* loop : loops) {
            if (const std::optional<int64_t> n = as_int(loop->extent)) empty |= *n <= 0;
            const bool free = depends_on_sizes_only(loop->min) && depends_on_sizes_only(loop->extent);
            rectangular &= free;
            if (free) {
                const Expr some = Binary::make(BinaryOp::ge, loop->extent, index(1));
                if (!prove(some, known)) runs = both(runs, some);
                facts.assume(some);
            }
            variables.insert(loop->var);
            ranges.emplace_back(loop->var, interval_of(*loop));
        }
    }

    bool depends_on_sizes_only(const Expr& e) const {
        const std::set<Symbol> mentioned = free_variables(e);
        return tensors_read(e).empty() &&
               std::none_of(mentioned.begin(), mentioned.end(),
                            [&](const Symbol& v) { return variables.count(v) != 0; });
    }
};

/// True if the expression is made of steps that are monotone in each loop variable, each used once: then its
/// bounds are reached. `seen` collects the variables.
bool monotone(const Expr& e, const std::set<Symbol>& variables, std::set<Symbol>& seen) {
    if (const auto* v = e.as<Variable>()) return !variables.count(v->symbol) || seen.insert(v->symbol).second;
    if (e.as<Constant>()) return true;
    const auto* b = e.as<Binary>();
    if (!b) return false;
    const auto both_sides = [&] {
        return monotone(b->a, variables, seen) && monotone(b->b, variables, seen);
    };
    switch (b->op) {
    case BinaryOp::add:
    case BinaryOp::sub:
    case BinaryOp::min:
    case BinaryOp::max:
        return both_sides();
    case BinaryOp::mul:
        return (as_int(b->a) || as_int(b->b)) && both_sides();
    case BinaryOp::floordiv:
        return as_int(b->b) && monotone(b->a, variables, seen);
    default:
        return false;
    }
}

class ValueFinder {
  public:
    ValueFinder(const std::set<Symbol>& l, const Facts& f) : lets(l), facts(f) {}

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* loop = s.as<For>()) {
            loops.push_back(loop);
            visit(loop->body);
            loops.pop_back();
            return;
        }
        for (const Expr& e : expressions(s))
            for_each_expr(e, [&](const Expr& x) { add(x); });
        for (const Stmt& body : bodies(s))
            visit(body);
    }

    std::vector<IndexValue> found;

  private:
    const std::set<Symbol>& lets;
    const Facts& facts;
    std::vector<const For*> loops;

    void add(const Expr& e) {
        const auto* cast = e.as<Cast>();
        if (!cast || cast->type != Int(32) || !cast->a.type().is_index()) return;
        const Surroundings around(loops, lets, facts);
        if (around.empty) return;
        const Interval range = bounds_of(cast->a, around.ranges, {}, around.facts);
        const auto of_sizes = [&](const Expr& x) { return !x.defined() || around.depends_on_sizes_only(x); };
        found.push_back({range, around.runs, of_sizes(range.min) && of_sizes(range.max), cast->loc});
    }
};

bool is_same_element(const Access& a, const Access& b) {
    return a.stmt == b.stmt && a.tensor == b.tensor && a.write == b.write &&
           std::ranges::equal(a.indices, b.indices, [](const Expr& x, const Expr& y) { return equal(x, y); });
}

using Lets = std::vector<std::pair<Symbol, Expr>>;

/// In program order.
Lets lets_in(const Stmt& s) {
    Lets lets;
    for_each(
        s,
        [&](const Stmt& x) {
            if (const auto* l = x.as<LetStmt>()) lets.emplace_back(l->symbol, l->value);
        },
        nullptr);
    return lets;
}

std::set<Symbol> variables_of(const Lets& lets) {
    std::set<Symbol> variables;
    for (const auto& [symbol, value] : lets)
        variables.insert(symbol);
    return variables;
}

} // namespace

/// Spawns are loops over their ids.
static Stmt spawns_as_loops(const Stmt& s) {
    class Loops : public Mutator {
        using Mutator::visit;
        Stmt visit(const Spawn& p, const Stmt&) override {
            Stmt all = p.call;
            for (size_t d = p.ids.size(); d-- > 0;)
                all = For::make(p.ids[d], p.box[d].min, p.box[d].extent, {}, all, p.loc);
            return all;
        }
    };
    return Loops()(s);
}

std::vector<Touch> touched(const Stmt& whole, const Facts& facts) {
    const Stmt stage = spawns_as_loops(whole);
    const Lets lets = lets_in(stage);
    const std::set<Symbol> variables = variables_of(lets);
    std::vector<Touch> result;
    std::vector<Access> always;
    for (Access& access : accesses(stage)) {
        if (access.indices.empty()) continue;
        // The statement touches that element whatever its conditions say, which may be hundreds.
        if (std::ranges::any_of(always, [&](const Access& a) { return is_same_element(a, access); }))
            continue;
        if (!access.condition.defined()) always.push_back(access);
        const Surroundings around(access.loops, variables, facts);
        // What a let keeps of memory has the range of its type, as the read itself.
        for (const auto& l : lets)
            if (!l.second.type().is_index()) access.definitions.push_back(l);
        if (around.empty) continue;
        bool tight = around.rectangular && !access.condition.defined();
        for (const Expr& i : access.indices) {
            std::set<Symbol> seen;
            tight = tight && monotone(i, around.variables, seen);
        }
        result.push_back({access.tensor, region_of(access, around.facts), access.write,
                          around.rectangular && !access.condition.defined(), tight, around.runs, access.loc});
    }
    return result;
}

std::vector<IndexValue> index_values(const Stmt& whole, const Facts& facts) {
    const Stmt stage = spawns_as_loops(whole);
    const std::set<Symbol> lets = variables_of(lets_in(stage));
    ValueFinder finder(lets, facts);
    finder.visit(stage);
    return std::move(finder.found);
}

std::string region_text(const Region& region, const Facts& facts) {
    const auto bound = [&](const Expr& e) {
        return e.defined() ? print(simplify(e, facts)) : std::string("?");
    };
    std::string text;
    for (const Interval& i : region)
        text += fmt::format("{}[{}, {}]", text.empty() ? "" : " x ", bound(i.min), bound(i.max));
    return text;
}

} // namespace lathe
