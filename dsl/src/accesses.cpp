#include "accesses.h"

#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe {

namespace {

/// Occurrences of loop variables, counted up to two each.
using Occurrences = std::map<Symbol, int>;

class Walker {
  public:
    explicit Walker(const Facts& f) : sizes(f), inside(f) {}

    void visit(const Stmt& s) {
        if (const auto* loop = s.as<For>()) return visit_loop(*loop);
        if (const auto* branch = s.as<If>()) return visit_branch(*branch);
        contexts.resize(1);
        seen.clear();
        contexts[0].condition = statement_condition;
        contexts[0].unconditional = statement_unconditional;
        for (const Expr& e : expressions(s))
            visit(e, 0);
        if (const auto* store = s.as<Store>())
            for (const StoreTarget& t : store->targets)
                add(t.tensor, t.indices, 0, true, store->loc);
        if (const auto* reduce = s.as<Reduce>())
            add(reduce->target.tensor, reduce->target.indices, 0, true, reduce->loc);
        for (const Stmt& body : bodies(s))
            visit(body);
    }

    Accesses found;

  private:
    /// Where an expression stands: under these conditions.
    struct Context {
        size_t parent = 0;
        int depth = 0;
        Expr condition; ///< only what Index arithmetic says
        bool unconditional = true;
    };
    static constexpr int most_contexts = 6; ///< nested ones; deeper conditions are not used

    Facts sizes;  ///< what is known of sizes
    Facts inside; ///< and that the loops around are not empty
    std::vector<VariableRange> loops;
    std::set<Symbol> loop_symbols;
    bool rectangular = true;
    Expr runs;
    Expr statement_condition;
    bool statement_unconditional = true;
    std::vector<Context> contexts;
    std::set<std::pair<const ExprNode*, size_t>> seen;

    void visit_loop(const For& loop) {
        if (const std::optional<int64_t> n = as_int(loop.extent); n && *n <= 0) return;
        const auto saved = std::tuple(inside, rectangular, runs);
        const auto free = [&](const Expr& e) {
            const std::set<Symbol> variables = free_variables(e);
            return std::none_of(variables.begin(), variables.end(), [&](const Symbol& v) { return loop_symbols.count(v); });
        };
        const Expr some = Binary::make(BinaryOp::ge, loop.extent, index(1));
        if (free(loop.min) && free(loop.extent) && tensors_read(loop.extent).empty()) {
            if (!prove(some, sizes)) runs = both(runs, some);
            inside.assume(some);
        } else {
            rectangular = false;
        }
        loops.emplace_back(loop.var, Interval{loop.min, isub(iadd(loop.min, loop.extent), index(1))});
        loop_symbols.insert(loop.var);
        visit(loop.body);
        loop_symbols.erase(loop.var);
        loops.pop_back();
        std::tie(inside, rectangular, runs) = saved;
    }

    void visit_branch(const If& branch) {
        contexts.resize(1);
        seen.clear();
        contexts[0] = {0, 0, statement_condition, statement_unconditional};
        visit(branch.condition, 0);
        const auto saved = std::pair(statement_condition, statement_unconditional);
        statement_unconditional = false;
        statement_condition = narrowed(saved.first, branch.condition);
        visit(branch.then_body);
        if (branch.else_body.defined()) {
            statement_condition = narrowed(saved.first, negation(branch.condition));
            visit(branch.else_body);
        }
        std::tie(statement_condition, statement_unconditional) = saved;
    }

    static Expr negation(const Expr& condition) { return Unary::make(UnaryOp::bit_not, condition); }

    static bool says_something(const Expr& condition) {
        bool index_only = true;
        for_each_expr(condition, [&](const Expr& e) { index_only &= e.type().is_index() || e.type().is_bool(); });
        return index_only && tensors_read(condition).empty();
    }

    static Expr narrowed(const Expr& outer, const Expr& condition) {
        return says_something(condition) ? both(outer, condition) : outer;
    }

    bool visited(const ExprNode* node, size_t context) {
        for (size_t c = context;; c = contexts[c].parent) {
            if (seen.count({node, c})) return true;
            if (c == 0) break;
        }
        seen.insert({node, context});
        return false;
    }

    size_t context_of_arm(size_t outer, const Expr& condition) {
        const Context& around = contexts[outer];
        const bool narrows = around.depth < most_contexts && says_something(condition);
        if (!narrows && !around.unconditional) return outer;
        contexts.push_back({outer, around.depth + 1,
                            narrows ? both(around.condition, condition) : around.condition, false});
        return contexts.size() - 1;
    }

    void visit(const Expr& e, size_t context) {
        if (visited(e.get(), context)) return;
        if (const auto* select = e.as<Select>()) {
            visit(select->condition, context);
            visit(select->then_value, context_of_arm(context, select->condition));
            visit(select->else_value, context_of_arm(context, negation(select->condition)));
            return;
        }
        for (const Expr& operand : operands(e))
            visit(operand, context);
        if (const auto* load = e.as<Load>()) add(load->tensor, load->indices, context, false, load->loc);
        if (const auto* c = e.as<Cast>(); c && c->type == Int(32) && c->a.type().is_index())
            found.values.push_back({bounds_of(c->a, loops, contexts[context].condition, inside), runs, c->loc});
    }

    void add(const Symbol& tensor, const std::vector<Expr>& indices, size_t context, bool write, Loc loc) {
        if (indices.empty()) return;
        Access access = {tensor, {}, write, contexts[context].unconditional, true, runs, loc};
        for (const Expr& i : indices) {
            access.region.push_back(bounds_of(i, loops, contexts[context].condition, inside));
            Occurrences occurrences;
            access.tight &= monotone(i, occurrences);
        }
        access.tight &= access.unconditional && rectangular;
        found.list.push_back(std::move(access));
    }

    /// True if the expression is made of steps that are monotone in each loop variable, each used once, so that its bounds
    /// are reached.
    bool monotone(const Expr& e, Occurrences& count) const {
        if (const auto* v = e.as<Variable>()) return !loop_symbols.count(v->symbol) || ++count[v->symbol] == 1;
        if (e.as<Constant>()) return true;
        const auto* b = e.as<Binary>();
        if (!b) return false;
        switch (b->op) {
        case BinaryOp::add:
        case BinaryOp::sub:
        case BinaryOp::min:
        case BinaryOp::max:
            return monotone(b->a, count) && monotone(b->b, count);
        case BinaryOp::mul:
            return (as_int(b->a) || as_int(b->b)) && monotone(b->a, count) && monotone(b->b, count);
        case BinaryOp::floordiv:
            return as_int(b->b) && monotone(b->a, count);
        default:
            return false;
        }
    }
};

} // namespace

Accesses accesses_of(const Stmt& stage, const Facts& facts) {
    Walker walker(facts);
    walker.visit(stage);
    return std::move(walker.found);
}

std::string region_text(const std::vector<Interval>& region, const Facts& facts) {
    const auto bound = [&](const Expr& e) { return e.defined() ? print(simplify(e, facts)) : std::string("?"); };
    std::string text;
    for (const Interval& i : region)
        text += fmt::format("{}[{}, {}]", text.empty() ? "" : " x ", bound(i.min), bound(i.max));
    return text;
}

} // namespace lathe
