#include "lathe/ir/visit.h"

#include "lathe/ir/bound_symbols.h"
#include "lathe/ir/node.h"

#include "lathe/ir/any_body.h"

#include "expr_types.h"
#include "lathe/ir/implied_cast.h"

namespace lathe::ir {

std::vector<Expr> operands(const Expr& e) {
    switch (e.kind()) {
    case ExprKind::constant:
    case ExprKind::variable:
        return {};
    case ExprKind::load: {
        const auto* n = e.as<Load>();
        std::vector<Expr> all = n->indices;
        if (n->predicate.defined()) all.push_back(n->predicate);
        return all;
    }
    case ExprKind::unary:
        return {e.as<Unary>()->a};
    case ExprKind::binary:
        return {e.as<Binary>()->a, e.as<Binary>()->b};
    case ExprKind::select: {
        const auto* n = e.as<Select>();
        return {n->condition, n->then_value, n->else_value};
    }
    case ExprKind::cast:
        return {e.as<Cast>()->a};
    case ExprKind::bitcast:
        return {e.as<Bitcast>()->a};
    case ExprKind::slice:
        return {e.as<Slice>()->a};
    case ExprKind::fma:
        return {e.as<Fma>()->a, e.as<Fma>()->b, e.as<Fma>()->c};
    case ExprKind::call:
        return e.as<Call>()->arguments;
    case ExprKind::let:
        return {e.as<Let>()->value, e.as<Let>()->body};
    case ExprKind::ramp:
        return {e.as<Ramp>()->base, e.as<Ramp>()->stride};
    case ExprKind::broadcast:
        return {e.as<Broadcast>()->a};
    case ExprKind::vector_reduce:
        return {e.as<VectorReduce>()->a};
    }
    throw InternalError("unknown kind of expression");
}

namespace {

Expr binary_with(const Binary& n, const Expr& a, const Expr& b) {
    const bool same_types =
        a.type() == n.a.type() && b.type() == n.b.type() && !real_literal(a) && !real_literal(b);
    if (same_types) return Expr(std::make_shared<const Binary>(n.op, a, b, n.type, n.loc));
    if (!has_own_type(n)) return Binary::make(n.op, a, b, n.loc);
    return Binary::make_as(n.type.with_lanes(a.type().lanes()), n.op, a, b, n.loc);
}

Expr load_with(const Load& n, std::vector<Expr> all) {
    Expr predicate;
    if (n.predicate.defined()) {
        predicate = all.back();
        all.pop_back();
    }
    return Load::make(n.tensor, n.type.element(), std::move(all), n.loc, std::move(predicate));
}

} // namespace

Expr with_operands(const Expr& e, const std::vector<Expr>& ops) {
    invariant(ops.size() == operands(e).size(), "with_operands: wrong number of operands");
    const Loc loc = e.loc();
    switch (e.kind()) {
    case ExprKind::constant:
    case ExprKind::variable:
        return e;
    case ExprKind::load:
        return load_with(*e.as<Load>(), ops);
    case ExprKind::unary:
        return Unary::make(e.as<Unary>()->op, ops[0], loc);
    case ExprKind::binary:
        return binary_with(*e.as<Binary>(), ops[0], ops[1]);
    case ExprKind::select:
        return Select::make(ops[0], ops[1], ops[2], loc);
    case ExprKind::cast:
        if (dynamic_cast<const ImpliedCast*>(e.get()))
            return Expr(
                std::make_shared<const ImpliedCast>(e.type().with_lanes(ops[0].type().lanes()), ops[0], loc));
        return Cast::make(e.type(), ops[0], loc);
    case ExprKind::bitcast:
        return Bitcast::make(e.type(), ops[0], loc);
    case ExprKind::slice:
        return Slice::make(ops[0], e.as<Slice>()->hi, e.as<Slice>()->lo, loc);
    case ExprKind::fma:
        return Fma::make(ops[0], ops[1], ops[2], loc);
    case ExprKind::call:
        return Call::make(e.as<Call>()->function, ops, loc);
    case ExprKind::let:
        return Let::make(e.as<Let>()->symbol, ops[0], ops[1], loc);
    case ExprKind::ramp:
        return Ramp::make(ops[0], ops[1], e.type().lanes(), loc);
    case ExprKind::broadcast:
        return Broadcast::make(ops[0], e.type().lanes(), loc);
    case ExprKind::vector_reduce:
        return VectorReduce::make(e.as<VectorReduce>()->op, ops[0], loc);
    }
    throw InternalError("unknown kind of expression");
}

std::vector<Expr> expressions(const Stmt& s) {
    std::vector<Expr> all;
    const auto add = [&](std::initializer_list<Expr> list) {
        for (const Expr& e : list)
            if (e.defined()) all.push_back(e);
    };
    const auto add_dims = [&](const std::vector<Dim>& dims) {
        for (const Dim& d : dims)
            add({d.min, d.extent});
    };
    const auto add_target = [&](const StoreTarget& t) {
        all.insert(all.end(), t.indices.begin(), t.indices.end());
        add({t.value});
    };
    switch (s.kind()) {
    case StmtKind::block:
    case StmtKind::stage:
    case StmtKind::dataflow:
        break;
    case StmtKind::for_:
        add({s.as<For>()->min, s.as<For>()->extent});
        break;
    case StmtKind::while_:
        add({s.as<While>()->condition});
        break;
    case StmtKind::if_:
        add({s.as<If>()->condition});
        break;
    case StmtKind::let:
        add({s.as<LetStmt>()->value});
        break;
    case StmtKind::store:
        for (const StoreTarget& t : s.as<Store>()->targets)
            add_target(t);
        add({s.as<Store>()->predicate});
        break;
    case StmtKind::reduce:
        add_target(s.as<Reduce>()->target);
        add({s.as<Reduce>()->predicate});
        break;
    case StmtKind::allocate:
        for (const Tensor& t : s.as<Allocate>()->tensors)
            add_dims(t.dims);
        break;
    case StmtKind::assert_:
        add({s.as<Assert>()->condition});
        break;
    case StmtKind::print:
        all = s.as<Print>()->values;
        break;
    case StmtKind::extern_call:
        for (const ExternArgument& a : s.as<ExternCall>()->arguments) {
            add_dims(a.dims);
            add({a.value});
        }
        break;
    case StmtKind::copy:
        add_dims(s.as<Copy>()->dims);
        break;
    case StmtKind::stream:
        all = s.as<DeclareStream>()->stream.dims;
        break;
    case StmtKind::push:
        all = s.as<Push>()->to.at;
        add({s.as<Push>()->value});
        break;
    case StmtKind::pop:
        all = s.as<Pop>()->from.at;
        break;
    case StmtKind::fill:
        all = s.as<Fill>()->to.at;
        add_dims(s.as<Fill>()->tensor.dims);
        break;
    case StmtKind::drain:
        all = s.as<Drain>()->from.at;
        add_dims(s.as<Drain>()->tensor.dims);
        break;
    case StmtKind::call:
        for (const TensorView& v : s.as<CallStmt>()->tensors)
            for (const ViewDim& d : v.dims)
                add({d.begin, d.extent});
        for (const Expr& e : s.as<CallStmt>()->values)
            add({e});
        for (const StreamElement& e : s.as<CallStmt>()->streams)
            all.insert(all.end(), e.at.begin(), e.at.end());
        break;
    case StmtKind::spawn:
        add_dims(s.as<Spawn>()->box);
        break;
    }
    return all;
}

std::vector<Stmt> bodies(const Stmt& s) {
    std::vector<Stmt> all;
    any_body(s, [&](const Stmt& body) {
        all.push_back(body);
        return false;
    });
    return all;
}

namespace {

bool find(const Stmt& s, const Symbol& loop, std::vector<Stmt>& path) {
    const For* f = s.as<For>();
    path.push_back(s);
    const bool here =
        (f && f->var == loop) || any_body(s, [&](const Stmt& body) { return find(body, loop, path); });
    if (!here) path.pop_back();
    return here;
}

} // namespace

std::vector<Stmt> path_to_loop(const Stmt& root, const Symbol& loop) {
    std::vector<Stmt> path;
    if (root.defined()) find(root, loop, path);
    return path;
}

namespace {

using Visited = std::unordered_set<const void*>;

/// Post-order over the nodes not yet visited. An explicit stack, because expressions are the deep part of a
/// program.
void walk(const Expr& root, Visited& visited, const std::function<void(const Expr&)>& f) {
    struct Frame {
        Expr e;
        std::vector<Expr> operands;
        size_t next;
    };
    std::vector<Frame> stack;
    const auto enter = [&](const Expr& e) {
        if (e.defined() && visited.insert(e.get()).second) stack.push_back({e, operands(e), 0});
    };
    enter(root);
    while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next < top.operands.size()) {
            const Expr operand = top.operands[top.next++];
            enter(operand);
            continue;
        }
        const Expr done = std::move(top.e);
        stack.pop_back();
        f(done);
    }
}

