#include "emit.h"

#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <unordered_set>

namespace lathe::codegen {

using llvm::Value;

namespace {

std::optional<int64_t> constant_argument(const Call& e, size_t i) {
    return as_int(e.arguments[i]);
}

} // namespace

Value* FunctionEmitter::value(const Expr& e) {
    memo.clear();
    memo_order.clear();
    return expr(e);
}

Value* FunctionEmitter::expr(const Expr& e) {
    if (const auto it = memo.find(e.get()); it != memo.end()) return it->second.second;
    Value* v = make(e);
    if (memo.emplace(e.get(), std::pair(e, v)).second) memo_order.push_back(e.get());
    return v;
}

Value* FunctionEmitter::make(const Expr& e) {
    Ops& o = arithmetic;
    switch (e.kind()) {
    case ExprKind::constant:
        return o.constant(e.as<Constant>()->value);
    case ExprKind::variable: {
        const auto it = variables.find(e.as<Variable>()->symbol);
        invariant(it != variables.end(), "a variable is used outside of its scope");
        return it->second;
    }
    case ExprKind::load:
        return make_load(*e.as<Load>());
    case ExprKind::unary: {
        const auto* u = e.as<Unary>();
        return o.unary(u->op, u->type, u->a.type(), expr(u->a));
    }
    case ExprKind::binary:
        return make_binary(*e.as<Binary>());
    case ExprKind::select:
        return make_select(*e.as<Select>());
    case ExprKind::cast:
        return o.cast(e.type(), e.as<Cast>()->a.type(), expr(e.as<Cast>()->a));
    case ExprKind::bitcast:
        return o.bitcast(e.type(), e.as<Bitcast>()->a.type(), expr(e.as<Bitcast>()->a));
    case ExprKind::slice: {
        const auto* s = e.as<Slice>();
        return o.slice(s->a.type(), expr(s->a), s->hi, s->lo);
    }
    case ExprKind::fma: {
        const auto* f = e.as<Fma>();
        return o.fma(e.type(), expr(f->a), expr(f->b), expr(f->c));
    }
    case ExprKind::call:
        return make_call(*e.as<Call>());
    case ExprKind::let:
        return make_let(*e.as<Let>());
    case ExprKind::ramp:
        return make_ramp(*e.as<Ramp>());
    case ExprKind::broadcast:
        return o.splat(e.type().element(), e.type().lanes(), expr(e.as<Broadcast>()->a));
    case ExprKind::vector_reduce: {
        const auto* r = e.as<VectorReduce>();
        return o.reduce(r->op, r->a.type(), expr(r->a));
    }
    }
    throw InternalError("an expression that code generation does not know: " + print(e));
}

Value* FunctionEmitter::make_binary(const Binary& e) {
    const Type t = e.a.type();
    if (is_compare(e.op) && t.is_index() && !t.is_scalar()) {
        const auto x = ramp_form(e.a), y = ramp_form(e.b);
        if (x && y)
            if (Value* v = compare_ramps(e, *x, *y)) return v;
    }
    invariant(t == e.b.type(), "the operands of an operation have different types");
    return arithmetic.binary(e.op, e.type, t, expr(e.a), expr(e.b));
}

Value* FunctionEmitter::make_ramp(const Ramp& e) {
    const auto lanes = static_cast<unsigned>(e.type.lanes());
    std::vector<llvm::Constant*> steps;
    for (unsigned i = 0; i < lanes; ++i)
        steps.push_back(b.getInt64(i));
    Value* scaled = b.CreateMul(b.CreateVectorSplat(lanes, expr(e.stride)), llvm::ConstantVector::get(steps));
    return b.CreateAdd(b.CreateVectorSplat(lanes, expr(e.base)), scaled);
}

Value* FunctionEmitter::make_let(const Let& e) {
    variables[e.symbol] = expr(e.value);
    return expr(e.body);
}

Value* FunctionEmitter::make_call(const Call& e) {
    const auto argument = [&](size_t i) { return expr(e.arguments[i]); };
    const auto type = [&](size_t i) { return e.arguments[i].type(); };
    if (e.function == "popcount") return arithmetic.popcount(e.type, type(0), argument(0));
    if (e.function == "reverse") return arithmetic.reverse(type(0), argument(0));
    if (e.function == "concat") return arithmetic.concat(e.type, type(0), argument(0), type(1), argument(1));
    if (e.function == "with_slice") {
        const auto hi = constant_argument(e, 2), lo = constant_argument(e, 3);
        invariant(hi && lo, "with_slice takes constant positions");
        return arithmetic.with_slice(e.type, argument(0), type(1), argument(1), static_cast<int>(*hi),
                                     static_cast<int>(*lo));
    }
    throw InternalError("the function " + e.function + " was not expanded before code generation");
}

bool FunctionEmitter::has_load(const Expr& e) {
    if (const auto it = loads_inside.find(e.get()); it != loads_inside.end()) return it->second.second;
    bool found = e.kind() == ExprKind::load;
    for (const Expr& o : operands(e))
        found = found || has_load(o);
    loads_inside.emplace(e.get(), std::pair(e, found));
    return found;
}

bool FunctionEmitter::is_lazy(const Select& e) {
    return has_load(e.then_value) || has_load(e.else_value);
}

/// Calls `visit` for what is evaluated whenever e is, until it says that there is no need to look inside.
template <class F> void FunctionEmitter::for_each_certain(const Expr& e, F visit) {
    if (!visit(e)) return;
    if (const auto* s = e.as<Select>(); s && is_lazy(*s)) return for_each_certain(s->condition, visit);
    if (const auto* l = e.as<Let>()) return for_each_certain(l->value, visit);
    for (const Expr& o : operands(e))
        for_each_certain(o, visit);
}

/// Emits what both arms need. Each of them would emit it anew, and so would the arms of selects inside: that
/// doubles with every level of selects.
void FunctionEmitter::emit_shared(const Select& e) {
    std::unordered_set<const ExprNode*> needed, seen;
    for_each_certain(e.then_value,
                     [&](const Expr& x) { return !memo.contains(x.get()) && needed.insert(x.get()).second; });
    for_each_certain(e.else_value, [&](const Expr& x) {
        if (memo.contains(x.get()) || !seen.insert(x.get()).second) return false;
        if (!needed.contains(x.get())) return true;
        expr(x);
        return false;
    });
}

Value* FunctionEmitter::make_select(const Select& e) {
    const bool lazy = is_lazy(e);
    if (lazy && e.condition.type().is_scalar()) return make_lazy_select(e);
    Value* condition = expr(e.condition);
    if (!lazy) return arithmetic.select(e.type, condition, expr(e.then_value), expr(e.else_value));
    emit_shared(e);
    // A load's lanes happen only where the select takes them.
    Value* outer = alive;
    const auto arm = [&](const Expr& x, Value* taken) {
        return in_scope([&] {
            alive = outer && outer->getType() == taken->getType() ? b.CreateAnd(outer, taken) : taken;
            Value* v = expr(x);
            alive = outer;
            return v;
        });
    };
    Value* then_value = arm(e.then_value, condition);
    Value* else_value = arm(e.else_value, b.CreateNot(condition));
    return arithmetic.select(e.type, condition, then_value, else_value);
}

Value* FunctionEmitter::make_lazy_select(const Select& e) {
    Value* condition = expr(e.condition);
    emit_shared(e);
    llvm::BasicBlock *then = block("then"), *otherwise = block("else"), *after = block("after");
    b.CreateCondBr(condition, then, otherwise);
    llvm::PHINode* phi = nullptr;
    const auto arm = [&](llvm::BasicBlock* at, const Expr& x) {
        b.SetInsertPoint(at);
        Value* v = in_scope([&] { return expr(x); });
        if (!phi) phi = llvm::PHINode::Create(v->getType(), 2, "", after);
        phi->addIncoming(v, b.GetInsertBlock());
        b.CreateBr(after);
    };
    arm(then, e.then_value);
    arm(otherwise, e.else_value);
    b.SetInsertPoint(after);
    return phi;
}

std::optional<FunctionEmitter::RampForm> FunctionEmitter::ramp_form(const Expr& e) {
    if (e.type().is_scalar()) return RampForm{e, {}};
    if (const auto* r = e.as<Ramp>()) return RampForm{r->base, r->stride};
    if (const auto* s = e.as<Broadcast>()) return RampForm{s->a, {}};
    const auto* o = e.as<Binary>();
    if (!o || (o->op != BinaryOp::add && o->op != BinaryOp::sub && o->op != BinaryOp::mul))
        return std::nullopt;
    const auto x = ramp_form(o->a), y = ramp_form(o->b);
    if (!x || !y) return std::nullopt;
    const auto stride = [](const RampForm& f) { return f.stride.defined() ? f.stride : index(0); };
    if (o->op == BinaryOp::mul) {
        if (y->stride.defined())
            return x->stride.defined()
                       ? std::nullopt
                       : std::optional(RampForm{imul(x->base, y->base), imul(x->base, y->stride)});
        return RampForm{imul(x->base, y->base), x->stride.defined() ? imul(x->stride, y->base) : Expr()};
    }
    const auto combine = o->op == BinaryOp::add ? iadd : isub;
    RampForm r{combine(x->base, y->base), {}};
    if (x->stride.defined() || y->stride.defined()) r.stride = combine(stride(*x), stride(*y));
    return r;
}

Value* FunctionEmitter::compare_ramps(const Binary& e, const RampForm& x, const RampForm& y) {
    constexpr int64_t limit = int64_t{1} << 30;
    const auto stride = [](const RampForm& f) { return f.stride.defined() ? as_int(f.stride) : 0; };
    const auto sx = stride(x), sy = stride(y);
    const auto lanes = static_cast<unsigned>(e.a.type().lanes());
    if (!sx || !sy || *sx < -limit || *sx > limit || *sy < -limit || *sy > limit) return nullptr;
    const int64_t step = *sx - *sy;
    if (step > limit / lanes || step < -limit / static_cast<int64_t>(lanes)) return nullptr;
    // x + sx·lane < y + sy·lane is step·lane < y − x: in 32-bit lanes, the difference held within their
    // range.
    Value* difference = b.CreateSub(expr(y.base), expr(x.base));
    difference = b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, difference, b.getInt64(2 * limit - 1));
    difference = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, difference,
                                         b.getInt64(static_cast<uint64_t>(-2 * limit)));
    Value* right = b.CreateVectorSplat(lanes, b.CreateTrunc(difference, b.getInt32Ty()));
    std::vector<llvm::Constant*> left;
    for (int64_t i = 0; i < lanes; ++i)
        left.push_back(llvm::ConstantInt::getSigned(b.getInt32Ty(), i * step));
    return arithmetic.binary(e.op, e.type, Int(32).with_lanes(static_cast<int>(lanes)),
                             llvm::ConstantVector::get(left), right);
}

} // namespace lathe::codegen
