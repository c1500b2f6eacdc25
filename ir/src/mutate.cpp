/// \file The mutator, and the rewrites that rename: substitute and fresh_copy.

#include "lathe/ir/bound_symbols.h"
#include "lathe/ir/node.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/rename.h"
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

std::vector<Expr> Mutator::operator()(const std::vector<Expr>& list) {
    std::vector<Expr> result;
    for (const Expr& e : list)
        result.push_back((*this)(e));
    return result;
}

Expr Mutator::mutate(const Expr& e) {
    return with_node(e, [&](const auto& n) { return visit(n, e); });
}

Stmt Mutator::mutate(const Stmt& s) {
    return with_node(s, [&](const auto& n) { return visit(n, s); });
}

Expr Mutator::rebuilt(const Expr& e) {
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
    bool none_changed() const { return !changed; }
    Stmt result(const Stmt& old, const std::function<Stmt()>& make) const { return changed ? make() : old; }

  private:
    Mutator& mutate;
    bool changed = false;
};

} // namespace

Stmt Mutator::visit(const Block& n, const Stmt& s) {
    Parts part(*this);
    std::vector<Stmt> stmts;
    for (const Stmt& x : n.stmts)
        stmts.push_back(part(x));
    return part.result(s, [&] { return Block::make(stmts); });
}

Stmt Mutator::visit(const For& n, const Stmt& s) {
    Parts part(*this);
    const Expr min = part(n.min), extent = part(n.extent);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return For::make(n.var, min, extent, n.loop, body, n.loc); });
}

Stmt Mutator::visit(const While& n, const Stmt& s) {
    Parts part(*this);
    const Expr condition = part(n.condition);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return While::make(condition, body, n.loc); });
}

Stmt Mutator::visit(const If& n, const Stmt& s) {
    Parts part(*this);
    const Expr condition = part(n.condition);
    const Stmt then_body = part(n.then_body), else_body = part(n.else_body);
    return part.result(s, [&] { return If::make(condition, then_body, else_body, n.loc); });
}

Stmt Mutator::visit(const LetStmt& n, const Stmt& s) {
    Parts part(*this);
    const Expr value = part(n.value);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return LetStmt::make(n.symbol, value, body, n.loc); });
}

Stmt Mutator::visit(const Store& n, const Stmt& s) {
    Parts part(*this);
    std::vector<StoreTarget> targets;
    for (const StoreTarget& t : n.targets)
        targets.push_back(part(t));
    const Expr predicate = part(n.predicate);
    return part.result(s, [&] { return Store::make(targets, n.loc, predicate); });
}

Stmt Mutator::visit(const Reduce& n, const Stmt& s) {
    Parts part(*this);
    const StoreTarget target = part(n.target);
    const Expr predicate = part(n.predicate);
    return part.result(s, [&] { return Reduce::make(n.op, target, n.loc, predicate, n.contract); });
}

Stmt Mutator::visit(const Allocate& n, const Stmt& s) {
    Parts part(*this);
    std::vector<Tensor> tensors;
    for (const Tensor& t : n.tensors)
        tensors.push_back(part(t));
    const bool same = part.none_changed();
    const Stmt body = part(n.body);
    return part.result(s, [&] { return same ? n.around(body) : Allocate::make(std::move(tensors), body); });
}

Stmt Mutator::visit(const Assert& n, const Stmt& s) {
    Parts part(*this);
    const Expr condition = part(n.condition);
    return part.result(s, [&] { return Assert::make(condition, n.message, n.loc); });
}

Stmt Mutator::visit(const Print& n, const Stmt& s) {
    Parts part(*this);
    std::vector<Expr> values;
    for (const Expr& e : n.values)
        values.push_back(part(e));
    return part.result(s, [&] { return Print::make(n.texts, values, n.loc); });
}

Stmt Mutator::visit(const ExternCall& n, const Stmt& s) {
    Parts part(*this);
    std::vector<ExternArgument> arguments;
    for (const ExternArgument& a : n.arguments)
        arguments.push_back(part(a));
    return part.result(s, [&] { return ExternCall::make(n.callee, arguments, n.loc); });
}

