/// \file Expressions to code.

#include "interpret_compile.h"
#include "interpret_machine.h"
#include "lathe/ir/visit.h"

namespace lathe::ir::interpreter {

namespace {

/// A node with several parents: evaluated once in an epoch, when first asked for, so that it stays lazy.
template <class R> struct SharedCode final : Code<R> {
    Ptr<R> code;
    size_t first;
    SharedCode(Ptr<R> c, size_t i) : code(std::move(c)), first(i) {}
    R eval(Frame& f, int lane) const override {
        Cell<R>& cell = f.cell<R>(first + static_cast<size_t>(lane));
        if (cell.stamp == f.epoch) return cell.value;
        R x = code->eval(f, lane);
        cell.value = x;
        cell.stamp = f.epoch;
        return x;
    }
};

/// let value in body: the body reads the (shared) value's code, but the value is evaluated in any case.
template <class R, class V> struct LetCode final : Code<R> {
    Ptr<V> value;
    Ptr<R> body;
    int lanes; ///< of the value
    bool lane_by_lane;
    LetCode(Ptr<V> v, Ptr<R> b, int n, bool each)
        : value(std::move(v)), body(std::move(b)), lanes(n), lane_by_lane(each) {}
    R eval(Frame& f, int lane) const override {
        if (lane_by_lane)
            value->eval(f, lane);
        else
            for (int l = 0; l < lanes; ++l)
                value->eval(f, l);
        return body->eval(f, lane);
    }
};

template <class R> struct SelectCode final : Code<R> {
    Ptr<int64_t> condition;
    Ptr<R> then_value, else_value;
    SelectCode(Ptr<int64_t> c, Ptr<R> a, Ptr<R> b)
        : condition(std::move(c)), then_value(std::move(a)), else_value(std::move(b)) {}
    R eval(Frame& f, int lane) const override {
        return condition->eval(f, lane) != 0 ? then_value->eval(f, lane) : else_value->eval(f, lane);
    }
};

template <class R> struct LoadCode final : Code<R> {
    Access access;
    ElementIo<R> io;
    Ptr<int64_t> predicate;
    R zero;
    LoadCode(Access a, Type t, Ptr<int64_t> p)
        : access(std::move(a)), io(t), predicate(std::move(p)),
          zero(from_value<R>(cast(t, Value::boolean(false)))) {}
    R eval(Frame& f, int lane) const override {
        if (predicate && predicate->eval(f, lane) == 0) return zero;
        return io.read(f, access, access.locate(f, lane), lane);
    }
};

struct RampCode final : Code<int64_t> {
    Ptr<int64_t> base, stride;
    Loc loc;
    RampCode(Ptr<int64_t> b, Ptr<int64_t> s, Loc l) : base(std::move(b)), stride(std::move(s)), loc(l) {}
    int64_t eval(Frame& f, int lane) const override {
        int64_t r;
        if (__builtin_mul_overflow(stride->eval(f, 0), int64_t{lane}, &r) ||
            __builtin_add_overflow(base->eval(f, 0), r, &r))
            fail(loc, "lane {} of a vector of subscripts does not fit in 64 bits", lane);
        return r;
    }
};

template <class R> struct BroadcastCode final : Code<R> {
    Ptr<R> scalar;
    explicit BroadcastCode(Ptr<R> s) : scalar(std::move(s)) {}
    R eval(Frame& f, int) const override { return scalar->eval(f, 0); }
};

/// Lane 0 op lane 1 op …: `step` combines the cells `so_far` and `next`.
template <class R> struct VectorReduceCode final : Code<R> {
    Ptr<R> vector, step;
    size_t so_far, next;
    int lanes;
    VectorReduceCode(Ptr<R> v, Ptr<R> s, size_t a, size_t b, int n)
        : vector(std::move(v)), step(std::move(s)), so_far(a), next(b), lanes(n) {}
    R eval(Frame& f, int) const override {
        R sum = vector->eval(f, 0);
        for (int l = 1; l < lanes; ++l) {
            R x = vector->eval(f, l);
            f.cell<R>(so_far).value = std::move(sum);
            f.cell<R>(next).value = std::move(x);
            sum = step->eval(f, 0);
        }
        return sum;
    }
};

template <class R> bool is_leaf(const Ptr<R>& code) {
    return dynamic_cast<const ConstantCode<R>*>(code.get()) || dynamic_cast<const CellCode<R>*>(code.get()) ||
           dynamic_cast<const SharedCode<R>*>(code.get());
}

Operand broadcast(const Operand& x) {
    return std::visit(
        [&]<class P>(const P& code) -> Operand {
            using R = RepOf<P>;
            if (dynamic_cast<const ConstantCode<R>*>(code.get())) return x;
            return {Ptr<R>(std::make_shared<BroadcastCode<R>>(code)), x.type};
        },
        x.code);
}

} // namespace

size_t Scope::take(Type t, int lanes) {
    size_t& used = cells[static_cast<size_t>(rep_of(t))];
    used += static_cast<size_t>(lanes);
    return used - static_cast<size_t>(lanes);
}

size_t Scope::take_places(int lanes) {
    places += static_cast<size_t>(lanes);
    return places - static_cast<size_t>(lanes);
}

TensorInfo Scope::add_tensor(const Tensor& t) {
    return tensors[t.symbol] = {tensor_count++, t.type, static_cast<int>(t.dims.size())};
}

const TensorInfo& Scope::tensor(const Symbol& s, Loc loc) const {
    const auto found = tensors.find(s);
    if (found == tensors.end()) fail(loc, "the tensor {} is accessed where it does not exist", s.name());
    return found->second;
}

size_t Scope::take_streams(size_t count) {
    return std::exchange(stream_count, stream_count + count);
}

Frame Scope::frame() const {
    Frame f;
    std::get<0>(f.cells).resize(cells[0]);
    std::get<1>(f.cells).resize(cells[1]);
    std::get<2>(f.cells).resize(cells[2]);
    std::get<3>(f.cells).resize(cells[3]);
    f.tensors.resize(tensor_count);
    f.places.resize(places);
    f.streams.resize(stream_count);
    return f;
}

Binding::Binding(Scope& s, const Symbol& name, const Operand& x) : scope(s), symbol(name) {
    const auto found = s.variables.find(name);
    if (found != s.variables.end()) outer = found->second;
    s.variables.insert_or_assign(name, x);
}

Binding::~Binding() {
    if (outer)
        scope.variables.insert_or_assign(symbol, *outer);
    else
        scope.variables.erase(symbol);
}

Operand variable_code(Type t, size_t first) {
    return with_rep(rep_of(t), [&]<class R>(Ptr<R>) -> Operand {
        return {Ptr<R>(std::make_shared<CellCode<R>>(first)), t.element()};
    });
}

ExprCompiler::ExprCompiler(Scope& s, const std::vector<Expr>& roots) : scope(s) {
    for (const Expr& e : roots)
        if (e.defined()) count(e);
}

void ExprCompiler::count(const Expr& e) {
    if (++parents[e.get()] > 1) return;
    for (const Expr& x : operands(e))
        count(x);
}

Operand ExprCompiler::operator()(const Expr& e) {
    const auto known = memo.find(e.get());
    if (known != memo.end()) return known->second;
    Operand r = node(e);
    if (parents[e.get()] > 1) r = shared(r, e.type().lanes());
    memo.emplace(e.get(), r);
    return r;
}

Operand ExprCompiler::shared(const Operand& x, int lanes) {
    return std::visit(
        [&]<class P>(const P& code) -> Operand {
            using R = RepOf<P>;
            if (is_leaf<R>(code)) return x;
            return {Ptr<R>(std::make_shared<SharedCode<R>>(code, scope.take(x.type, lanes))), x.type};
        },
        x.code);
}

Operand ExprCompiler::node(const Expr& e) {
    const Loc loc = e.loc();
    const Type t = e.type().element();
    switch (e.kind()) {
    case ExprKind::constant:
        return constant(e.as<Constant>()->value);
    case ExprKind::variable:
        return variable(*e.as<Variable>());
    case ExprKind::load:
        return load(*e.as<Load>());
    case ExprKind::unary:
        return compile_unary(e.as<Unary>()->op, (*this)(e.as<Unary>()->a));
    case ExprKind::binary: {
        const auto* n = e.as<Binary>();
        return compile_binary(n->op, t, (*this)(n->a), (*this)(n->b), loc);
    }
    case ExprKind::select:
        return select(*e.as<Select>());
    case ExprKind::cast:
        return compile_cast(t, (*this)(e.as<Cast>()->a), loc);
    case ExprKind::bitcast:
        return compile_bitcast(t, (*this)(e.as<Bitcast>()->a));
    case ExprKind::slice:
        return compile_slice((*this)(e.as<Slice>()->a), e.as<Slice>()->hi, e.as<Slice>()->lo);
    case ExprKind::fma: {
        const auto* n = e.as<Fma>();
        return compile_fma((*this)(n->a), (*this)(n->b), (*this)(n->c));
    }
    case ExprKind::call:
        return call(*e.as<Call>());
    case ExprKind::let:
        return let(*e.as<Let>());
    case ExprKind::ramp:
    case ExprKind::broadcast:
    case ExprKind::vector_reduce:
        break;
    }
    return vector_node(e);
}

Operand ExprCompiler::variable(const Variable& v) {
    const auto found = scope.variables.find(v.symbol);
    if (found == scope.variables.end()) fail(v.loc, "the variable {} has no value here", v.symbol.name());
    invariant(found->second.type == v.type.element(), "a variable is used with the type it was bound with");
    return found->second;
}

Ptr<int64_t> ExprCompiler::predicate(const Expr& e) {
    return e.defined() ? in_rep<int64_t>((*this)(e)) : nullptr;
}

Access ExprCompiler::access(const Symbol& tensor, const std::vector<Expr>& indices, int lanes, Loc loc) {
    const TensorInfo& info = scope.tensor(tensor, loc);
    if (static_cast<int>(indices.size()) != info.rank)
        fail(loc, "{} has {} dimensions and is accessed with {} subscripts", tensor.name(), info.rank,
             indices.size());
    Access a{info.index, {}, loc, scope.check};
    for (const Expr& i : indices) {
        const Operand x = (*this)(i);
        a.indices.push_back(in_rep<int64_t>(i.type().lanes() == lanes ? x : broadcast(x)));
    }
    return a;
}

Operand ExprCompiler::load(const Load& n) {
    const Type t = n.type.element();
    invariant(scope.tensor(n.tensor, n.loc).type == t, "a load has its tensor's element type");
    return with_rep(rep_of(t), [&]<class R>(Ptr<R>) -> Operand {
        return {Ptr<R>(std::make_shared<LoadCode<R>>(access(n.tensor, n.indices, n.type.lanes(), n.loc), t,
                                                     predicate(n.predicate))),
                t};
    });
}

Operand ExprCompiler::select(const Select& n) {
    const Type t = n.type.element();
    const Operand c = (*this)(n.condition);
    const Operand scalar_or_lane = n.condition.type().lanes() == n.type.lanes() ? c : broadcast(c);
    const Operand x = (*this)(n.then_value), y = (*this)(n.else_value);
    const Operand a = compile_cast(t, typed_beside(x, y.type), n.loc);
    const Operand b = compile_cast(t, typed_beside(y, x.type), n.loc);
    return with_rep(rep_of(t), [&]<class R>(Ptr<R>) -> Operand {
        return {Ptr<R>(std::make_shared<SelectCode<R>>(in_rep<int64_t>(scalar_or_lane), in_rep<R>(a),
                                                       in_rep<R>(b))),
                t};
    });
}

Operand ExprCompiler::let(const Let& n) {
    const int value_lanes = n.value.type().lanes(), lanes = n.type.lanes();
    const Operand value = shared((*this)(n.value), value_lanes);
    // Should one symbol be bound twice, what was compiled under the first binding is not valid under the
    // second.
    if (!let_bound.insert(n.symbol).second) memo.clear();
    const Binding bound(scope, n.symbol, value);
    const Operand body = (*this)(n.body);
    return std::visit(
        [&]<class V, class B>(const V& v, const B& b) -> Operand {
            using R = RepOf<B>;
            return {Ptr<R>(std::make_shared<LetCode<R, RepOf<V>>>(v, b, value_lanes, value_lanes == lanes)),
                    body.type};
        },
        value.code, body.code);
}

Operand ExprCompiler::call(const Call& n) {
    std::vector<Operand> arguments;
    for (const Expr& a : n.arguments)
        arguments.push_back((*this)(a));
    return compile_bit_function(n.function, n.type.element(), arguments);
}

Operand ExprCompiler::vector_node(const Expr& e) {
    const Type t = e.type().element();
    if (const auto* n = e.as<Broadcast>()) return broadcast((*this)(n->a));
    if (const auto* n = e.as<Ramp>())
        return {Ptr<int64_t>(std::make_shared<RampCode>(in_rep<int64_t>((*this)(n->base)),
                                                        in_rep<int64_t>((*this)(n->stride)), n->loc)),
                t};
    const auto* n = e.as<VectorReduce>();
    invariant(n != nullptr, "an expression is of a known kind");
    const Operand vector = (*this)(n->a);
    const size_t so_far = scope.take(t, 1), next = scope.take(t, 1);
    const Operand step = compile_binary(n->op, t, variable_code(t, so_far), variable_code(t, next), n->loc);
    return with_rep(rep_of(t), [&]<class R>(Ptr<R>) -> Operand {
        return {Ptr<R>(std::make_shared<VectorReduceCode<R>>(in_rep<R>(vector), in_rep<R>(step), so_far, next,
                                                             n->a.type().lanes())),
                t};
    });
}

} // namespace lathe::ir::interpreter
