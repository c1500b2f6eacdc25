#include "vectorize_loops.h"

#include "common_start.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/print.h"
#include "lathe/ir/scoped_pass.h"

#include <bit>

namespace lathe::codegen {
namespace {

constexpr int64_t most_lanes = 4096;
/// Integers over 64 bits have no vectors on any machine: code for each lane would only be long.
constexpr int64_t most_wide_lanes = 8;

Expr widen(const Expr& e, int lanes) {
    return e.type().lanes() == lanes ? e : Broadcast::make(e, lanes, e.loc());
}

bool is_vector(const Expr& e) {
    return !e.type().is_scalar();
}

Expr negation(const Expr& condition) {
    return Unary::make(UnaryOp::bit_not, condition);
}

/// Conjunction of two predicates of any lanes; undefined means true.
Expr conjunction(const Expr& a, const Expr& b) {
    if (!a.defined()) return b;
    if (!b.defined()) return a;
    const int lanes = std::max(a.type().lanes(), b.type().lanes());
    return Binary::make(BinaryOp::logical_and, widen(a, lanes), widen(b, lanes));
}

/// Turns the body of one vectorized loop into vectors of `lanes` lanes. Expressions that do not depend on the
/// loop stay scalar. The parameter `where` is the condition of the place, in vector form: lanes where it is
/// false run along and must do no harm. Undefined: it holds in all lanes. The loop's own end (`tail`) is kept
/// apart, since a lane beyond it never lives.
class Vectorizer {
  public:
    /// `tensors` finds declarations outside the loop.
    Vectorizer(const For& loop, int lanes, Facts facts, std::function<const Tensor&(const Symbol&)> tensors)
        : loop(loop), lanes(lanes), facts(std::move(facts)), outer(std::move(tensors)) {
        this->facts.bound(loop.var, interval_of(loop.min, index(lanes)));
        alive = this->facts;
        enter_loop(alive, loop);
        if (as_int(loop.extent) != lanes)
            tail =
                Binary::make(BinaryOp::lt, Ramp::make(index(0), index(1), lanes), widen(loop.extent, lanes));
    }

    Stmt run() { return statement(with_common_starts(loop), {}); }

  private:
    const For& loop;
    const int lanes;
    Expr tail;   ///< lanes that live at all; undefined: all
    Facts facts; ///< hold in every lane, living or not
    Facts alive; ///< hold in the lanes that live and run the statement
    Expr place;  ///< the condition, in vector form, under which the statement runs; undefined: true
    /// A condition, or a let's value, as it was for one iteration.
    struct Part {
        Symbol let;
        Expr value;
    };
    std::vector<Part> context; ///< what differs between lanes around the statement, outermost first
    std::function<const Tensor&(const Symbol&)> outer;
    std::map<Symbol, Tensor> widened; ///< tensors allocated inside the loop, with their lane dimension
    std::map<Symbol, Expr> lets;      ///< variables that became vectors
    struct Widened {
        Expr from, where, to; ///< the first two keep the key's nodes alive
    };
    // For one place: all depend on the facts.
    std::map<std::pair<const ExprNode*, const ExprNode*>, Widened> memo; ///< by node and condition
    /// How many of an expression's loads can happen.
    enum class Mask : uint8_t {
        none,  ///< all, in all lanes
        place, ///< all, in lanes that run the statement
        path,  ///< some only where the selects around them choose them
    };
    std::map<const ExprNode*, std::pair<Expr, Mask>> masks;

    [[noreturn]] void refuse(Loc loc, const std::string& what) const {
        fail(loop.loc, "vectorize({}) has no vector form: {}{}", loop.var.name(), what,
             loc.known() ? " at " + loc.str() : "");
    }

    // ---- statements

