#include "read_through.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::codegen {
namespace {

bool is_zero(const Expr& e) {
    return as_int(simplify(e)) == 0;
}

/// What the store copies from the same subscripts of another tensor; beyond its ends, where nobody reads, it
/// may store a constant.
const Load* copied(const Store& s) {
    if (s.targets.size() != 1 || s.predicate.defined()) return nullptr;
    Expr value = s.targets[0].value;
    if (const auto* choice = value.as<Select>(); choice && choice->else_value.as<Constant>())
        value = choice->then_value;
    const auto* l = value.as<Load>();
    if (!l || l->predicate.defined() || l->indices.size() != s.targets[0].indices.size()) return nullptr;
    for (size_t d = 0; d < l->indices.size(); ++d)
        if (!is_zero(isub(l->indices[d], s.targets[0].indices[d]))) return nullptr;
    return l;
}

/// The tensor whose elements `t` holds while `body` runs.
std::optional<Symbol> copied_from(const Tensor& t, const Stmt& body) {
    std::optional<Symbol> source;
    bool fits = true;
    for_each(
        body,
        [&](const Stmt& s) {
            for (const Write& w : writes_of(s)) {
                if (!(w.tensor == t.symbol)) continue;
                const auto* store = s.as<Store>();
                const Load* l = store ? copied(*store) : nullptr;
                fits = fits && l && l->type == t.type && (!source || *source == l->tensor);
                if (l) source = l->tensor;
            }
            if (const auto* c = s.as<ExternCall>())
                for (const ExternArgument& a : c->arguments)
                    fits = fits && !(a.tensor == t.symbol);
        },
        nullptr);
    if (!fits || !source || *source == t.symbol) return std::nullopt;
    for_each(
        body,
        [&](const Stmt& s) {
            for (const Write& w : writes_of(s))
                fits = fits && !(w.tensor == *source);
            if (const auto* a = s.as<Allocate>())
                fits = fits && std::ranges::find(a->tensors, *source, &Tensor::symbol) == a->tensors.end();
        },
        nullptr);
    return fits ? source : std::nullopt;
}

/// Reads another tensor, and stores nothing.
class Through : public Mutator {
  public:
    Through(Symbol from, Symbol to) : buffer(std::move(from)), source(std::move(to)) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        if (!(l.tensor == buffer)) return rebuilt(e);
        return Load::make(source, l.type, (*this)(l.indices), l.loc, (*this)(l.predicate));
    }
    Stmt visit(const Store& w, const Stmt& s) override {
        return w.targets[0].tensor == buffer ? Stmt() : Mutator::visit(w, s);
    }

  private:
    Symbol buffer, source;
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
            before = both(before, c);
        else if (!steady || (!takes_bound(c) && !takes_step(c)))
            left = both(left, c);
    }

    Stmt run(const Stmt& body) const {
        Stmt all = left.defined() ? If::make(left, body, {}, loop.loc) : body;
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
        return before.defined() ? If::make(before, all, {}, loop.loc) : all;
    }

  private:
    const For& loop;
    Expr low, end;
    int64_t step = 1;
    Expr before, left; ///< of the condition: what is asked before the loop, and in it

    bool takes_bound(const Expr& c) {
        const auto* b = c.as<Binary>();
        if (!b || !b->a.type().is_index() || !b->b.type().is_index()) return false;
        Expr reach; // the condition holds where it is not negative
        switch (b->op) {
        case BinaryOp::le:
            reach = isub(b->b, b->a);
            break;
        case BinaryOp::lt:
            reach = isub(isub(b->b, b->a), index(1));
            break;
        case BinaryOp::ge:
            reach = isub(b->a, b->b);
            break;
        case BinaryOp::gt:
            reach = isub(isub(b->a, b->b), index(1));
            break;
        default:
            return false;
        }
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
        if (!loop->runs().ordered || !loop->body.as<If>()) return inner;
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

class ReadThrough : public Mutator {
  protected:
    using Mutator::visit;
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> kept = a.tensors;
        Stmt body = a.body;
        while (drop_one(kept, body)) {
        }
        body = (*this)(body);
        return kept.empty() || !body.defined() ? body : Allocate::make(std::move(kept), body);
    }

  private:
    /// What one buffer is filled from may be another one.
    static bool drop_one(std::vector<Tensor>& all, Stmt& body) {
        for (auto t = all.begin(); t != all.end(); ++t) {
            const auto source = folded(*t) ? copied_from(*t, body) : std::nullopt;
            if (!source) continue;
            body = Trimmed()(Through(t->symbol, *source)(body));
            all.erase(t);
            return true;
        }
        return false;
    }
};

} // namespace

Module read_through(const Module& module) {
    Module m = module;
    for (Function& f : m.functions)
        f.body = ReadThrough()(f.body);
    return m;
}

} // namespace lathe::codegen
