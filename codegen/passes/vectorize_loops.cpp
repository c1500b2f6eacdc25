#include "vectorize_loops.h"

#include "lathe/ir/print.h"
#include "scoped_pass.h"

#include <bit>

namespace lathe {
namespace {

constexpr int64_t most_lanes = 4096;

Expr widen(const Expr& e, int lanes) {
    return e.type().lanes() == lanes ? e : Broadcast::make(e, lanes, e.loc());
}

bool is_vector(const Expr& e) { return !e.type().is_scalar(); }

Expr negation(const Expr& condition) { return Unary::make(UnaryOp::bit_not, condition); }

/// Conjunction of two predicates of any lanes; undefined means true.
Expr conjunction(const Expr& a, const Expr& b) {
    if (!a.defined()) return b;
    if (!b.defined()) return a;
    const int lanes = std::max(a.type().lanes(), b.type().lanes());
    return Binary::make(BinaryOp::logical_and, widen(a, lanes), widen(b, lanes));
}

/// Turns the body of one vectorized loop into vectors of `lanes` lanes. Expressions that do not depend on the loop stay scalar.
class Vectorizer {
  public:
    /// `tensors` finds declarations outside the loop.
    Vectorizer(const For& loop, int lanes, Facts facts, std::function<const Tensor&(const Symbol&)> tensors)
        : loop(loop), lanes(lanes), facts(std::move(facts)), outer(std::move(tensors)) {
        this->facts.bound(loop.var, {loop.min, isub(iadd(loop.min, loop.extent), index(1))});
    }

    Stmt run() {
        Expr active;
        if (as_int(loop.extent) != lanes)
            active = Binary::make(BinaryOp::lt, Ramp::make(index(0), index(1), lanes), widen(loop.extent, lanes));
        return statement(loop.body, active);
    }

  private:
    const For& loop;
    const int lanes;
    Facts facts;
    std::function<const Tensor&(const Symbol&)> outer;
    std::map<Symbol, Tensor> widened;      ///< tensors allocated inside the loop, with their lane dimension
    std::map<Symbol, Expr> vector_lets;    ///< let-bound symbols that became vectors
    struct Widened {
        Expr from, active, to; ///< the first two keep the key's nodes alive
    };
    std::map<std::pair<const ExprNode*, const ExprNode*>, Widened> memo; ///< by node and predicate

    [[noreturn]] void refuse(Loc loc, const std::string& what) const {
        fail(loop.loc, "vectorize({}) has no vector form: {}{}", loop.var.name(), what,
             loc.known() ? " at " + loc.str() : "");
    }

    // ---- statements

    Stmt statement(const Stmt& s, const Expr& active) {
        if (!s.defined()) return s;
        switch (s.kind()) {
        case StmtKind::block: {
            std::vector<Stmt> parts;
            for (const Stmt& part : s.as<Block>()->stmts) parts.push_back(statement(part, active));
            return Block::make(std::move(parts));
        }
        case StmtKind::for_: return inner_loop(*s.as<For>(), active);
        case StmtKind::if_: return branch(*s.as<If>(), active);
        case StmtKind::let: return let(*s.as<LetStmt>(), active);
        case StmtKind::store: return store(*s.as<Store>(), active);
        case StmtKind::reduce: return reduce(*s.as<Reduce>(), active);
        case StmtKind::allocate: return allocate(*s.as<Allocate>(), active);
        case StmtKind::assert_: refuse(s.loc(), "a check inside the loop");
        case StmtKind::stage: {
            auto* stage = s.as<Stage>();
            return Stage::make(stage->func, stage->definition, statement(stage->body, active), stage->loc);
        }
        }
        throw InternalError("unknown statement");
    }

