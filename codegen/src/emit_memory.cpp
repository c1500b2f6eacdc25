#include "emit.h"

#include "lathe/ir/buffer.h"
#include "lathe/ir/simplify.h"

namespace lathe::codegen {

using llvm::Value;

namespace {

llvm::Type* unit_type(llvm::LLVMContext& context, Type t) {
    return is_wide(t) ? llvm::Type::getInt64Ty(context) : memory_type(context, t.element());
}

bool is_zero(Value* x) {
    const auto* c = llvm::dyn_cast<llvm::ConstantInt>(x);
    return c && c->isZero();
}

/// x as y + constant.
std::pair<Expr, int64_t> split_constant(const Expr& x) {
    if (const auto c = as_int(x)) return {Expr(), *c};
    const auto* o = x.as<Binary>();
    if (o && (o->op == BinaryOp::add || o->op == BinaryOp::sub))
        if (const auto c = as_int(o->b)) {
            const auto [rest, more] = split_constant(o->a);
            return {rest, more + (o->op == BinaryOp::add ? *c : -*c)};
        }
    return {x, 0};
}

Expr from_first(const Expr& i, const Expr& first) {
    return as_int(first) == 0 ? i : simplify(isub(i, first));
}

llvm::Constant* lane_numbers(Builder& b, int lanes) {
    std::vector<llvm::Constant*> n;
    for (int i = 0; i < lanes; ++i)
        n.push_back(b.getInt64(static_cast<uint64_t>(i)));
    return llvm::ConstantVector::get(n);
}

} // namespace

llvm::Align FunctionEmitter::alignment(Type t) const {
    return llvm::Align(static_cast<uint64_t>(container_bits(t.element())) / 8);
}

Value* FunctionEmitter::offset(Value* address, const Place& p, Value* units) {
    return is_zero(units) ? address : b.CreateGEP(unit_type(b.getContext(), p.type), address, units);
}

bool FunctionEmitter::inside_frame(const Place& p, const std::vector<RampForm>& forms, int lanes) const {
    if (!p.shape) return false;
    for (size_t d = 0; d < forms.size(); ++d) {
        const auto first = as_int(forms[d].base);
        const auto step = forms[d].stride.defined() ? as_int(forms[d].stride) : 0;
        const int64_t extent = (*p.shape)[d];
        if (!first || !step || *first < 0 || *first >= extent) return false;
        const int64_t last = *first + *step * (lanes - 1);
        if (last < 0 || last >= extent) return false;
    }
    return true;
}

FunctionEmitter::Access FunctionEmitter::locate(const Symbol& tensor, const std::vector<Expr>& indices,
                                                int lanes) {
    const auto it = tensors.find(tensor);
    invariant(it != tensors.end(), "a tensor is used outside of its scope");
    const Place& p = it->second;
    invariant(indices.size() == p.strides.size(), "an access of another rank than its tensor");

    std::vector<RampForm> forms;
    std::vector<Value*> mins;
    Value* spread = nullptr; // units from lane 0's address, by lane
    const auto add_spread = [&](Value* v) { spread = spread ? b.CreateAdd(spread, v) : v; };
    const auto splat = [&](Value* v) { return b.CreateVectorSplat(static_cast<unsigned>(lanes), v); };
    for (size_t d = 0; d < indices.size(); ++d) {
        auto form = ramp_form(indices[d]);
        // From the tensor's beginning: what is left on the stack is often a constant, of which LLVM makes
        // registers, masked or not.
        if (form && p.shape) form->base = from_first(form->base, p.first[d]);
        forms.push_back(form ? *form : RampForm{index(0), {}});
        mins.push_back(form && p.shape ? b.getInt64(0) : p.mins[d]);
        if (!form) add_spread(b.CreateMul(expr(indices[d]), splat(p.strides[d])));
    }
    // What varies, outermost first, then the constants: so that addresses are shared and move out of loops.
    Access a;
    a.address = p.base;
    Value* constants = b.getInt64(0);
    bool dense = lanes > 1 && !spread && !is_wide(p.type);
    for (size_t d = 0; d < forms.size(); ++d) {
        const auto [rest, constant] = split_constant(forms[d].base);
        if (rest.defined()) a.address = offset(a.address, p, b.CreateMul(expr(rest), p.strides[d]));
        Value* shift = b.CreateSub(llvm::ConstantInt::getSigned(b.getInt64Ty(), constant), mins[d]);
        if (!is_zero(shift)) constants = b.CreateAdd(constants, b.CreateMul(shift, p.strides[d]));
        if (!forms[d].stride.defined()) continue;
        const auto* unit_stride = llvm::dyn_cast<llvm::ConstantInt>(p.strides[d]);
        dense = dense && d + 1 == forms.size() && as_int(forms[d].stride) == 1 && unit_stride &&
                unit_stride->isOne();
    }
    a.address = offset(a.address, p, constants);
    if (lanes == 1) return a;
    const bool varies =
        spread || (!forms.empty() && std::ranges::any_of(forms, [](auto& f) { return f.stride.defined(); }));
    a.dense = dense && varies;
    a.inside_frame = !spread && inside_frame(p, forms, lanes);
    if (a.dense) return a;
    for (size_t d = 0; d < forms.size(); ++d)
        if (forms[d].stride.defined())
            add_spread(
                b.CreateMul(splat(b.CreateMul(expr(forms[d].stride), p.strides[d])), lane_numbers(b, lanes)));
    if (!spread) spread = splat(b.getInt64(0));
    a.addresses = b.CreateGEP(unit_type(b.getContext(), p.type), a.address, spread);
    return a;
}

Value* FunctionEmitter::access_mask(const Expr& predicate, int lanes) {
    Value* mask = predicate.defined() && !is_const_true(predicate) ? expr(predicate) : nullptr;
    if (!alive) return mask;
    Value* here = alive;
    const auto* vector = llvm::cast<llvm::FixedVectorType>(alive->getType());
    if (static_cast<int>(vector->getNumElements()) != lanes) {
        here = b.CreateOrReduce(alive); // of a scalar that the lanes share: needed if any lane is alive
        here = arithmetic.splat(Bool(), lanes, here);
    }
    return mask ? b.CreateAnd(mask, here) : here;
}

FunctionEmitter::Access FunctionEmitter::lane_access(const Access& a, int lane) {
    Access r;
    r.address = arithmetic.lane(a.addresses, lane);
    return r;
}

Value* FunctionEmitter::make_load(const Load& e) {
    const Type t = e.type;
    Value* mask = access_mask(e.predicate, t.lanes());
    const bool shared = !t.is_scalar() && std::ranges::all_of(e.indices, [](const Expr& i) {
        const auto form = ramp_form(i);
        return form && !form->stride.defined();
    });
    if (!shared) return load(e.tensor, t, locate(e.tensor, e.indices, t.lanes()), mask);
    // One element for all lanes.
    std::vector<Expr> scalars;
    for (const Expr& i : e.indices)
        scalars.push_back(ramp_form(i)->base);
    const Access a = locate(e.tensor, scalars, 1);
    Value* x = load(e.tensor, t.element(), a, mask ? b.CreateOrReduce(mask) : nullptr);
    Value* vector = arithmetic.splat(t.element(), t.lanes(), x);
    return mask ? arithmetic.select(t, mask, vector, arithmetic.zero(t)) : vector;
}

Value* FunctionEmitter::load(const Symbol& tensor, Type t, const Access& a, Value* mask) {
    if (t.is_scalar()) {
        const auto plain = [&] {
            llvm::LoadInst* l = b.CreateAlignedLoad(memory_type(b.getContext(), t), a.address, alignment(t));
            unit.mark(l, tensor);
            return arithmetic.from_memory(t, l);
        };
        return mask ? guarded(mask, t, plain) : plain();
    }
    if (is_wide(t)) {
        Value* r = llvm::PoisonValue::get(register_type(b.getContext(), t));
        for (int i = 0; i < t.lanes(); ++i) {
            Value* x =
                load(tensor, t.element(), lane_access(a, i), mask ? arithmetic.lane(mask, i) : nullptr);
            r = arithmetic.with_lane(r, x, i);
        }
        return r;
    }
    if (a.dense) return load_dense(tensor, t, a, mask);
    llvm::Type* memory = memory_type(b.getContext(), t);
    llvm::Instruction* l =
        b.CreateMaskedGather(memory, a.addresses, alignment(t), mask, llvm::Constant::getNullValue(memory));
    unit.mark(l, tensor);
    return arithmetic.from_memory(t, l);
}

Value* FunctionEmitter::load_dense(const Symbol& tensor, Type t, const Access& a, Value* mask) {
    llvm::Type* memory = memory_type(b.getContext(), t);
    Value* zero = llvm::Constant::getNullValue(memory);
    llvm::Instruction* l =
        !mask || a.inside_frame
            ? static_cast<llvm::Instruction*>(b.CreateAlignedLoad(memory, a.address, alignment(t)))
            : b.CreateMaskedLoad(memory, a.address, alignment(t), mask, zero);
    unit.mark(l, tensor);
    Value* x = mask && a.inside_frame ? b.CreateSelect(mask, l, zero) : l;
    return arithmetic.from_memory(t, x);
}

void FunctionEmitter::store(const Symbol& tensor, Type t, const Access& a, Value* x, Value* mask) {
    if (t.is_scalar()) {
        llvm::BasicBlock *then = mask ? block("store") : nullptr, *after = mask ? block("stored") : nullptr;
        if (mask) {
            b.CreateCondBr(mask, then, after);
            b.SetInsertPoint(then);
        }
        unit.mark(b.CreateAlignedStore(arithmetic.to_memory(t, x), a.address, alignment(t)), tensor);
        if (mask) {
            b.CreateBr(after);
            b.SetInsertPoint(after);
        }
    } else if (is_wide(t)) {
        for (int i = 0; i < t.lanes(); ++i)
            store(tensor, t.element(), lane_access(a, i), arithmetic.lane(x, i),
                  mask ? arithmetic.lane(mask, i) : nullptr);
    } else if (a.dense) {
        store_dense(tensor, t, a, x, mask);
    } else {
        // Lanes that write one element do so in order: the last one stays.
        unit.mark(b.CreateMaskedScatter(arithmetic.to_memory(t, x), a.addresses, alignment(t), mask), tensor);
    }
}

void FunctionEmitter::store_dense(const Symbol& tensor, Type t, const Access& a, Value* x, Value* mask) {
    Value* y = arithmetic.to_memory(t, x);
    if (mask && !a.inside_frame) {
        unit.mark(b.CreateMaskedStore(y, a.address, alignment(t), mask), tensor);
        return;
    }
    if (mask) {
        // A blend, so that a tensor on the stack can still live in registers.
        llvm::LoadInst* old = b.CreateAlignedLoad(y->getType(), a.address, alignment(t));
        unit.mark(old, tensor);
        y = b.CreateSelect(mask, y, old);
    }
    unit.mark(b.CreateAlignedStore(y, a.address, alignment(t)), tensor);
}

} // namespace lathe::codegen