void walk(const Stmt& s, Visited& visited, const std::function<void(const Stmt&)>& on_stmt,
          const std::function<void(const Expr&)>& on_expr) {
    if (!s.defined() || !visited.insert(s.get()).second) return;
    if (on_stmt) on_stmt(s);
    if (on_expr)
        for (const Expr& e : expressions(s))
            walk(e, visited, on_expr);
    for (const Stmt& body : bodies(s))
        walk(body, visited, on_stmt, on_expr);
}

} // namespace

void for_each_expr(const Expr& e, const std::function<void(const Expr&)>& f) {
    Visited visited;
    walk(e, visited, f);
}

void for_each(const Stmt& s, const std::function<void(const Stmt&)>& on_stmt,
              const std::function<void(const Expr&)>& on_expr) {
    Visited visited;
    walk(s, visited, on_stmt, on_expr);
}

namespace {

/// What an expression or statement uses, and what it binds itself.
struct Uses {
    std::set<Symbol> variables, bound, read, written;

    void add(const Expr& e) {
        if (const auto* v = e.as<Variable>()) variables.insert(v->symbol);
        if (const auto* l = e.as<Let>()) bound.insert(l->symbol);
        if (const auto* l = e.as<Load>()) read.insert(l->tensor);
    }
    void add(const Stmt& s) {
        bound_symbols(s).for_each([&](const Symbol& b) { bound.insert(b); });
        for (const Write& w : writes_of(s)) {
            written.insert(w.tensor);
            if (w.reads) read.insert(w.tensor);
        }
        with_node(s, [&](const auto& n) { reads_whole(n); });
    }
    void reads_whole(const ExternCall& c) {
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && a.direction == Direction::in) read.insert(a.tensor);
    }
    void reads_whole(const CallStmt& c) {
        for (const TensorView& v : c.tensors)
            if (v.direction == Direction::in) read.insert(v.tensor);
    }
    void reads_whole(const Copy& c) { read.insert(c.from); }
    void reads_whole(const OneOf<Block, For, While, If, LetStmt, Store, Reduce, Allocate, Assert, Print,
                                 Stage, DeclareStream, Push, Pop, Fill, Drain, Dataflow, Spawn> auto&) {}
    std::set<Symbol> free() const {
        std::set<Symbol> result;
        std::set_difference(variables.begin(), variables.end(), bound.begin(), bound.end(),
                            std::inserter(result, result.end()));
        return result;
    }
};