    Stmt inner_loop(const For& inner, const Expr& active) {
        if (inner.loop == LoopKind::vectorized())
            refuse(inner.loc, fmt::format("loop {} inside it is vectorized too", inner.var.name()));
        if (inner.loop == LoopKind::parallel())
            refuse(inner.loc, fmt::format("loop {} inside it is parallel; make it the outer loop", inner.var.name()));
        Expr min = expr(inner.min, active), extent = expr(inner.extent, active);
        if (is_vector(min)) refuse(inner.loc, fmt::format("the start of loop {} depends on it", inner.var.name()));
        Expr inside = active;
        if (is_vector(extent)) {
            // Every lane runs as often as the longest one needs; the lanes that are done are switched off.
            const Expr longest = bounds_of(inner.extent, {{loop.var, *facts.range(loop.var)}}).max;
            if (!longest.defined()) refuse(inner.loc, fmt::format("the length of loop {} depends on it", inner.var.name()));
            const Expr position = isub(Variable::make(inner.var, IndexType()), min);
            inside = conjunction(active, Binary::make(BinaryOp::lt, widen(position, lanes), extent));
            extent = simplify(longest, facts);
        }
        const Facts before = facts;
        facts.bound(inner.var, {min, isub(iadd(min, extent), index(1))});
        Stmt body = statement(inner.body, inside);
        facts = before;
        return For::make(inner.var, min, extent, inner.loop, std::move(body), inner.loc);
    }

    Stmt branch(const If& b, const Expr& active) {
        const Expr condition = expr(b.condition, active);
        if (!is_vector(condition)) {
            const Facts before = facts;
            facts.assume(b.condition);
            Stmt then_body = statement(b.then_body, active);
            facts = before;
            facts.assume(negation(b.condition));
            Stmt else_body = statement(b.else_body, active);
            facts = before;
            return If::make(condition, std::move(then_body), std::move(else_body), b.loc);
        }
        // Lanes where the condition is false run along: it is no fact.
        std::vector<Stmt> parts = {statement(b.then_body, conjunction(active, condition))};
        if (b.else_body.defined()) {
            // The then-arm could change what the condition reads.
            for (const Symbol& t : tensors_written(b.then_body))
                if (tensors_read(b.condition).contains(t)) refuse(b.loc, "a branch changes its own condition");
            parts.push_back(statement(b.else_body, conjunction(active, negation(condition))));
        }
        return Block::make(std::move(parts));
    }

    Stmt let(const LetStmt& l, const Expr& active) {
        const Expr value = expr(l.value, active);
        if (is_vector(value)) vector_lets[l.symbol] = Variable::make(l.symbol, value.type());
        return LetStmt::make(l.symbol, value, statement(l.body, active), l.loc);
    }

    Stmt store(const Store& s, const Expr& active) {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets) {
            StoreTarget to = target(t, active);
            if (!std::ranges::any_of(to.indices, is_vector) && (is_vector(to.value) || active.defined()))
                refuse(s.loc, fmt::format("every iteration stores to the same element of {}", t.tensor.name()));
            targets.push_back(std::move(to));
        }
        return Store::make(std::move(targets), s.loc, conjunction(predicate(s.predicate, active), active));
    }

    StoreTarget target(const StoreTarget& t, const Expr& active) {
        StoreTarget to = {t.tensor, t.type, subscripts(t.tensor, t.indices, active), expr(t.value, active)};
        if (std::ranges::any_of(to.indices, is_vector)) {
            for (Expr& i : to.indices) i = widen(i, lanes);
            to.value = widen(to.value, lanes);
        }
        return to;
    }

    Stmt reduce(const Reduce& r, const Expr& active) {
        StoreTarget to = target(r.target, active);
        const Expr all = conjunction(predicate(r.predicate, active), active);
        if (std::ranges::any_of(to.indices, is_vector))
            return Reduce::make(r.op, std::move(to), r.loc, all, r.contract);
        // All lanes meet in one element.
        if (!r.commutes)
            refuse(r.loc, fmt::format("the order of {} {}= matters in type {}", to.tensor.name(), symbol(r.op), to.type.str()));
        Expr value = Cast::make(to.type, widen(to.value, lanes));
        if (all.defined())
            value = Select::make(widen(all, lanes), value, widen(Constant::make(identity(r.op, to.type)), lanes));
        to.value = VectorReduce::make(r.op, value, r.loc);
        return Reduce::make(r.op, std::move(to), r.loc);
    }

