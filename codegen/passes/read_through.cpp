#include "read_through.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/scoped_pass.h"

#include <algorithm>

namespace lathe::codegen {
namespace {

bool is_zero(const Expr& e) {
    return as_int(simplify(e)) == 0;
}

/// What is not negative where the comparison holds, and only there; undefined: it is no comparison of
/// indices.
Expr reach_of(const Expr& c) {
    const auto* b = c.as<Binary>();
    if (!b || !b->a.type().is_index() || !b->b.type().is_index()) return {};
    if (b->op == BinaryOp::le) return isub(b->b, b->a);
    if (b->op == BinaryOp::lt) return isub(isub(b->b, b->a), index(1));
    if (b->op == BinaryOp::ge) return isub(b->a, b->b);
    if (b->op == BinaryOp::gt) return isub(isub(b->a, b->b), index(1));
    return {};
}

/// Where a buffer's elements come from.
struct Source {
    Symbol tensor;
    Expr beyond; ///< what is stored for positions that the tensor does not have, if there are such
    /// An element is copied under such a condition, from such subscripts.
    std::vector<std::pair<Expr, std::vector<Expr>>> conditions = {};
};

Expr lies_in(const Expr& at, const Dim& d) {
    return both(Binary::make(BinaryOp::le, d.min, at), Binary::make(BinaryOp::lt, at, iadd(d.min, d.extent)));
}

/// The condition holds for all subscripts that the tensor has.
bool holds_inside(const Expr& c, const std::vector<Expr>& at, const Tensor& t) {
    Facts inside;
    for (size_t d = 0; d < at.size(); ++d)
        inside.assume(lies_in(at[d], t.dims[d]));
    return prove(c, inside);
}

/// What the store copies from the same subscripts of another tensor.
std::optional<Source> copied(const Store& s, Type type) {
    if (s.targets.size() != 1 || s.predicate.defined()) return std::nullopt;
    Expr value = s.targets[0].value, beyond;
    std::vector<std::pair<Expr, std::vector<Expr>>> conditions;
    for (const auto* choice = value.as<Select>(); choice; choice = value.as<Select>()) {
        const Expr other = choice->else_value;
        if (!other.as<Constant>() || (beyond.defined() && !equal(beyond, other))) return std::nullopt;
        beyond = other;
        conditions.emplace_back(choice->condition, s.targets[0].indices);
        value = choice->then_value;
    }
    const auto* l = value.as<Load>();
    if (!l || l->type != type || l->predicate.defined() || l->indices.size() != s.targets[0].indices.size())
        return std::nullopt;
    for (size_t d = 0; d < l->indices.size(); ++d)
        if (!is_zero(isub(l->indices[d], s.targets[0].indices[d]))) return std::nullopt;
    return Source{l->tensor, beyond, conditions};
}

/// Adds what another store copies, if that is from the same tensor.
bool joined(Source& all, const Source& one) {
    if (!(all.tensor == one.tensor)) return false;
    if (all.beyond.defined() && one.beyond.defined() && !equal(all.beyond, one.beyond)) return false;
    if (one.beyond.defined()) all.beyond = one.beyond;
    all.conditions.insert(all.conditions.end(), one.conditions.begin(), one.conditions.end());
    return true;
}

/// Where the elements of `t` come from, if they stay there while `body` runs.
std::optional<Source> source_of(const Tensor& t, const Stmt& body) {
    std::optional<Source> source;
    bool fits = true;
    for_each(
        body,
        [&](const Stmt& s) {
            for (const Write& w : writes_of(s)) {
                if (!(w.tensor == t.symbol)) continue;
                const auto* store = s.as<Store>();
                const auto from = store ? copied(*store, t.type) : std::nullopt;
                fits = fits && from && (!source || joined(*source, *from));
                if (fits && !source) source = from;
            }
            if (const auto* c = s.as<ExternCall>())
                for (const ExternArgument& a : c->arguments)
                    fits = fits && !(a.tensor == t.symbol);
        },
        nullptr);
    if (!fits || !source || source->tensor == t.symbol) return std::nullopt;
    for_each(
        body,
        [&](const Stmt& s) {
            for (const Write& w : writes_of(s))
                fits = fits && !(w.tensor == source->tensor);
            if (const auto* a = s.as<Allocate>())
                fits = fits &&
                       std::ranges::find(a->tensors, source->tensor, &Tensor::symbol) == a->tensors.end();
        },
        nullptr);
    return fits ? source : std::nullopt;
}

/// Reads another tensor, and stores nothing.
class Through : public Mutator {
  public:
    Through(const Tensor& b, const Source& s, const Tensor& d) : buffer(b), source(s), declared(d) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        if (!(l.tensor == buffer.symbol)) return rebuilt(e);
        const std::vector<Expr> at = (*this)(l.indices);
        const Expr there = Load::make(source.tensor, l.type, at, l.loc, (*this)(l.predicate));
        const Expr inside = source.beyond.defined() ? exists(at) : Expr();
        return inside.defined() ? Select::make(inside, there, source.beyond, l.loc) : there;
    }
    Stmt visit(const Store& w, const Stmt& s) override {
        return w.targets[0].tensor == buffer.symbol ? Stmt() : Mutator::visit(w, s);
    }

  private:
    const Tensor& buffer;
    const Source& source;
    const Tensor& declared;

