#include "rewrite.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/any_body.h"

namespace lathe::schedule {

namespace {

template <class Wanted> bool find(const Stmt& s, const Wanted& wanted, Path& path) {
    if (!s.defined()) return false;
    if (wanted(s)) {
        path.push_back(s);
        return true;
    }
    const size_t outside = path.size();
    path.push_back(s);
    if (any_body(s, [&](const Stmt& c) { return find(c, wanted, path); })) return true;
    path.resize(outside);
    return false;
}

/// Renames tensors, and gives lets new identities.
class Renamer : public Mutator {
  public:
    explicit Renamer(std::map<Symbol, Symbol> n) : names(std::move(n)) {}

  protected:
    Expr mutate(const Expr& e) override {
        if (const Variable* v = e.as<Variable>())
            if (auto n = names.find(v->symbol); n != names.end())
                return Variable::make(n->second, e.type(), e.loc());
        if (const Load* l = e.as<Load>())
            if (auto n = names.find(l->tensor); n != names.end()) {
                std::vector<Expr> indices;
                for (const Expr& i : l->indices)
                    indices.push_back((*this)(i));
                Expr predicate = l->predicate.defined() ? (*this)(l->predicate) : Expr();
                return Load::make(n->second, e.type(), std::move(indices), e.loc(), std::move(predicate));
            }
        if (const Let* l = e.as<Let>()) {
            Expr value = (*this)(l->value);
            Symbol fresh(l->symbol.name());
            names[l->symbol] = fresh;
            return Let::make(fresh, std::move(value), (*this)(l->body), e.loc());
        }
        return Mutator::mutate(e);
    }

    Stmt mutate(const Stmt& s) override {
        if (const For* f = s.as<For>())
            return For::make(name(f->var), (*this)(f->min), (*this)(f->extent), f->loop, (*this)(f->body),
                             s.loc());
        if (const LetStmt* l = s.as<LetStmt>())
            return LetStmt::make(name(l->symbol), (*this)(l->value), (*this)(l->body), s.loc());
        if (const Allocate* a = s.as<Allocate>()) {
            Tensor t = (*this)(a->tensor);
            t.symbol = name(t.symbol);
            return Allocate::make(std::move(t), (*this)(a->body));
        }
        if (const Stage* g = s.as<Stage>())
            return Stage::make(name(g->func), g->definition, (*this)(g->body), s.loc());
        if (const Store* st = s.as<Store>()) {
            std::vector<StoreTarget> targets;
            for (const StoreTarget& t : st->targets)
                targets.push_back(target(t));
            return Store::make(std::move(targets), s.loc(), predicate(st->predicate));
        }
        if (const Reduce* r = s.as<Reduce>())
            return Reduce::make(r->op, target(r->target), s.loc(), predicate(r->predicate), r->contract);
        if (const Pop* p = s.as<Pop>())
            return Pop::make(name(p->symbol), element(p->from), p->type, (*this)(p->body), s.loc());
        if (const Fill* b = s.as<Fill>())
            return Fill::make(element(b->to), block(b->tensor), (*this)(b->body), s.loc());
        if (const Drain* b = s.as<Drain>())
            return Drain::make(element(b->from), block(b->tensor), (*this)(b->body), s.loc());
        if (const CallStmt* c = s.as<CallStmt>()) {
            const Stmt parts = Mutator::mutate(s);
            std::vector<TensorView> tensors = parts.as<CallStmt>()->tensors;
            for (TensorView& v : tensors)
                v.tensor = name(v.tensor);
            return CallStmt::make(c->callee, std::move(tensors), parts.as<CallStmt>()->values,
                                  parts.as<CallStmt>()->streams, s.loc());
        }
        return Mutator::mutate(s);
    }

  private:
    Symbol name(const Symbol& s) const {
        auto n = names.find(s);
        return n == names.end() ? s : n->second;
    }
    StreamElement element(StreamElement e) {
        for (Expr& i : e.at)
            i = (*this)(i);
        return e;
    }
    Tensor block(Tensor t) const {
        t.symbol = name(t.symbol);
        return t;
    }
    StoreTarget target(const StoreTarget& t) {
        StoreTarget r{name(t.tensor), t.type, {}, (*this)(t.value)};
        for (const Expr& i : t.indices)
            r.indices.push_back((*this)(i));
        return r;
    }
    Expr predicate(const Expr& e) { return e.defined() ? (*this)(e) : e; }