    Stmt allocate(const Allocate& a, const Expr& active) {
        Tensor tensor = a.tensor;
        for (Dim& d : tensor.dims) {
            d = {expr(d.min, active), expr(d.extent, active)};
            if (is_vector(d.min) || is_vector(d.extent))
                refuse(a.loc, fmt::format("the place or size of {}, which is allocated inside, depends on it", tensor.symbol.name()));
        }
        tensor.dims.push_back({index(0), index(lanes)});
        widened[tensor.symbol] = tensor;
        return Allocate::make(tensor, statement(a.body, active));
    }

    // ---- expressions

    Expr predicate(const Expr& p, const Expr& active) { return p.defined() ? expr(p, active) : p; }

    std::vector<Expr> subscripts(const Symbol& tensor, const std::vector<Expr>& indices, const Expr& active) {
        std::vector<Expr> result;
        for (const Expr& i : indices) result.push_back(expr(i, active));
        if (widened.contains(tensor)) result.push_back(Ramp::make(index(0), index(1), lanes));
        return result;
    }

    Expr expr(const Expr& e, const Expr& active) {
        const auto key = std::pair(e.get(), active.get());
        if (auto found = memo.find(key); found != memo.end()) return found->second.to;
        Expr result = e.type().is_index() ? subscript(e, active) : rebuild(e, active);
        memo.emplace(key, Widened{e, active, result});
        return result;
    }

    /// Linear Index expressions become ramps; all others are rebuilt lane by lane.
    Expr subscript(const Expr& e, const Expr& active) {
        if (!uses(e, loop.var)) return rebuild(e, active);
        const Expr var = Variable::make(loop.var, IndexType());
        if (!loads_something(e)) {
            const Expr step = simplify(isub(substitute(e, {{loop.var, iadd(var, index(1))}}), e), facts);
            if (!uses(step, loop.var) && no_vector_lets(e)) {
                const Expr base = simplify(substitute(e, {{loop.var, loop.min}}), facts);
                return Ramp::make(base, step, lanes, e.loc());
            }
        }
        if (auto* v = e.as<Variable>(); v && v->symbol == loop.var) return Ramp::make(loop.min, index(1), lanes, e.loc());
        return rebuild(e, active);
    }

    static bool loads_something(const Expr& e) { return !tensors_read(e).empty(); }
    bool no_vector_lets(const Expr& e) const {
        return std::ranges::none_of(vector_lets, [&](const auto& l) { return uses(e, l.first); });
    }

    Expr rebuild(const Expr& e, const Expr& active) {
        if (auto* v = e.as<Variable>()) {
            if (v->symbol == loop.var) return Ramp::make(loop.min, index(1), lanes, e.loc());
            auto found = vector_lets.find(v->symbol);
            return found == vector_lets.end() ? e : found->second;
        }
        if (auto* load = e.as<Load>()) return vector_load(*load, active);
        if (auto* select = e.as<Select>()) return vector_select(*select, active);
        if (auto* l = e.as<Let>()) {
            const Expr value = expr(l->value, active);
            if (is_vector(value)) vector_lets[l->symbol] = Variable::make(l->symbol, value.type());
            return Let::make(l->symbol, value, expr(l->body, active), e.loc());
        }
        std::vector<Expr> parts;
        bool vector = false;
        for (const Expr& o : operands(e)) {
            parts.push_back(expr(o, active));
            vector |= is_vector(parts.back());
        }
        return vector ? widen_node(e, std::move(parts)) : with_operands(e, parts);
    }

    /// The node over vector operands, of the same element type (which may be narrower than result_type's).
    Expr widen_node(const Expr& e, std::vector<Expr> parts) const {
        for (Expr& p : parts) p = widen(p, lanes);
        const Type type = e.type().with_lanes(lanes);
        if (auto* b = e.as<Binary>(); b && !is_compare(b->op) && type.is_exact())
            return Binary::make_as(type, b->op, parts[0], parts[1], e.loc());
        return with_operands(e, parts);
    }