    Stmt statement(const Stmt& s, const Expr& where) {
        if (!s.defined()) return s;
        switch (s.kind()) {
        case StmtKind::block: {
            std::vector<Stmt> parts;
            for (const Stmt& part : s.as<Block>()->stmts)
                parts.push_back(statement(part, where));
            return Block::make(std::move(parts));
        }
        case StmtKind::for_:
            return inner_loop(*s.as<For>(), where);
        case StmtKind::if_:
            return branch(*s.as<If>(), where);
        case StmtKind::let:
            return let(*s.as<LetStmt>(), where);
        case StmtKind::store:
            return store(*s.as<Store>(), where);
        case StmtKind::reduce:
            return reduce(*s.as<Reduce>(), where);
        case StmtKind::allocate:
            return allocate(*s.as<Allocate>(), where);
        case StmtKind::assert_:
            return check(*s.as<Assert>(), where);
        case StmtKind::while_:
            refuse(s.loc(), "a while loop inside it ends in each lane at another time");
        case StmtKind::print:
            refuse(s.loc(), "print keeps its order");
        case StmtKind::extern_call:
            refuse(s.loc(), "an extern function takes no vectors");
        case StmtKind::stage: {
            auto* stage = s.as<Stage>();
            return Stage::make(stage->func, stage->definition, statement(stage->body, where), stage->loc);
        }
        case StmtKind::stream:
        case StmtKind::push:
        case StmtKind::pop:
        case StmtKind::fill:
        case StmtKind::drain:
        case StmtKind::call:
        case StmtKind::dataflow:
        case StmtKind::spawn:
        case StmtKind::copy:
            break; // gone by now
        }
        throw InternalError("unknown statement");
    }

    /// The statement under one more guard.
    Stmt guarded(const Expr& guard, const std::function<Stmt()>& body) {
        context.push_back({{}, guard});
        Stmt result = body();
        context.pop_back();
        return result;
    }

    /// The statement where `where` holds and more is known.
    Stmt with_facts(const std::function<void()>& learn, const Stmt& s, const Expr& where) {
        const Facts before = facts, alive_before = alive;
        const Expr place_before = place;
        learn();
        place = where;
        forget();
        Stmt result = statement(s, where);
        facts = before;
        alive = alive_before;
        place = place_before;
        forget();
        return result;
    }

    void forget() {
        memo.clear();
        masks.clear();
    }

    /// `body` of a vector condition, which keeps its value though the body may change what it reads.
    Stmt named(const char* name, const Expr& condition, const std::function<Stmt(const Expr&)>& body) {
        if (tensors_read(condition).empty()) return body(condition);
        const Symbol symbol(name);
        return LetStmt::make(symbol, condition, body(Variable::make(symbol, condition.type())));
    }

    /// Holds if it holds in every lane that lives.
    Stmt check(const Assert& a, const Expr& where) {
        Expr ok = expr(a.condition, where);
        if (const Expr alive = living(where); alive.defined()) {
            const int width = std::max(ok.type().lanes(), alive.type().lanes());
            ok = Binary::make(BinaryOp::logical_or, widen(negation(alive), width), widen(ok, width));
        }
        if (is_vector(ok)) ok = VectorReduce::make(BinaryOp::logical_and, ok);
        return Assert::make(ok, a.message, a.loc);
    }

    Stmt inner_loop(const For& inner, const Expr& where) {
        if (inner.runs().lockstep)
            refuse(inner.loc, fmt::format("loop {} inside it is vectorized too", inner.var.name()));
        if (inner.runs().concurrent)
            refuse(inner.loc,
                   fmt::format("loop {} inside it is parallel; make it the outer loop", inner.var.name()));
        const Expr min = expr(inner.min, where), extent = expr(inner.extent, where);
        invariant(!is_vector(min), "loops inside a vector loop count from a common start");
        const auto over = [&](const Expr& count, const Expr& inside) {
            const auto learn = [&] {
                facts.bound(inner.var, interval_of(min, count));
                enter_loop(alive, inner);
            };
            return For::make(inner.var, min, count, inner.loop, with_facts(learn, inner.body, inside),
                             inner.loc);
        };
        if (!is_vector(extent)) return over(extent, where);
        // Every lane runs as often as the longest one needs; the lanes that are done are switched off.
        const Expr longest = bounds_of(inner.extent, {{loop.var, interval_of(loop)}}).max;
        if (!longest.defined())
            refuse(inner.loc, fmt::format("the length of loop {} depends on it", inner.var.name()));
        return named(inner.var.name().c_str(), extent, [&](const Expr& ends) {
            const Expr position = isub(Variable::make(inner.var, IndexType()), min);
            return guarded(Binary::make(BinaryOp::lt, position, inner.extent), [&] {
                return over(simplify(longest, facts),
                            conjunction(where, Binary::make(BinaryOp::lt, widen(position, lanes), ends)));
            });
        });
    }

