#include "partition_loops.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/scoped_pass.h"

namespace lathe::codegen {
namespace {

/// More statements than this are not worth three copies.
constexpr size_t most_statements = 100;

bool uses_any(const Expr& e, const std::set<Symbol>& variables) {
    return std::ranges::any_of(free_variables(e), [&](const Symbol& v) { return variables.contains(v); });
}

/// What an expression is where `nonnegative` ≥ 0, and where it is not.
struct Decision {
    Expr nonnegative, then, otherwise;
};

/// The iterations from `at` on, or up to it.
struct Bound {
    bool from;
    Expr at;
};

/// Decides conditions on the iterations of one serial loop.
class Interior : public Mutator {
  public:
    Interior(const For& loop, Facts facts) : loop(loop), facts(std::move(facts)) {}

    Stmt body() { return (*this)(loop.body); }

    /// Bounds of the iterations where all decisions hold; undefined where nothing bounds them.
    Interval iterations;

  protected:
    using Mutator::mutate;
    using Mutator::visit;
    Expr mutate(const Expr& e) override {
        const Expr r = Mutator::mutate(e);
        if (vectors.empty() || !uses(r, loop.var) || !uses_any(r, vectors)) return r;
        return decided(r, true);
    }

    Stmt visit(const For& inner, const Stmt&) override {
        const bool vector = inner.runs().lockstep;
        const Expr min = (*this)(inner.min);
        Expr extent = (*this)(inner.extent);
        if (vector && uses(extent, loop.var)) extent = decided(extent, false);
        ranges.emplace_back(inner.var, interval_of(min, extent));
        if (vector) vectors.insert(inner.var);
        forget();
        Stmt body = (*this)(inner.body);
        forget();
        if (vector) vectors.erase(inner.var);
        ranges.pop_back();
        return For::make(inner.var, min, extent, inner.loop, std::move(body), inner.loc);
    }

  private:
    const For& loop;
    Facts facts;
    std::set<Symbol> vectors;          ///< of the vectorized loops around
    std::vector<VariableRange> ranges; ///< of the loops inside this one and around the place, outermost first

    /// The expression in the interior: of a min or max the operand that varies within a vector, or does not
    /// (`varying`).
    Expr decided(const Expr& e, bool varying) {
        const auto decision = decide(e, varying);
        if (!decision) return e;
        if (const auto bound = bound_of(decision->nonnegative); bound && keeps_most(*bound)) {
            restrict_to(*bound);
            return decision->then;
        }
        const auto bound = bound_of(isub(index(-1), decision->nonnegative));
        if (!varying || !bound || !keeps_most(*bound)) return e;
        restrict_to(*bound);
        return decision->otherwise;
    }

    std::optional<Decision> decide(const Expr& e, bool varying) const {
        auto* b = e.as<Binary>();
        if (!b || !b->a.type().is_index() || !tensors_read(e).empty()) return std::nullopt;
        switch (b->op) {
        case BinaryOp::min:
        case BinaryOp::max: {
            const std::set<Symbol> own = {loop.var};
            const std::set<Symbol>& variables = varying ? vectors : own;
            const bool in_a = uses_any(b->a, variables), in_b = uses_any(b->b, variables);
            if (in_a == in_b) return std::nullopt;
            const bool takes_a = in_a == varying;
            const Expr &kept = takes_a ? b->a : b->b, &other = takes_a ? b->b : b->a;
            return Decision{b->op == BinaryOp::min ? isub(other, kept) : isub(kept, other), kept, other};
        }
        case BinaryOp::lt:
            return Decision{isub(isub(b->b, b->a), index(1)), truth(true), truth(false)};
        case BinaryOp::le:
            return Decision{isub(b->b, b->a), truth(true), truth(false)};
        case BinaryOp::gt:
            return Decision{isub(isub(b->a, b->b), index(1)), truth(true), truth(false)};
        case BinaryOp::ge:
            return Decision{isub(b->a, b->b), truth(true), truth(false)};
        default:
            return std::nullopt;
        }
    }

    static Expr truth(bool b) { return Constant::make(Value::boolean(b)); }