    Expr vector_load(const Load& load, const Expr& active) {
        std::vector<Expr> indices = subscripts(load.tensor, load.indices, active);
        Expr mask = conjunction(predicate(load.predicate, active), active);
        const bool vector = std::ranges::any_of(indices, is_vector);
        if (mask.defined() && always_in_bounds(load)) mask = {};
        if (!vector && !(mask.defined() && is_vector(mask)))
            return Load::make(load.tensor, load.type, std::move(indices), load.loc, mask);
        for (Expr& i : indices) i = widen(i, lanes);
        if (mask.defined()) mask = widen(mask, lanes);
        return Load::make(load.tensor, load.type, std::move(indices), load.loc, mask);
    }

    /// Whether the load may happen in every lane, whatever its path condition says.
    bool always_in_bounds(const Load& load) const {
        if (load.predicate.defined() || widened.contains(load.tensor)) return widened.contains(load.tensor);
        const Tensor& tensor = outer(load.tensor);
        // Lanes that the loop's own extent switches off lie beyond the range that the facts give for its variable.
        Facts lanes_on = facts;
        const Expr var = Variable::make(loop.var, IndexType());
        if (as_int(loop.extent) != lanes) lanes_on.bound(loop.var, {loop.min, iadd(loop.min, index(lanes - 1))});
        for (size_t d = 0; d < tensor.dims.size(); ++d) {
            const Dim& dim = tensor.dims[d];
            const Expr above = Binary::make(BinaryOp::ge, load.indices[d], dim.min);
            const Expr below = Binary::make(BinaryOp::lt, load.indices[d], iadd(dim.min, dim.extent));
            if (!prove(above, lanes_on) || !prove(below, lanes_on)) return false;
        }
        return true;
    }

    Expr vector_select(const Select& s, const Expr& active) {
        const Expr condition = expr(s.condition, active);
        if (!is_vector(condition)) {
            const Expr a = expr(s.then_value, active), b = expr(s.else_value, active);
            const int width = std::max(a.type().lanes(), b.type().lanes());
            return Select::make(condition, widen(a, width), widen(b, width), s.loc);
        }
        const Expr a = widen(expr(s.then_value, conjunction(active, condition)), lanes);
        const Expr b = widen(expr(s.else_value, conjunction(active, negation(condition))), lanes);
        return Select::make(condition, a, b, s.loc);
    }
};

class LoopVectorizer : public ScopedMutator {
    Stmt mutate(const Stmt& s) override {
        auto* loop = s.as<For>();
        if (!loop || loop->loop != LoopKind::vectorized()) return ScopedMutator::mutate(s);
        const std::optional<int64_t> extent = const_upper_bound(loop->extent, facts());
        if (!extent)
            fail(loop->loc, "vectorize({}): the loop's extent {} has no constant bound; give a number of lanes: vectorize({}, 8)",
                 loop->var.name(), print(loop->extent), loop->var.name());
        if (*extent > most_lanes)
            fail(loop->loc, "vectorize({}): {} lanes are more than the {} a vector may have; give a number of lanes",
                 loop->var.name(), *extent, most_lanes);
        if (*extent <= 0) return Stmt();
        if (*extent == 1) return one_lane(*loop);
        const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(*extent)));
        return Vectorizer(*loop, lanes, facts(), [&](const Symbol& t) -> const Tensor& { return declaration(t); }).run();
    }

    Stmt one_lane(const For& loop) {
        const Stmt body = substitute(loop.body, {{loop.var, loop.min}});
        if (as_int(loop.extent)) return (*this)(body);
        const Expr runs = Binary::make(BinaryOp::gt, loop.extent, index(0));
        return If::make(runs, under(runs, body), {}, loop.loc);
    }
};

} // namespace

Module vectorize_loops(const Module& module) { return LoopVectorizer().run(module); }

} // namespace lathe