    /// The source has that position. The buffer may have others, which are read where nobody uses them.
    Expr exists(const std::vector<Expr>& at) const {
        Expr all;
        for (size_t d = 0; d < at.size(); ++d) {
            const Dim &has = declared.dims[d], &own = buffer.dims[d];
            if (is_zero(isub(has.min, own.min)) && is_zero(isub(has.extent, own.extent))) continue;
            all = both(all, lies_in(at[d], has));
        }
        return all;
    }
};

/// The iterations in which a condition holds.
class Iterations {
  public:
    explicit Iterations(const For& f) : loop(f), low(f.min), end(iadd(f.min, f.extent)) {}

    /// Takes part of the condition; what it leaves is asked in each iteration.
    void take(const Expr& c) {
        if (const auto* b = c.as<Binary>(); b && b->op == BinaryOp::logical_and) {
            take(b->a);
            take(b->b);
            return;
        }
        const bool steady = tensors_read(c).empty(); // the loop may store what it asks
        if (steady && !uses(c, loop.var))
            before.push_back(c);
        else if (!steady || (!takes_bound(c) && !takes_step(c)))
            left.push_back(c);
    }

    Stmt run(const Stmt& body) const {
        Stmt all = under(left, body);
        if (step == 1) {
            const Expr extent = simplify(imax(isub(end, low), index(0)));
            all = For::make(loop.var, simplify(low), extent, loop.loop, std::move(all), loop.loc);
        } else {
            const Symbol q(loop.var.name());
            const Expr first = ifloordiv(iadd(low, index(step - 1)), index(step)),
                       behind = ifloordiv(iadd(end, index(step - 1)), index(step));
            all = substitute(all, {{loop.var, imul(index(step), Variable::make(q, IndexType(), loop.loc))}});
            all = For::make(q, simplify(first), simplify(imax(isub(behind, first), index(0))), loop.loop,
                            std::move(all), loop.loc);
        }
        return under(before, all);
    }

  private:
    const For& loop;
    Expr low, end;
    int64_t step = 1;
    std::vector<Expr> before, left; ///< of the condition: what is asked before the loop, and in it

    /// One inside the other: the first may guard what the next one reads.
    Stmt under(const std::vector<Expr>& conditions, Stmt body) const {
        for (size_t n = conditions.size(); n-- > 0;)
            body = If::make(conditions[n], body, {}, loop.loc);
        return body;
    }

    bool takes_bound(const Expr& c) {
        const Expr reach = reach_of(c);
        if (!reach.defined()) return false;
        const Expr var = Variable::make(loop.var, IndexType());
        const Expr below = simplify(isub(reach, var)), above = simplify(iadd(reach, var));
        if (!uses(below, loop.var)) {
            low = imax(low, isub(index(0), below));
            return true;
        }
        if (!uses(above, loop.var)) {
            end = imin(end, iadd(above, index(1)));
            return true;
        }
        return false;
    }

    bool takes_step(const Expr& c) {
        const auto* b = c.as<Binary>();
        if (!b || b->op != BinaryOp::eq || as_int(b->b) != 0 || step != 1) return false;
        const auto* mod = b->a.as<Binary>();
        const auto n = mod && mod->op == BinaryOp::floormod ? as_int(mod->b) : std::nullopt;
        const auto* v = n ? mod->a.as<Variable>() : nullptr;
        if (!v || !(v->symbol == loop.var) || *n < 1) return false;
        step = *n;
        return true;
    }
};

/// Takes conditions out of loops.
class Trimmed : public Mutator {
  protected:
    using Mutator::visit;
    Stmt visit(const For& f, const Stmt& s) override {
        const Stmt inner = Mutator::visit(f, s);
        const auto* loop = inner.as<For>();
        if (!loop) return inner;
        if (!loop->body.defined()) return {};
        // What becomes as much code as it has iterations keeps their number.
        if (!loop->runs().ordered || loop->runs().by_extent() || !loop->body.as<If>()) return inner;
        Iterations run(*loop);
        Stmt body = loop->body;
        for (const auto* i = body.as<If>(); i && !i->else_body.defined(); i = body.as<If>()) {
            run.take(i->condition);
            body = i->then_body;
        }
        return body.same_as(loop->body) ? inner : run.run(body);
    }
    Stmt visit(const If& i, const Stmt& s) override {
        const Stmt r = Mutator::visit(i, s);
        return bodies(r).empty() ? Stmt() : r;
    }
};

class ReadThrough : public ScopedMutator {
  protected:
    using ScopedMutator::visit;
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> kept = a.tensors;
        Stmt body = a.body;
        while (drop_one(kept, body)) {
        }
        const bool dropped = kept.size() < a.tensors.size();
        body = kept.empty() || !body.defined() ? (*this)(body) : allocated(std::move(kept), body);
        return dropped ? Trimmed()(body) : body; // loops around buffers that were dropped inside, too
    }

  private:
    /// What one buffer is filled from may be another one.
    bool drop_one(std::vector<Tensor>& all, Stmt& body) const {
        for (auto t = all.begin(); t != all.end(); ++t) {
            const auto source = folded(*t) ? source_of(*t, body) : std::nullopt;
            if (!source) continue;
            const auto beside = std::ranges::find(all, source->tensor, &Tensor::symbol);
            const Tensor declared = beside != all.end() ? *beside : declaration(source->tensor);
            if (!std::ranges::all_of(source->conditions, [&](const auto& c) {
                    return holds_inside(c.first, c.second, declared);
                }))
                continue;
            body = Through(*t, *source, declared)(body);
            all.erase(t);
            return true;
        }
        return false;
    }
};

} // namespace

Module read_through(const Module& module) {
    return ReadThrough().run(module);
}

} // namespace lathe::codegen