Uses uses_of(const Expr& e) {
    Uses u;
    for_each_expr(e, [&](const Expr& x) { u.add(x); });
    return u;
}

Uses uses_of(const Stmt& s) {
    Uses u;
    for_each(s, [&](const Stmt& x) { u.add(x); }, [&](const Expr& x) { u.add(x); });
    return u;
}

} // namespace

std::vector<Write> writes_of(const Stmt& s) {
    std::vector<Write> all;
    with_node(s, Overloads{
                     [&](const Store& w) {
                         for (const StoreTarget& t : w.targets)
                             all.push_back({t.tensor, &t, false});
                     },
                     [&](const Reduce& r) { all.push_back({r.target.tensor, &r.target, true}); },
                     [&](const ExternCall& c) {
                         for (const ExternArgument& a : c.arguments)
                             if (a.tensor && a.direction != Direction::in)
                                 all.push_back({a.tensor, nullptr, a.direction == Direction::inout});
                     },
                     [&](const CallStmt& c) {
                         for (const TensorView& v : c.tensors)
                             if (v.direction != Direction::in)
                                 all.push_back({v.tensor, nullptr, v.direction == Direction::inout});
                     },
                     [&](const Copy& c) { all.push_back({c.to, nullptr, false}); },
                     [](const OneOf<Block, For, While, If, LetStmt, Allocate, Assert, Print, Stage,
                                    DeclareStream, Push, Pop, Fill, Drain, Dataflow, Spawn> auto&) {},
                 });
    return all;
}