    Stmt branch(const If& b, const Expr& where) {
        const Expr condition = expr(b.condition, where);
        const auto arm = [&](const Stmt& body, const Expr& holds, const Expr& inside) {
            // What memory held may have changed further down. Where lanes differ, those where the condition
            // is false run along: it is no fact of theirs.
            const auto learn = [&] {
                if (!tensors_read(holds).empty()) return;
                alive.assume(holds);
                if (!is_vector(condition)) facts.assume(holds);
            };
            return with_facts(learn, body, inside);
        };
        if (!is_vector(condition))
            return If::make(condition, arm(b.then_body, b.condition, where),
                            arm(b.else_body, negation(b.condition), where), b.loc);
        return named("condition", condition, [&](const Expr& c) {
            const auto some_lanes = [&](const Stmt& body, const Expr& holds, const Expr& which) {
                return guarded(holds, [&] { return arm(body, holds, conjunction(where, which)); });
            };
            return Block::make({some_lanes(b.then_body, b.condition, c),
                                some_lanes(b.else_body, negation(b.condition), negation(c))});
        });
    }

    Stmt let(const LetStmt& l, const Expr& where) {
        const Expr value = expr(l.value, where);
        if (!is_vector(value)) return LetStmt::make(l.symbol, value, statement(l.body, where), l.loc);
        lets[l.symbol] = Variable::make(l.symbol, value.type());
        context.push_back({l.symbol, l.value});
        Stmt body = statement(l.body, where);
        context.pop_back();
        return LetStmt::make(l.symbol, value, std::move(body), l.loc);
    }

    Stmt store(const Store& s, const Expr& where) {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets)
            targets.push_back(target(t, where));
        Expr all = predicate(s.predicate, where);
        const auto in_vector = [](const StoreTarget& t) { return std::ranges::any_of(t.indices, is_vector); };
        if (std::ranges::all_of(targets, in_vector)) {
            const bool harmless = std::ranges::all_of(
                s.targets, [&](const StoreTarget& t) { return private_to_lanes(t.tensor, t.indices); });
            all = conjunction(all, harmless ? where : living(where));
            return Store::make(std::move(targets), s.loc, all.defined() ? widen(all, lanes) : all);
        }
        // Of lanes that meet in one element, at most one stores.
        const Expr which = conjunction(all, living(where));
        const bool subscripted =
            std::ranges::none_of(targets, [](const StoreTarget& t) { return t.indices.empty(); });
        if (subscripted && which.defined() && is_vector(which)) {
            for (StoreTarget& t : targets)
                to_lanes(t);
            return Store::make(std::move(targets), s.loc, widen(which, lanes));
        }
        const bool uniform = std::ranges::none_of(
            targets, [&](const StoreTarget& t) { return in_vector(t) || is_vector(t.value); });
        if (!uniform || living(where).defined() || (all.defined() && is_vector(all)))
            refuse(s.loc, fmt::format("every iteration stores to the same element of {}",
                                      std::ranges::find_if_not(targets, in_vector)->tensor.name()));
        return Store::make(std::move(targets), s.loc, all);
    }

    StoreTarget target(const StoreTarget& t, const Expr& where) {
        StoreTarget to = {t.tensor, t.type, subscripts(t.tensor, t.indices, where), expr(t.value, where)};
        if (std::ranges::any_of(to.indices, is_vector)) to_lanes(to);
        return to;
    }

    void to_lanes(StoreTarget& t) const {
        for (Expr& i : t.indices)
            i = widen(i, lanes);
        t.value = widen(t.value, lanes);
    }

    Stmt reduce(const Reduce& r, const Expr& where) {
        StoreTarget to = target(r.target, where);
        Expr all = predicate(r.predicate, where);
        if (std::ranges::any_of(to.indices, is_vector)) {
            if (!lanes_differ(to.indices)) return one_by_one(r);
            all =
                conjunction(all, private_to_lanes(r.target.tensor, r.target.indices) ? where : living(where));
            return Reduce::make(r.op, std::move(to), r.loc, all.defined() ? widen(all, lanes) : all,
                                r.contract);
        }
        // All lanes meet in one element.
        if (!r.commutes && where.defined() && is_vector(where)) return one_by_one(r);
        if (!r.commutes)
            refuse(r.loc, fmt::format("the order of {} {}= matters in type {}", to.tensor.name(),
                                      symbol(r.op), to.type.str()));
        all = conjunction(all, living(where));
        Expr value = widen(to.value, lanes);
        if (all.defined())
            value =
                Select::make(widen(all, lanes), value, widen(Constant::make(identity(r.op, to.type)), lanes));
        to.value = VectorReduce::make(r.op, value, r.loc);
        return Reduce::make(r.op, std::move(to), r.loc);
    }

