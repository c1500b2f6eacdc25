/// \file The mutator, and the rewrites that rename: substitute and fresh_copy.

#include "lathe/ir/visit.h"

namespace lathe::ir {

Expr Mutator::operator()(const Expr& e) {
    if (!e.defined()) return e;
    if (const auto found = memo.find(e.get()); found != memo.end()) return found->second.second;
    Expr result = mutate(e);
    memo.insert_or_assign(e.get(), std::pair(e, result));
    return result;
}

Stmt Mutator::operator()(const Stmt& s) {
    return s.defined() ? mutate(s) : s;
}

Tensor Mutator::operator()(const Tensor& t) {
    Tensor result = t;
    for (Dim& d : result.dims)
        d = {(*this)(d.min), (*this)(d.extent)};
    return result;
}

Expr Mutator::mutate(const Expr& e) {
    std::vector<Expr> list = operands(e);
    bool changed = false;
    for (Expr& operand : list) {
        Expr mutated = (*this)(operand);
        changed |= !mutated.same_as(operand);
        operand = std::move(mutated);
    }
    return changed ? with_operands(e, list) : e;
}

namespace {

/// Mutates the parts of one statement and notes whether any changed.
class Parts {
  public:
    explicit Parts(Mutator& m) : mutate(m) {}
    template <class T> T operator()(const T& part) {
        T result = mutate(part);
        changed |= !result.same_as(part);
        return result;
    }
    StoreTarget operator()(const StoreTarget& t) {
        StoreTarget result = t;
        for (Expr& i : result.indices)
            i = (*this)(i);
        result.value = (*this)(t.value);
        return result;
    }
    Tensor operator()(const Tensor& t) {
        Tensor result = mutate(t);
        for (size_t d = 0; d < t.dims.size(); ++d)
            changed |= !result.dims[d].min.same_as(t.dims[d].min) ||
                       !result.dims[d].extent.same_as(t.dims[d].extent);
        return result;
    }
    ExternArgument operator()(const ExternArgument& a) {
        ExternArgument result = a;
        for (Dim& d : result.dims)
            d = {(*this)(d.min), (*this)(d.extent)};
        if (a.value.defined()) result.value = (*this)(a.value);
        return result;
    }
    StreamElement operator()(const StreamElement& e) {
        StreamElement result = e;
        for (Expr& i : result.at)
            i = (*this)(i);
        return result;
    }
    std::vector<Dim> operator()(const std::vector<Dim>& dims) {
        std::vector<Dim> result = dims;
        for (Dim& d : result)
            d = {(*this)(d.min), (*this)(d.extent)};
        return result;
    }
    Stmt result(const Stmt& old, const std::function<Stmt()>& make) const { return changed ? make() : old; }

  private:
    Mutator& mutate;
    bool changed = false;
};

Stmt with_parts(const Block& n, const Stmt& s, Parts& part) {
    std::vector<Stmt> stmts;
    for (const Stmt& x : n.stmts)
        stmts.push_back(part(x));
    return part.result(s, [&] { return Block::make(stmts); });
}

Stmt with_parts(const For& n, const Stmt& s, Parts& part) {
    const Expr min = part(n.min), extent = part(n.extent);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return For::make(n.var, min, extent, n.loop, body, n.loc); });
}

Stmt with_parts(const While& n, const Stmt& s, Parts& part) {
    const Expr condition = part(n.condition);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return While::make(condition, body, n.loc); });
}

Stmt with_parts(const If& n, const Stmt& s, Parts& part) {
    const Expr condition = part(n.condition);
    const Stmt then_body = part(n.then_body), else_body = part(n.else_body);
    return part.result(s, [&] { return If::make(condition, then_body, else_body, n.loc); });
}

Stmt with_parts(const LetStmt& n, const Stmt& s, Parts& part) {
    const Expr value = part(n.value);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return LetStmt::make(n.symbol, value, body, n.loc); });
}

Stmt with_parts(const Store& n, const Stmt& s, Parts& part) {
    std::vector<StoreTarget> targets;
    for (const StoreTarget& t : n.targets)
        targets.push_back(part(t));
    const Expr predicate = part(n.predicate);
    return part.result(s, [&] { return Store::make(targets, n.loc, predicate); });
}

Stmt with_parts(const Reduce& n, const Stmt& s, Parts& part) {
    const StoreTarget target = part(n.target);
    const Expr predicate = part(n.predicate);
    return part.result(s, [&] { return Reduce::make(n.op, target, n.loc, predicate, n.contract); });
}

Stmt with_parts(const Allocate& n, const Stmt& s, Parts& part) {
    const Tensor tensor = part(n.tensor);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Allocate::make(tensor, body); });
}