Stmt Mutator::visit(const Copy& n, const Stmt& s) {
    Parts part(*this);
    std::vector<Dim> dims;
    for (const Dim& d : n.dims)
        dims.push_back({part(d.min), part(d.extent)});
    return part.result(s, [&] { return Copy::make(n.from, n.to, n.side, n.type, dims, n.loc); });
}

Stmt Mutator::visit(const Stage& n, const Stmt& s) {
    Parts part(*this);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Stage::make(n.func, n.definition, body, n.loc); });
}

Stmt Mutator::visit(const DeclareStream& n, const Stmt& s) {
    Parts part(*this);
    StreamDeclaration stream = n.stream;
    for (Expr& e : stream.dims)
        e = part(e);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return DeclareStream::make(stream, body); });
}

Stmt Mutator::visit(const Push& n, const Stmt& s) {
    Parts part(*this);
    const StreamElement to = part(n.to);
    const Expr value = part(n.value);
    return part.result(s, [&] { return Push::make(to, n.type, value, n.loc); });
}

Stmt Mutator::visit(const Pop& n, const Stmt& s) {
    Parts part(*this);
    const StreamElement from = part(n.from);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Pop::make(n.symbol, from, n.type, body, n.loc); });
}

Stmt Mutator::visit(const Fill& n, const Stmt& s) {
    Parts part(*this);
    const StreamElement to = part(n.to);
    const Tensor tensor = part(n.tensor);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Fill::make(to, tensor, body, n.loc); });
}

Stmt Mutator::visit(const Drain& n, const Stmt& s) {
    Parts part(*this);
    const StreamElement from = part(n.from);
    const Tensor tensor = part(n.tensor);
    const Stmt body = part(n.body);
    return part.result(s, [&] { return Drain::make(from, tensor, body, n.loc); });
}