    /// Whether no two lanes have the same subscripts.
    bool lanes_differ(const std::vector<Expr>& indices) const {
        return std::ranges::any_of(indices, [&](const Expr& i) {
            auto* ramp = i.as<Ramp>();
            return ramp && (prove(Binary::make(BinaryOp::gt, ramp->stride, index(0)), facts) ||
                            prove(Binary::make(BinaryOp::lt, ramp->stride, index(0)), facts));
        });
    }

    /// A reduction of which two lanes may update one element: lane after lane. What it depends on is computed
    /// again, after all that stood before it.
    Stmt one_by_one(const Reduce& r) const {
        const std::set<Symbol> written = tensors_written(loop.body);
        Stmt update = Reduce::make(r.op, r.target, r.loc, r.predicate, r.contract);
        for (size_t n = context.size(); n-- > 0;) {
            const Part& p = context[n];
            if (p.let && !free_variables(update).contains(p.let)) continue;
            if (std::ranges::any_of(tensors_read(p.value),
                                    [&](const Symbol& t) { return written.contains(t); }))
                refuse(r.loc, fmt::format("two iterations may update the same element of {}",
                                          r.target.tensor.name()));
            update = p.let ? LetStmt::make(p.let, p.value, std::move(update), r.loc)
                           : If::make(p.value, std::move(update), {}, r.loc);
        }
        const Symbol lane(loop.var.name());
        const Expr at = Variable::make(lane, IndexType());
        update = substitute(fresh_copy(update), {{loop.var, at}});
        update = InLane(widened, isub(at, loop.min))(update);
        return For::make(lane, loop.min, loop.extent, LoopKind::serial(), std::move(update), r.loc);
    }

    /// Loads of tensors that have an element for each lane.
    class InLane : public Mutator {
      public:
        InLane(const std::map<Symbol, Tensor>& t, Expr l) : tensors(t), lane(std::move(l)) {}

      protected:
        using Mutator::visit;
        Expr visit(const Load& l, const Expr& e) override {
            if (!tensors.contains(l.tensor)) return rebuilt(e);
            std::vector<Expr> indices = (*this)(l.indices);
            indices.push_back(lane);
            return Load::make(l.tensor, l.type, std::move(indices), l.loc, (*this)(l.predicate));
        }

      private:
        const std::map<Symbol, Tensor>& tensors;
        const Expr lane;
    };

    Stmt allocate(const Allocate& a, const Expr& where) {
        std::vector<Tensor> tensors = a.tensors;
        for (Tensor& tensor : tensors) {
            for (Dim& d : tensor.dims) {
                d = {expr(d.min, where), expr(d.extent, where)};
                if (is_vector(d.min) || is_vector(d.extent))
                    refuse(tensor.loc,
                           fmt::format("the place or size of {}, which is allocated inside, depends on it",
                                       tensor.symbol.name()));
            }
            widened[tensor.symbol] = tensor;
            tensor.dims.push_back({index(0), index(lanes)});
        }
        return Allocate::make(std::move(tensors), statement(a.body, where));
    }

    // ---- masks

    /// The lanes that live and where the place's condition holds; undefined: all.
    Expr living(const Expr& where) const { return conjunction(tail, where); }

    /// Whether lanes beyond the loop's end may access the tensor as well: each has its own elements.
    bool private_to_lanes(const Symbol& tensor, const std::vector<Expr>& indices) const {
        const auto found = widened.find(tensor);
        return found != widened.end() && in_bounds(found->second, indices);
    }