Stmt with_parts(const Assert& n, const Stmt& s, Parts& part) {
    const Expr condition = part(n.condition);
    return part.result(s, [&] { return Assert::make(condition, n.message, n.loc); });
}

Stmt with_parts(const Print& n, const Stmt& s, Parts& part) {
    std::vector<Expr> values;
    for (const Expr& e : n.values)
        values.push_back(part(e));
    return part.result(s, [&] { return Print::make(n.texts, values, n.loc); });
}

Stmt with_parts(const ExternCall& n, const Stmt& s, Parts& part) {
    std::vector<ExternArgument> arguments;
    for (const ExternArgument& a : n.arguments)
        arguments.push_back(part(a));
    return part.result(s, [&] { return ExternCall::make(n.callee, arguments, n.loc); });
}

Stmt with_parts(const Stage& n, const Stmt& s, Parts& part) {
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Stage::make(n.func, n.definition, body, n.loc); });
}

Stmt with_parts(const DeclareStream& n, const Stmt& s, Parts& part) {
    StreamDeclaration stream = n.stream;
    for (Expr& e : stream.dims)
        e = part(e);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return DeclareStream::make(stream, body); });
}

Stmt with_parts(const Push& n, const Stmt& s, Parts& part) {
    const StreamElement to = part(n.to);
    const Expr value = part(n.value);
    return part.result(s, [&] { return Push::make(to, n.type, value, n.loc); });
}

Stmt with_parts(const Pop& n, const Stmt& s, Parts& part) {
    const StreamElement from = part(n.from);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Pop::make(n.symbol, from, n.type, body, n.loc); });
}

Stmt with_parts(const Fill& n, const Stmt& s, Parts& part) {
    const StreamElement to = part(n.to);
    const Tensor tensor = part(n.tensor);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Fill::make(to, tensor, body, n.loc); });
}

Stmt with_parts(const Drain& n, const Stmt& s, Parts& part) {
    const StreamElement from = part(n.from);
    const Tensor tensor = part(n.tensor);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Drain::make(from, tensor, body, n.loc); });
}

Stmt with_parts(const CallStmt& n, const Stmt& s, Parts& part) {
    std::vector<TensorView> tensors = n.tensors;
    for (TensorView& v : tensors)
        for (ViewDim& d : v.dims)
            d.begin = part(d.begin), d.extent = part(d.extent);
    std::vector<Expr> values;
    for (const Expr& e : n.values)
        values.push_back(part(e));
    std::vector<StreamElement> streams;
    for (const StreamElement& e : n.streams)
        streams.push_back(part(e));
    return part.result(s, [&] { return CallStmt::make(n.callee, tensors, values, streams, n.loc); });
}

Stmt with_parts(const Dataflow& n, const Stmt& s, Parts& part) {
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Dataflow::make(body, n.loc); });
}

Stmt with_parts(const Spawn& n, const Stmt& s, Parts& part) {
    const std::vector<Dim> box = part(n.box);
    const Stmt call = part(n.call);
    return part.result(s, [&] { return Spawn::make(n.ids, box, call, n.loc); });
}

} // namespace

Stmt Mutator::mutate(const Stmt& s) {
    Parts part(*this);
    switch (s.kind()) {
    case StmtKind::block:
        return with_parts(*s.as<Block>(), s, part);
    case StmtKind::for_:
        return with_parts(*s.as<For>(), s, part);
    case StmtKind::while_:
        return with_parts(*s.as<While>(), s, part);
    case StmtKind::if_:
        return with_parts(*s.as<If>(), s, part);
    case StmtKind::let:
        return with_parts(*s.as<LetStmt>(), s, part);
    case StmtKind::store:
        return with_parts(*s.as<Store>(), s, part);
    case StmtKind::reduce:
        return with_parts(*s.as<Reduce>(), s, part);
    case StmtKind::allocate:
        return with_parts(*s.as<Allocate>(), s, part);
    case StmtKind::assert_:
        return with_parts(*s.as<Assert>(), s, part);
    case StmtKind::print:
        return with_parts(*s.as<Print>(), s, part);
    case StmtKind::extern_call:
        return with_parts(*s.as<ExternCall>(), s, part);
    case StmtKind::stage:
        return with_parts(*s.as<Stage>(), s, part);
    case StmtKind::stream:
        return with_parts(*s.as<DeclareStream>(), s, part);
    case StmtKind::push:
        return with_parts(*s.as<Push>(), s, part);
    case StmtKind::pop:
        return with_parts(*s.as<Pop>(), s, part);
    case StmtKind::fill:
        return with_parts(*s.as<Fill>(), s, part);
    case StmtKind::drain:
        return with_parts(*s.as<Drain>(), s, part);
    case StmtKind::call:
        return with_parts(*s.as<CallStmt>(), s, part);
    case StmtKind::dataflow:
        return with_parts(*s.as<Dataflow>(), s, part);
    case StmtKind::spawn:
        return with_parts(*s.as<Spawn>(), s, part);
    }
    throw InternalError("unknown kind of statement");
}