Stmt Mutator::visit(const CallStmt& n, const Stmt& s) {
    Parts part(*this);
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

Stmt Mutator::visit(const Dataflow& n, const Stmt& s) {
    Parts part(*this);
    const Stmt body = part(n.body);
    const Stmt origin = part(n.origin);
    return part.result(s, [&] { return Dataflow::make(body, n.loc, origin); });
}

Stmt Mutator::visit(const Spawn& n, const Stmt& s) {
    Parts part(*this);
    const std::vector<Dim> box = part(n.box);
    const Stmt call = part(n.call);
    return part.result(s, [&] { return Spawn::make(n.ids, box, call, n.loc); });
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
    using Mutator::visit;
    Expr visit(const Variable& v, const Expr& e) override {
        const auto found = with.find(v.symbol);
        if (found == with.end()) return e;
        invariant(found->second.type() == v.type,
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
    using Mutator::visit;
    Expr visit(const Variable& v, const Expr& e) override {
        return renamed(v.symbol) ? Variable::make(fresh(v.symbol), v.type, v.loc) : e;
    }
    Expr visit(const Let& l, const Expr& e) override {
        if (!renamed(l.symbol)) return rebuilt(e);
        const Expr value = (*this)(l.value);
        return Let::make(fresh(l.symbol), value, (*this)(l.body), l.loc);
    }
    Expr visit(const Load& l, const Expr& e) override {
        if (!renamed(l.tensor)) return rebuilt(e);
        return Load::make(fresh(l.tensor), l.type.element(), (*this)(l.indices), l.loc, (*this)(l.predicate));
    }

    Stmt visit(const For& f, const Stmt&) override {
        const Expr min = (*this)(f.min), extent = (*this)(f.extent);
        return For::make(fresh(f.var), min, extent, f.loop, (*this)(f.body), f.loc);
    }
    Stmt visit(const LetStmt& l, const Stmt&) override {
        const Expr value = (*this)(l.value);
        return LetStmt::make(fresh(l.symbol), value, (*this)(l.body), l.loc);
    }
    Stmt visit(const Stage& s, const Stmt&) override {
        return Stage::make(fresh(s.func), s.definition, (*this)(s.body), s.loc);
    }
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> tensors;
        for (const Tensor& t : a.tensors) {
            tensors.push_back((*this)(t));
            tensors.back().symbol = fresh(t.symbol);
        }
        return Allocate::make(std::move(tensors), (*this)(a.body));
    }
    Stmt visit(const Store& s, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets)
            targets.push_back(target(t));
        return Store::make(std::move(targets), s.loc, (*this)(s.predicate));
    }
    Stmt visit(const Reduce& r, const Stmt&) override {
        return Reduce::make(r.op, target(r.target), r.loc, (*this)(r.predicate), r.contract);
    }
    Stmt visit(const ExternCall& c, const Stmt& s) override {
        const Stmt now = Mutator::visit(c, s);
        std::vector<ExternArgument> arguments = now.as<ExternCall>()->arguments;
        for (ExternArgument& a : arguments)
            if (!planted.has(Fault::extern_array_old)) a.tensor = fresh(a.tensor);
        return ExternCall::make(c.callee, std::move(arguments), c.loc);
    }

    Stmt visit(const Copy& c, const Stmt& s) override {
        const Stmt now = Mutator::visit(c, s);
        return Copy::make(fresh(c.from), fresh(c.to), c.side, c.type, now.as<Copy>()->dims, c.loc);
    }
    Stmt visit(const DeclareStream& d, const Stmt&) override {
        StreamDeclaration stream = d.stream;
        stream.symbol = fresh(stream.symbol);
        stream.dims = (*this)(stream.dims);
        return DeclareStream::make(std::move(stream), (*this)(d.body));
    }
    Stmt visit(const Push& p, const Stmt&) override {
        const StreamElement to = element(p.to);
        return Push::make(to, p.type, (*this)(p.value), p.loc);
    }
    Stmt visit(const Pop& p, const Stmt&) override {
        const StreamElement from = element(p.from);
        return Pop::make(fresh(p.symbol), from, p.type, (*this)(p.body), p.loc);
    }
    Stmt visit(const Fill& b, const Stmt&) override {
        const StreamElement to = element(b.to);
        return Fill::make(to, block(b.tensor), (*this)(b.body), b.loc);
    }
    Stmt visit(const Drain& b, const Stmt&) override {
        const StreamElement from = element(b.from);
        return Drain::make(from, block(b.tensor), (*this)(b.body), b.loc);
    }
    Stmt visit(const CallStmt& c, const Stmt& s) override {
        const Stmt now = Mutator::visit(c, s);
        std::vector<TensorView> tensors = now.as<CallStmt>()->tensors;
        for (TensorView& v : tensors)
            v.tensor = fresh(v.tensor);
        std::vector<StreamElement> streams = now.as<CallStmt>()->streams;
        for (StreamElement& e : streams)
            e.stream = fresh(e.stream);
        return CallStmt::make(c.callee, std::move(tensors), now.as<CallStmt>()->values, std::move(streams),
                              c.loc);
    }
    Stmt visit(const Spawn& p, const Stmt& s) override {
        const Stmt now = Mutator::visit(p, s);
        std::vector<Symbol> ids;
        for (const Symbol& id : p.ids)
            ids.push_back(fresh(id));
        return Spawn::make(std::move(ids), now.as<Spawn>()->box, now.as<Spawn>()->call, p.loc);
    }

  private:
    bool renamed(const Symbol& s) const { return names.count(s) != 0; }
    Symbol fresh(const Symbol& s) const {
        const auto found = names.find(s);
        return found == names.end() ? s : found->second;
    }
    StreamElement element(const StreamElement& e) { return {fresh(e.stream), (*this)(e.at)}; }
    Tensor block(const Tensor& t) {
        Tensor named = (*this)(t);
        named.symbol = fresh(t.symbol);
        return named;
    }
    StoreTarget target(const StoreTarget& t) {
        return {fresh(t.tensor), t.type, (*this)(t.indices), (*this)(t.value)};
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
        bound_symbols(x).for_each([&](const Symbol& b) { bind_fresh(names, b); });
        if (const auto* d = x.as<Dataflow>()) bind_fresh(names, d->origin);
    };
    for_each(s, bind, [&](const Expr& x) { bind_let(names, x); });
}

} // namespace

Stmt rename(const Stmt& s, const std::map<Symbol, Symbol>& names) {
    return Rename(names)(s);
}

Stmt fresh_copy(const Stmt& s, std::map<Symbol, Symbol>* renamed) {
    Renaming names;
    bind_fresh(names, s);
    Stmt copy = rename(s, names);
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