    /// Whether the subscripts lie in bounds wherever the facts hold.
    static bool in_bounds(const Tensor& tensor, const std::vector<Expr>& indices, const Facts& facts) {
        for (size_t d = 0; d < tensor.dims.size(); ++d) {
            const Dim& dim = tensor.dims[d];
            if (!prove(Binary::make(BinaryOp::ge, indices[d], dim.min), facts)) return false;
            if (!prove(Binary::make(BinaryOp::lt, indices[d], iadd(dim.min, dim.extent)), facts))
                return false;
        }
        return true;
    }
    /// The same in every lane, whatever the place's condition says.
    bool in_bounds(const Tensor& tensor, const std::vector<Expr>& indices) const {
        return in_bounds(tensor, indices, facts);
    }

    Mask needs_mask(const Expr& e) {
        if (auto found = masks.find(e.get()); found != masks.end()) return found->second.second;
        Mask needs = Mask::none;
        for (const Expr& o : operands(e))
            needs = std::max(needs, needs_mask(o));
        if (auto* l = e.as<Load>(); l && needs != Mask::path) {
            const Tensor& t = widened.contains(l->tensor) ? widened.at(l->tensor) : outer(l->tensor);
            if (!in_bounds(t, l->indices, alive))
                needs = Mask::path;
            else if (widened.contains(l->tensor) || !in_bounds(t, l->indices))
                needs = Mask::place;
        }
        masks.emplace(e.get(), std::pair(e, needs));
        return needs;
    }

    // ---- expressions

    Expr predicate(const Expr& p, const Expr& where) { return p.defined() ? expr(p, where) : p; }

    std::vector<Expr> subscripts(const Symbol& tensor, const std::vector<Expr>& indices, const Expr& where) {
        std::vector<Expr> result;
        for (const Expr& i : indices)
            result.push_back(expr(i, where));
        if (widened.contains(tensor)) result.push_back(Ramp::make(index(0), index(1), lanes));
        return result;
    }

    Expr expr(const Expr& e, const Expr& where) {
        if (where.defined() && !where.same_as(place) && needs_mask(e) == Mask::place) return expr(e, place);
        if (where.defined() && needs_mask(e) == Mask::none) return expr(e, {});
        const auto key = std::pair(e.get(), where.get());
        if (auto found = memo.find(key); found != memo.end()) return found->second.to;
        Expr result = e.type().is_index() ? subscript(e, where) : rebuild(e, where);
        memo.emplace(key, Widened{e, where, result});
        return result;
    }

    /// Linear Index expressions become ramps; all others are rebuilt lane by lane.
    Expr subscript(const Expr& e, const Expr& where) {
        if (!uses(e, loop.var)) return rebuild(e, where);
        const Expr var = Variable::make(loop.var, IndexType());
        if (!loads_something(e) && no_lets(e)) {
            const Expr step = simplify(isub(substitute(e, {{loop.var, iadd(var, index(1))}}), e), facts);
            if (!uses(step, loop.var)) {
                const Expr base = simplify(substitute(e, {{loop.var, loop.min}}), facts);
                return Ramp::make(base, step, lanes, e.loc());
            }
        }
        return rebuild(e, where);
    }

    static bool loads_something(const Expr& e) { return !tensors_read(e).empty(); }
    bool no_lets(const Expr& e) const {
        return std::ranges::none_of(lets, [&](const auto& l) { return uses(e, l.first); });
    }

    Expr rebuild(const Expr& e, const Expr& where) {
        if (auto* v = e.as<Variable>()) {
            if (v->symbol == loop.var) return Ramp::make(loop.min, index(1), lanes, e.loc());
            auto found = lets.find(v->symbol);
            return found == lets.end() ? e : found->second;
        }
        if (auto* load = e.as<Load>()) return vector_load(*load, where);
        if (auto* select = e.as<Select>()) return vector_select(*select, where);
        if (auto* l = e.as<Let>()) return inner_let(*l, where);
        std::vector<Expr> parts;
        bool vector = false;
        for (const Expr& o : operands(e)) {
            parts.push_back(expr(o, where));
            vector |= is_vector(parts.back());
        }
        return vector ? widen_node(e, std::move(parts)) : with_operands(e, parts);
    }

    Expr inner_let(const Let& l, const Expr& where) {
        const Expr value = expr(l.value, where);
        if (is_vector(value)) lets[l.symbol] = Variable::make(l.symbol, value.type());
        return Let::make(l.symbol, value, expr(l.body, where), l.loc);
    }