    /// The iterations where e ≥ 0 whatever the loops inside do, if they can be told.
    std::optional<Bound> bound_of(const Expr& e) const {
        const Expr least = bounds_of(e, ranges, {}, facts).min;
        if (!least.defined()) return std::nullopt;
        const Expr var = Variable::make(loop.var, IndexType());
        const Expr next = substitute(least, {{loop.var, iadd(var, index(1))}});
        const std::optional<int64_t> slope = as_int(simplify(isub(next, least)));
        const Expr start = simplify(substitute(least, {{loop.var, index(0)}}), facts);
        if (!slope || *slope == 0 || !tensors_read(start).empty()) return std::nullopt;
        if (*slope < 0) return Bound{false, ifloordiv(start, index(-*slope))};
        return Bound{true, ifloordiv(iadd(isub(index(0), start), index(*slope - 1)), index(*slope))};
    }

    /// False if the bound is known to leave the lesser part of the loop.
    bool keeps_most(const Bound& bound) const {
        const auto constant = [&](const Expr& e) { return as_int(simplify(e, facts)); };
        const auto extent = as_int(loop.extent), from_start = constant(isub(bound.at, loop.min));
        if (extent && from_start) return bound.from ? *from_start <= *extent / 2 : *from_start >= *extent / 2;
        if (!bound.from) return !from_start;
        return from_start || !constant(isub(iadd(loop.min, loop.extent), bound.at));
    }

    void restrict_to(const Bound& bound) {
        Expr& end = bound.from ? iterations.min : iterations.max;
        if (end.defined())
            end = bound.from ? imax(end, bound.at) : imin(end, bound.at);
        else
            end = bound.at;
    }
};

class Partitioner : public ScopedMutator {
    using ScopedMutator::visit;
    Stmt visit(const For& loop, const Stmt& s) override {
        const size_t before = partitioned;
        const Stmt inner = ScopedMutator::visit(loop, s);
        // One level of loops only: copies of copies would add up.
        const bool can =
            loop.runs().plain() || (loop.runs().concurrent && loop.runs().sync == SyncScope::none);
        if (partitioned != before || !can || as_int(loop.extent) == 1 || !inner.defined()) return inner;
        size_t statements = 0;
        for_each(inner, [&](const Stmt&) { ++statements; }, nullptr);
        return statements > most_statements ? inner : partition(*inner.as<For>());
    }

    Stmt partition(const For& loop) {
        Interior interior(loop, facts());
        const Stmt body = interior.body();
        const Interval& range = interior.iterations;
        if (!range.min.defined() && !range.max.defined()) return whole(loop);
        ++partitioned;
        const Expr end = iadd(loop.min, loop.extent);
        const auto within = [&](const Expr& low, const Expr& e) {
            return simplify(imin(imax(e, low), imax(end, loop.min)), facts());
        };
        const Expr first = range.min.defined() ? within(loop.min, range.min) : loop.min;
        const Expr after = range.max.defined() ? within(first, iadd(range.max, index(1))) : end;
        if (loop.runs().concurrent) return choose(loop, first, after, body);
        std::vector<Stmt> parts;
        if (range.min.defined()) parts.push_back(fresh_copy(piece(loop, loop.min, first, loop.body)));
        parts.push_back(piece(loop, first, after, body));
        if (range.max.defined()) parts.push_back(fresh_copy(piece(loop, after, end, loop.body)));
        return Block::make(std::move(parts));
    }

    /// Iterations that run beside each other stay one loop.
    static Stmt choose(const For& loop, const Expr& first, const Expr& after, const Stmt& interior) {
        const Expr at = Variable::make(loop.var, IndexType());
        const Expr inside = Binary::make(BinaryOp::logical_and, Binary::make(BinaryOp::ge, at, first),
                                         Binary::make(BinaryOp::lt, at, after));
        return For::make(loop.var, loop.min, loop.extent, loop.loop,
                         If::make(inside, interior, fresh_copy(loop.body), loop.loc), loop.loc);
    }

    Stmt piece(const For& loop, const Expr& from, const Expr& to, const Stmt& body) const {
        return For::make(loop.var, from, simplify(isub(to, from), facts()), loop.loop, body, loop.loc);
    }

    static Stmt whole(const For& loop) {
        return For::make(loop.var, loop.min, loop.extent, loop.loop, loop.body, loop.loc);
    }

    size_t partitioned = 0;
};

} // namespace

Module partition_loops(const Module& module) {
    return Partitioner().run(module);
}

} // namespace lathe::codegen