std::vector<StreamElement> streams_in(const Stmt& s) {
    using All = std::vector<StreamElement>;
    return with_node(
        s,
        Overloads{
            [](const Push& p) { return All{p.to}; },
            [](const Pop& p) { return All{p.from}; },
            [](const Fill& b) { return All{b.to}; },
            [](const Drain& b) { return All{b.from}; },
            [](const CallStmt& c) { return c.streams; },
            [](const OneOf<Block, For, While, If, LetStmt, Store, Reduce, Allocate, Assert, Print, ExternCall,
                           Stage, DeclareStream, Dataflow, Spawn, Copy> auto&) { return All(); },
        });
}

std::string ordered_name(const Stmt& s) {
    return with_node(s, Overloads{
                            [](const CallStmt& c) { return "the call of " + c.callee; },
                            [](const Push& p) { return "push " + p.to.stream.name(); },
                            [](const Pop& p) { return "pop " + p.from.stream.name(); },
                            [](const Fill& b) { return "fill " + b.to.stream.name(); },
                            [](const Drain& b) { return "drain " + b.from.stream.name(); },
                            [](const Copy& c) { return "the copy of " + c.from.name(); },
                            [](const OneOf<Block, For, While, If, LetStmt, Store, Reduce, Allocate, Assert,
                                           Print, ExternCall, Stage, DeclareStream, Dataflow, Spawn> auto&) {
                                return std::string("the dataflow");
                            },
                        });
}

BoundSymbols bound_symbols(const Stmt& s) {
    BoundSymbols all;
    with_node(s, Overloads{
                     [&](const For& f) { all.loops = {f.var}; },
                     [&](const LetStmt& l) { all.values = {l.symbol}; },
                     [&](const Pop& p) { all.values = {p.symbol}; },
                     [&](const Spawn& p) { all.values = p.ids; },
                     [&](const Allocate& a) {
                         for (const Tensor& t : a.tensors)
                             all.tensors.push_back(t.symbol);
                     },
                     [&](const Fill& b) { all.tensors = {b.tensor.symbol}; },
                     [&](const Drain& b) { all.tensors = {b.tensor.symbol}; },
                     [&](const DeclareStream& d) { all.streams = {d.stream.symbol}; },
                     [](const OneOf<Block, While, If, Store, Reduce, Assert, Print, ExternCall, Stage, Push,
                                    CallStmt, Dataflow, Copy> auto&) {},
                 });
    return all;
}

std::set<Symbol> free_variables(const Expr& e) {
    return uses_of(e).free();
}
std::set<Symbol> free_variables(const Stmt& s) {
    return uses_of(s).free();
}
bool uses(const Expr& e, const Symbol& variable) {
    return uses_of(e).variables.count(variable) != 0;
}
std::set<Symbol> tensors_read(const Stmt& s) {
    return uses_of(s).read;
}
std::set<Symbol> tensors_read(const Expr& e) {
    return uses_of(e).read;
}
std::set<Symbol> tensors_written(const Stmt& s) {
    return uses_of(s).written;
}

std::vector<const ExternCall*> extern_calls(const Stmt& s) {
    std::vector<const ExternCall*> all;
    for_each(
        s,
        [&](const Stmt& x) {
            if (const auto* c = x.as<ExternCall>()) all.push_back(c);
        },
        nullptr);
    return all;
}

} // namespace lathe::ir