    /// The node over vector operands, of the same element type (which may be narrower than result_type's).
    Expr widen_node(const Expr& e, std::vector<Expr> parts) const {
        for (Expr& p : parts)
            p = widen(p, lanes);
        const Type type = e.type().with_lanes(lanes);
        if (auto* b = e.as<Binary>(); b && !is_compare(b->op) && type.is_exact())
            return Binary::make_as(type, b->op, parts[0], parts[1], e.loc());
        return with_operands(e, parts);
    }

    Expr vector_load(const Load& load, const Expr& where) {
        std::vector<Expr> indices = subscripts(load.tensor, load.indices, where);
        Expr mask = predicate(load.predicate, where);
        const auto own = widened.find(load.tensor);
        if (own != widened.end())
            mask = conjunction(mask, in_bounds(own->second, load.indices) ? where : living(where));
        else if (!in_bounds(outer(load.tensor), load.indices))
            mask = conjunction(mask, living(where));
        if (std::ranges::none_of(indices, is_vector)) {
            // One address: it is read if any lane may.
            if (mask.defined() && is_vector(mask)) mask = VectorReduce::make(BinaryOp::logical_or, mask);
            return Load::make(load.tensor, load.type, std::move(indices), load.loc, mask);
        }
        for (Expr& i : indices)
            i = widen(i, lanes);
        if (mask.defined()) mask = widen(mask, lanes);
        return Load::make(load.tensor, load.type, std::move(indices), load.loc, mask);
    }

    Expr vector_select(const Select& s, const Expr& where) {
        const Expr condition = expr(s.condition, where);
        if (!is_vector(condition)) {
            const Expr a = expr(s.then_value, where), b = expr(s.else_value, where);
            const int width = std::max(a.type().lanes(), b.type().lanes());
            return Select::make(condition, widen(a, width), widen(b, width), s.loc);
        }
        const Expr a = widen(expr(s.then_value, conjunction(where, condition)), lanes);
        const Expr b = widen(expr(s.else_value, conjunction(where, negation(condition))), lanes);
        return Select::make(condition, a, b, s.loc);
    }
};

class LoopVectorizer : public ScopedMutator {
    using ScopedMutator::visit;
    Stmt visit(const For& loop, const Stmt& s) override {
        if (!loop.runs().lockstep) return ScopedMutator::visit(loop, s);
        const std::optional<int64_t> extent = most_iterations(loop);
        if (!extent)
            fail(loop.loc,
                 "vectorize({}): the loop's extent {} has no constant bound; give a number of lanes: "
                 "vectorize({}, 8)",
                 loop.var.name(), print(loop.extent), loop.var.name());
        if (*extent > most_lanes)
            fail(loop.loc,
                 "vectorize({}): {} lanes are more than the {} a vector may have; give a number of lanes",
                 loop.var.name(), *extent, most_lanes);
        if (*extent <= 0) return Stmt();
        if (*extent == 1) return one_lane(loop);
        if (*extent > most_wide_lanes && computes_wide(loop.body)) return lane_after_lane(loop);
        const int lanes = static_cast<int>(std::bit_ceil(static_cast<uint64_t>(*extent)));
        return Vectorizer(loop, lanes, facts(),
                          [&](const Symbol& t) -> const Tensor& { return declaration(t); })
            .run();
    }

    static bool computes_wide(const Stmt& body) {
        bool wide = false;
        for_each(body, nullptr, [&](const Expr& e) { wide |= e.type().is_int() && e.type().width() > 64; });
        return wide;
    }

    /// A loop over the lanes; that vectors are legal says that this order is, too.
    Stmt lane_after_lane(const For& loop) {
        return ScopedMutator::mutate(
            For::make(loop.var, loop.min, loop.extent, LoopKind::serial(), loop.body, loop.loc));
    }

    Stmt one_lane(const For& loop) {
        const Stmt body = substitute(loop.body, {{loop.var, loop.min}});
        if (as_int(loop.extent)) return (*this)(body);
        const Expr runs = Binary::make(BinaryOp::gt, loop.extent, index(0));
        return If::make(runs, under(runs, body), {}, loop.loc);
    }
};

} // namespace

Module vectorize_loops(const Module& module) {
    return LoopVectorizer().run(module);
}

} // namespace lathe::codegen