namespace {

/// Goes no further than the parts of one statement.
class OneStatement : public Mutator {
  public:
    OneStatement(const std::function<Expr(const Expr&)>& e, const std::function<Stmt(const Stmt&)>& b)
        : expr(e), body(b) {}
    Stmt run(const Stmt& s) { return Mutator::mutate(s); }

  protected:
    Expr mutate(const Expr& e) override { return expr(e); }
    Stmt mutate(const Stmt& s) override { return body(s); }

  private:
    const std::function<Expr(const Expr&)>& expr;
    const std::function<Stmt(const Stmt&)>& body;
};

} // namespace

Stmt with_parts(const Stmt& s, const std::function<Expr(const Expr&)>& expr,
                const std::function<Stmt(const Stmt&)>& body) {
    return OneStatement(expr, body).run(s);
}

namespace {

class Substitute : public Mutator {
  public:
    explicit Substitute(const Substitution& w) : with(w) {
        for (const auto& [symbol, e] : with)
            invariant(e.defined(), "substitute: an undefined expression");
    }

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override {
        const auto* v = e.as<Variable>();
        if (!v) return Mutator::mutate(e);
        const auto found = with.find(v->symbol);
        if (found == with.end()) return e;
        invariant(found->second.type() == v->type,
                  "substitute: the expression has another type than the variable");
        return found->second;
    }

  private:
    const Substitution& with;
};

using Renaming = std::map<Symbol, Symbol>;

/// Gives every symbol bound in the statement or expression its new identity, where it is bound and where it
/// is used.
class Rename : public Mutator {
  public:
    explicit Rename(const Renaming& n) : names(n) {}

  protected:
    Expr mutate(const Expr& e) override {
        const Expr r = Mutator::mutate(e);
        if (const auto* v = r.as<Variable>(); v && renamed(v->symbol))
            return Variable::make(fresh(v->symbol), v->type, v->loc);
        if (const auto* l = r.as<Let>(); l && renamed(l->symbol))
            return Let::make(fresh(l->symbol), l->value, l->body, l->loc);
        if (const auto* l = r.as<Load>(); l && renamed(l->tensor))
            return Load::make(fresh(l->tensor), l->type.element(), l->indices, l->loc, l->predicate);
        return r;
    }

    Stmt mutate(const Stmt& s) override {
        const Stmt r = Mutator::mutate(s);
        if (const auto* f = r.as<For>())
            return For::make(fresh(f->var), f->min, f->extent, f->loop, f->body, f->loc);
        if (const auto* l = r.as<LetStmt>())
            return LetStmt::make(fresh(l->symbol), l->value, l->body, l->loc);
        if (const auto* st = r.as<Stage>(); st && renamed(st->func))
            return Stage::make(fresh(st->func), st->definition, st->body, st->loc);
        if (const auto* a = r.as<Allocate>()) return Allocate::make(fresh(a->tensor), a->body);
        if (const auto* d = r.as<DeclareStream>()) {
            StreamDeclaration stream = d->stream;
            stream.symbol = fresh(stream.symbol);
            return DeclareStream::make(std::move(stream), d->body);
        }
        if (const auto* p = r.as<Push>()) return Push::make(fresh(p->to), p->type, p->value, p->loc);
        if (const auto* p = r.as<Pop>())
            return Pop::make(fresh(p->symbol), fresh(p->from), p->type, p->body, p->loc);
        if (const auto* b = r.as<Fill>()) return Fill::make(fresh(b->to), fresh(b->tensor), b->body, b->loc);
        if (const auto* b = r.as<Drain>())
            return Drain::make(fresh(b->from), fresh(b->tensor), b->body, b->loc);
        if (const auto* c = r.as<CallStmt>()) return fresh(*c);
        if (const auto* c = r.as<ExternCall>()) {
            std::vector<ExternArgument> arguments = c->arguments;
            for (ExternArgument& a : arguments)
                a.tensor = fresh(a.tensor);
            return ExternCall::make(c->callee, std::move(arguments), c->loc);
        }
        if (const auto* p = r.as<Spawn>()) {
            std::vector<Symbol> ids;
            for (const Symbol& id : p->ids)
                ids.push_back(fresh(id));
            return Spawn::make(std::move(ids), p->box, p->call, p->loc);
        }
        if (const auto* w = r.as<Store>()) {
            std::vector<StoreTarget> targets = w->targets;
            for (StoreTarget& t : targets)
                t.tensor = fresh(t.tensor);
            return Store::make(std::move(targets), w->loc, w->predicate);
        }
        if (const auto* red = r.as<Reduce>()) {
            StoreTarget t = red->target;
            t.tensor = fresh(t.tensor);
            return Reduce::make(red->op, std::move(t), red->loc, red->predicate, red->contract);
        }
        return r;
    }