    std::map<Symbol, Symbol> names;
};

} // namespace

std::vector<Stmt> children(const Stmt& s) {
    switch (s.kind()) {
    case StmtKind::block:
        return s.as<Block>()->stmts;
    case StmtKind::for_:
        return {s.as<For>()->body};
    case StmtKind::while_:
        return {s.as<While>()->body};
    case StmtKind::if_: {
        const If& i = *s.as<If>();
        return i.else_body.defined() ? std::vector{i.then_body, i.else_body} : std::vector{i.then_body};
    }
    case StmtKind::let:
        return {s.as<LetStmt>()->body};
    case StmtKind::allocate:
        return {s.as<Allocate>()->body};
    case StmtKind::stage:
        return {s.as<Stage>()->body};
    case StmtKind::stream:
        return {s.as<DeclareStream>()->body};
    case StmtKind::pop:
        return {s.as<Pop>()->body};
    case StmtKind::fill:
        return {s.as<Fill>()->body};
    case StmtKind::drain:
        return {s.as<Drain>()->body};
    case StmtKind::dataflow:
        return {s.as<Dataflow>()->body};
    default:
        return {};
    }
}

Path find_path(const Stmt& root, const std::function<bool(const Stmt&)>& wanted) {
    Path path;
    find(root, wanted, path);
    return path;
}

Path path_to_loop(const Stmt& root, const Symbol& loop) {
    Path path;
    find(
        root,
        [&](const Stmt& s) {
            const For* f = s.as<For>();
            return f && f->var == loop;
        },
        path);
    return path;
}

Stmt with_body(const Stmt& s, Stmt body) {
    switch (s.kind()) {
    case StmtKind::for_: {
        const For& f = *s.as<For>();
        return For::make(f.var, f.min, f.extent, f.loop, std::move(body), s.loc());
    }
    case StmtKind::while_:
        return While::make(s.as<While>()->condition, std::move(body), s.loc());
    case StmtKind::if_: {
        const If& i = *s.as<If>();
        invariant(!i.else_body.defined(), "with_body of an if with two branches");
        return If::make(i.condition, std::move(body), {}, s.loc());
    }
    case StmtKind::let: {
        const LetStmt& l = *s.as<LetStmt>();
        return LetStmt::make(l.symbol, l.value, std::move(body), s.loc());
    }
    case StmtKind::allocate:
        return Allocate::make(s.as<Allocate>()->tensor, std::move(body));
    case StmtKind::stage: {
        const Stage& g = *s.as<Stage>();
        return Stage::make(g.func, g.definition, std::move(body), s.loc());
    }
    case StmtKind::stream:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::dataflow:
        return with_parts(s, [](const Expr& e) { return e; }, [&](const Stmt&) { return body; });
    default:
        throw InternalError("with_body of a statement without one");
    }
}

Stmt with_children(const Stmt& s, std::vector<Stmt> fresh) {
    if (s.kind() == StmtKind::block) return Block::make(std::move(fresh));
    if (const If* i = s.as<If>(); i && i->else_body.defined()) {
        if (!fresh[0].defined() && !fresh[1].defined()) return {};
        return If::make(i->condition, fresh[0].defined() ? fresh[0] : Block::make({}), fresh[1], s.loc());
    }
    // A while that never ends is none that may disappear, and a token is taken even if nobody looks at it.
    const bool stays = s.as<While>() || !streams_in(s).empty();
    if (!fresh[0].defined() && !stays) return {};
    return with_body(s, std::move(fresh[0]));
}

Stmt with_child(const Stmt& parent, const Stmt& old, const Stmt& fresh) {
    std::vector<Stmt> all = children(parent);
    for (Stmt& c : all)
        if (c.same_as(old)) c = fresh;
    return with_children(parent, std::move(all));
}

Stmt rebuild(const Path& path, Stmt leaf) {
    for (size_t n = path.size() - 1; n-- > 0;)
        leaf = with_child(path[n], path[n + 1], leaf);
    return leaf;
}

Stmt transform(const Stmt& s, const std::function<Stmt(const Stmt&)>& f) {
    if (!s.defined()) return s;
    std::vector<Stmt> all = children(s);
    bool changed = false;
    for (Stmt& c : all) {
        Stmt t = transform(c, f);
        changed |= !t.same_as(c);
        c = std::move(t);
    }
    if (!changed) return f(s);
    Stmt rebuilt = with_children(s, std::move(all));
    return rebuilt.defined() ? f(rebuilt) : rebuilt;
}

void for_each_stmt(const Stmt& s, const std::function<void(const Stmt&)>& f) {
    if (!s.defined()) return;
    f(s);
    any_body(s, [&](const Stmt& c) {
        for_each_stmt(c, f);
        return false;
    });
}

namespace {

/// The range of a loop's variable, as far as its bounds keep their values inside of it.
void bind_loop(Facts& facts, const For& f) {
    const Expr last = isub(iadd(f.min, f.extent), index(1));
    facts.bound(f.var, {lasts(f.min, f.body) ? f.min : Expr(), lasts(last, f.body) ? last : Expr()});
}

} // namespace

Facts facts_at(const Path& path, const Function& function) {
    Facts facts;
    for (const Argument& a : function.arguments)
        for (const Dim& d : a.tensor.dims)
            if (const Variable* v = d.extent.as<Variable>()) facts.bound(v->symbol, {index(0), {}});
    for (size_t n = 0; n + 1 < path.size(); ++n) {
        const Stmt* next = &path[n + 1];
        if (const For* f = path[n].as<For>()) bind_loop(facts, *f);
        if (const If* i = path[n].as<If>(); i && next->same_as(i->then_body)) facts.assume(i->condition);
        if (const Block* b = path[n].as<Block>())
            for (const Stmt& s : b->stmts) {
                if (s.same_as(*next)) break;
                if (const Assert* a = s.as<Assert>()) facts.assume(a->condition);
            }
    }
    return facts;
}

Facts facts_inside(const Path& path, const Function& f) {
    Facts facts = facts_at(path, f);
    bind_loop(facts, *path.back().as<For>());
    return facts;
}

std::vector<const For*> loops_in(const Stmt& s) {
    std::vector<const For*> all;
    for_each_stmt(s, [&](const Stmt& t) {
        if (const For* f = t.as<For>()) all.push_back(f);
    });
    return all;
}

Stmt duplicate(const Stmt& s, const std::function<Symbol(const Symbol&)>& fresh,
               std::vector<std::pair<Symbol, Symbol>>* renamed) {
    std::map<Symbol, Symbol> names;
    auto rename = [&](const Symbol& old) {
        names[old] = fresh(old);
        if (renamed) renamed->emplace_back(old, names[old]);
    };
    for_each_stmt(s, [&](const Stmt& t) {
        if (const For* f = t.as<For>()) rename(f->var);
        if (const Allocate* a = t.as<Allocate>()) rename(a->tensor.symbol);
        if (const LetStmt* l = t.as<LetStmt>()) names[l->symbol] = Symbol(l->symbol.name());
        if (const Pop* p = t.as<Pop>()) names[p->symbol] = Symbol(p->symbol.name());
        if (const Fill* b = t.as<Fill>()) rename(b->tensor.symbol);
        if (const Drain* b = t.as<Drain>()) rename(b->tensor.symbol);
    });
    return Renamer(std::move(names))(s);
}

Expr duplicate_lets(const Expr& e) {
    bool lets = false;
    for_each_expr(e, [&](const Expr& x) { lets |= x.kind() == ExprKind::let; });
    return lets ? Renamer({})(e) : e;
}

Expr var(const Symbol& s) {
    return Variable::make(s, IndexType());
}
Expr less(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::lt, a, b);
}
Expr at_most(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::le, a, b);
}
Expr equals(const Expr& a, const Expr& b) {
    return Binary::make(BinaryOp::eq, a, b);
}
Expr ceil_div(const Expr& a, int64_t b) {
    return ifloordiv(iadd(a, index(b - 1)), index(b));
}

Expr non_negative(const Expr& extent, const Facts& facts) {
    return prove(at_most(index(0), extent), facts) ? extent : imax(extent, index(0));
}

} // namespace lathe::schedule