  private:
    bool renamed(const Symbol& s) const { return names.count(s) != 0; }
    Symbol fresh(const Symbol& s) const {
        const auto found = names.find(s);
        return found == names.end() ? s : found->second;
    }
    StreamElement fresh(StreamElement e) const {
        e.stream = fresh(e.stream);
        return e;
    }
    Tensor fresh(Tensor t) const {
        t.symbol = fresh(t.symbol);
        return t;
    }
    Stmt fresh(const CallStmt& c) const {
        std::vector<TensorView> tensors = c.tensors;
        for (TensorView& v : tensors)
            v.tensor = fresh(v.tensor);
        std::vector<StreamElement> streams;
        for (const StreamElement& e : c.streams)
            streams.push_back(fresh(e));
        return CallStmt::make(c.callee, std::move(tensors), c.values, std::move(streams), c.loc);
    }
    const Renaming& names;
};

void bind_fresh(Renaming& names, const Symbol& s) {
    names.emplace(s, Symbol(s.name()));
}

void bind_let(Renaming& names, const Expr& e) {
    if (const auto* l = e.as<Let>()) bind_fresh(names, l->symbol);
}

} // namespace

Expr substitute(const Expr& e, const Substitution& with) {
    return Substitute(with)(e);
}

Stmt substitute(const Stmt& s, const Substitution& with) {
    return Substitute(with)(s);
}

Expr fresh_copy(const Expr& e) {
    Renaming names;
    for_each_expr(e, [&](const Expr& x) { bind_let(names, x); });
    return names.empty() ? e : Rename(names)(e);
}

namespace {

void bind_fresh(Renaming& names, const Stmt& s) {
    const auto bind = [&](const Stmt& x) {
        if (const auto* f = x.as<For>()) bind_fresh(names, f->var);
        if (const auto* l = x.as<LetStmt>()) bind_fresh(names, l->symbol);
        if (const auto* a = x.as<Allocate>()) bind_fresh(names, a->tensor.symbol);
        if (const auto* d = x.as<DeclareStream>()) bind_fresh(names, d->stream.symbol);
        if (const auto* p = x.as<Pop>()) bind_fresh(names, p->symbol);
        if (const auto* b = x.as<Fill>()) bind_fresh(names, b->tensor.symbol);
        if (const auto* b = x.as<Drain>()) bind_fresh(names, b->tensor.symbol);
        if (const auto* p = x.as<Spawn>())
            for (const Symbol& id : p->ids)
                bind_fresh(names, id);
    };
    for_each(s, bind, [&](const Expr& x) { bind_let(names, x); });
}

} // namespace

Stmt fresh_copy(const Stmt& s, std::map<Symbol, Symbol>* renamed) {
    Renaming names;
    bind_fresh(names, s);
    Stmt copy = Rename(names)(s);
    if (renamed) *renamed = std::move(names);
    return copy;
}

Function fresh_copy(const Function& f, std::map<Symbol, Symbol>* renamed) {
    Renaming names;
    for (const Param& p : f.params)
        bind_fresh(names, p.symbol);
    for (const Argument& a : f.arguments)
        bind_fresh(names, a.tensor.symbol);
    for (const Tensor& t : f.constants)
        bind_fresh(names, t.symbol);
    for (const StreamArgument& a : f.streams)
        bind_fresh(names, a.stream.symbol);
    bind_fresh(names, f.body);
    Rename rename(names);
    Function copy = f;
    for (Param& p : copy.params)
        p.symbol = names.at(p.symbol);
    const auto fresh = [&](Tensor& t) {
        t = rename(t);
        t.symbol = names.at(t.symbol);
    };
    for (Argument& a : copy.arguments)
        fresh(a.tensor);
    for (Tensor& t : copy.constants)
        fresh(t);
    for (StreamArgument& a : copy.streams)
        a.stream.symbol = names.at(a.stream.symbol);
    copy.body = rename(f.body);
    if (renamed) *renamed = std::move(names);
    return copy;
}

} // namespace lathe::ir
