#include "emit.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"

#include <functional>
#include <llvm/IR/MDBuilder.h>
#include <utility>

namespace lathe::codegen {

using llvm::Value;

namespace {

constexpr uint64_t message_bytes = 512;
/// A thread's stack is 8 MB as a rule, and calls may nest.
constexpr int64_t most_frame_bytes = int64_t{1} << 20;
constexpr uint64_t frame_alignment = 64;

} // namespace

/// The statements that run one after the other from an allocation on, and which of them are the first and the
/// last to use a tensor. Its memory is there from the one to the other: stages in sequence need no more of it
/// than two of them do.
struct FunctionEmitter::Sequence {
    explicit Sequence(const Allocate& first) {
        visit(first);
        first_used.resize(count + 1);
        last_used.resize(count + 1);
        for (const auto& [tensor, use] : uses) {
            first_used[use.first].push_back(tensor);
            last_used[use.second].push_back(tensor);
        }
    }
    static bool is_part(const Stmt& s) {
        return s.kind() == StmtKind::block || s.kind() == StmtKind::allocate || s.kind() == StmtKind::let;
    }

    /// What a tensor needs when its memory is allocated.
    struct Waiting {
        Value* bytes;
        Place place;
    };
    std::map<Symbol, Waiting> waiting;
    std::vector<std::vector<Symbol>> first_used, last_used; ///< by number of the statement
    size_t next = 0;

  private:
    void use(const std::set<Symbol>& used) {
        for (const Symbol& t : used)
            if (own.contains(t)) uses.try_emplace(t, count, count).first->second.second = count;
    }
    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (is_part(s)) {
            // What stands between two statements is used by the next one, at the earliest.
            for (const Expr& e : expressions(s))
                use(tensors_read(e));
            if (const auto* a = s.as<Allocate>()) return visit(*a);
            for (const Stmt& inner : bodies(s))
                visit(inner);
            return;
        }
        use(tensors_read(s));
        use(tensors_written(s));
        ++count;
    }
    void visit(const Allocate& a) {
        for (const Tensor& t : a.tensors)
            own.insert(t.symbol);
        visit(a.body);
    }

    std::set<Symbol> own;
    std::map<Symbol, std::pair<size_t, size_t>> uses; ///< the first and the last statement
    size_t count = 0;
};

void FunctionEmitter::emit_in_sequence(const Stmt& s) {
    Sequence* const now = std::exchange(sequence, nullptr);
    for (const Symbol& t : now->first_used[now->next])
        if (const auto it = now->waiting.find(t); it != now->waiting.end())
            allocate(t, it->second.bytes, it->second.place);
    // LLVM's time grows faster than a function's length.
    constexpr size_t most_together = 32;
    if (now->last_used.size() > most_together && bodies(s).size() == 1)
        emit_apart(s);
    else
        emit(s);
    sequence = now;
    for (const Symbol& t : now->last_used[now->next++])
        release(t);
}

FunctionEmitter::FunctionEmitter(Unit& u, llvm::Function* f, Value* context)
    : unit(u), function(f), b(u.context()), arithmetic(b, u.target()), user_context(context) {
    llvm::BasicBlock* entry = block("entry");
    exit = block("error");
    unwind = exit;
    b.SetInsertPoint(entry);
    error = frame(b.getInt32Ty(), "error_code");
    llvm::BasicBlock* begin = block("begin");
    b.CreateBr(begin);
    b.SetInsertPoint(exit);
    b.CreateRet(b.CreateLoad(b.getInt32Ty(), error));
    b.SetInsertPoint(begin);
}

llvm::BasicBlock* FunctionEmitter::block(const char* name) {
    return llvm::BasicBlock::Create(b.getContext(), name, function);
}

llvm::AllocaInst* FunctionEmitter::frame(llvm::Type* type, const std::string& name) {
    // In the entry block, where LLVM looks for what it may keep in registers.
    llvm::BasicBlock& entry = function->getEntryBlock();
    Builder at(&entry, entry.begin());
    llvm::AllocaInst* a = at.CreateAlloca(type, nullptr, name);
    if (type->isArrayTy()) a->setAlignment(llvm::Align(frame_alignment));
    return a;
}

void FunctionEmitter::finish() {
    b.CreateRet(b.getInt32(0));
    if (owned) free_owned();
}

/// Puts the memory into a free place of the frame.
void FunctionEmitter::own(const Symbol& tensor, Value* memory) {
    if (!owned) {
        owned = frame(b.getPtrTy(), "owned");
        unwind = block("unwind");
    }
    auto at = std::ranges::find(owners, Symbol());
    if (at == owners.end()) at = owners.insert(at, Symbol());
    *at = tensor;
    b.CreateStore(memory, b.CreateConstInBoundsGEP1_64(b.getPtrTy(), owned,
                                                       static_cast<uint64_t>(at - owners.begin())));
}

/// Frees the tensor's memory, if it is from the heap and was not freed before.
void FunctionEmitter::release(const Symbol& tensor) {
    const auto at = std::ranges::find(owners, tensor);
    if (at == owners.end()) return;
    *at = Symbol();
    b.CreateCall(unit.runtime("halide_free"), {user_context, tensors.at(tensor).base});
    b.CreateStore(
        llvm::ConstantPointerNull::get(b.getPtrTy()),
        b.CreateConstInBoundsGEP1_64(b.getPtrTy(), owned, static_cast<uint64_t>(at - owners.begin())));
}

/// What an error leaves behind, the latest first.
void FunctionEmitter::free_owned() {
    const uint64_t count = owners.size();
    owned->setOperand(0, b.getInt32(static_cast<uint32_t>(count)));
    b.SetInsertPoint(function->getEntryBlock().getTerminator());
    b.CreateMemSet(owned, b.getInt8(0), count * sizeof(void*), owned->getAlign());

    llvm::BasicBlock *each = block("each"), *some = block("some"), *next = block("next");
    b.SetInsertPoint(unwind);
    b.CreateBr(each);
    b.SetInsertPoint(each);
    llvm::PHINode* left = b.CreatePHI(b.getInt64Ty(), 2);
    left->addIncoming(b.getInt64(count), unwind);
    Value* i = b.CreateSub(left, b.getInt64(1));
    Value* memory = b.CreateLoad(b.getPtrTy(), b.CreateInBoundsGEP(b.getPtrTy(), owned, i));
    b.CreateCondBr(b.CreateIsNull(memory), next, some);
    b.SetInsertPoint(some);
    b.CreateCall(unit.runtime("halide_free"), {user_context, memory});
    b.CreateBr(next);
    b.SetInsertPoint(next);
    left->addIncoming(i, next);
    b.CreateCondBr(b.CreateICmpEQ(i, b.getInt64(0)), exit, each);
}

void FunctionEmitter::fail(Value* code) {
    b.CreateStore(code, error);
    b.CreateBr(unwind);
}

void FunctionEmitter::check(const std::vector<Check>& checks) {
    constexpr size_t most = 64;
    for (size_t i = 0; i < checks.size(); i += most)
        check_together(llvm::ArrayRef(checks).slice(i, std::min(most, checks.size() - i)));
}

void FunctionEmitter::check_together(llvm::ArrayRef<Check> checks) {
    Value* all = b.getTrue();
    for (const Check& c : checks)
        all = b.CreateAnd(all, c.ok);
    if (const auto* c = llvm::dyn_cast<llvm::ConstantInt>(all); c && c->isOne()) return;
    llvm::BasicBlock *good = block("ok"), *bad = block("bad");
    b.CreateCondBr(all, good, bad, llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());

    // One branch for all. Which of them it was is found out only here, from a bit for each: a chain of
    // branches or selects would take LLVM time that grows with its square.
    b.SetInsertPoint(bad);
    Value* failed = b.getInt64(0);
    for (size_t i = 0; i < checks.size(); ++i)
        failed = b.CreateOr(failed, b.CreateShl(b.CreateZExt(b.CreateNot(checks[i].ok), b.getInt64Ty()), i));
    Value* first = b.CreateBinaryIntrinsic(llvm::Intrinsic::cttz, failed, b.getFalse());
    llvm::BasicBlock *report = block("report"), *none = block("none");
    llvm::SwitchInst* which = b.CreateSwitch(first, none, static_cast<unsigned>(checks.size()));
    b.SetInsertPoint(none);
    b.CreateUnreachable();
    b.SetInsertPoint(report);
    llvm::PHINode* code = b.CreatePHI(b.getInt32Ty(), static_cast<unsigned>(checks.size()));
    for (size_t i = 0; i < checks.size(); ++i) {
        llvm::BasicBlock* describe = block("describe");
        which->addCase(b.getInt64(i), describe);
        b.SetInsertPoint(describe);
        write_message(checks[i].format, checks[i].arguments);
        b.CreateBr(report);
        code->addIncoming(b.getInt32(static_cast<uint32_t>(checks[i].code)), describe);
    }
    b.SetInsertPoint(report);
    b.CreateCall(unit.runtime("halide_error"), {user_context, message});
    fail(code);
    b.SetInsertPoint(good);
}

void FunctionEmitter::write_message(const std::string& format, const std::vector<Value*>& arguments) {
    if (!message) message = frame(llvm::ArrayType::get(b.getInt8Ty(), message_bytes), "message");
    std::vector<Value*> print{message, b.getInt64(message_bytes), unit.text(format)};
    print.insert(print.end(), arguments.begin(), arguments.end());
    b.CreateCall(unit.runtime("snprintf"), print);
}

void FunctionEmitter::emit(const Stmt& s) {
    if (!s.defined()) return;
    if (sequence && !Sequence::is_part(s)) return emit_in_sequence(s);
    switch (s.kind()) {
    case StmtKind::block:
        for (const Stmt& each : s.as<Block>()->stmts)
            emit(each);
        return;
    case StmtKind::for_:
        return emit_for(*s.as<For>());
    case StmtKind::while_:
        return emit_while(*s.as<While>());
    case StmtKind::if_:
        return emit_if(*s.as<If>());
    case StmtKind::let:
        variables[s.as<LetStmt>()->symbol] = value(s.as<LetStmt>()->value);
        return emit(s.as<LetStmt>()->body);
    case StmtKind::store:
        return emit_store(*s.as<Store>());
    case StmtKind::reduce:
        return emit_reduce(*s.as<Reduce>());
    case StmtKind::allocate:
        return emit_allocate(*s.as<Allocate>());
    case StmtKind::assert_:
        return check({{value(s.as<Assert>()->condition), ErrorCode::requirement_failed,
                       printf_text(s.as<Assert>()->message)}});
    case StmtKind::print:
        return emit_print(*s.as<Print>());
    case StmtKind::extern_call:
        return network_function(*s.as<ExternCall>()) ? emit_network(*s.as<ExternCall>())
                                                     : emit_extern(*s.as<ExternCall>());
    case StmtKind::stage:
        return emit(s.as<Stage>()->body);
    case StmtKind::stream:
    case StmtKind::push:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::call:
    case StmtKind::dataflow:
    case StmtKind::spawn:
    case StmtKind::copy:
        throw InternalError("calls, streams and copies are gone when code is emitted");
    }
    throw InternalError("a statement that code generation does not know");
}

void FunctionEmitter::emit_for(const For& s) {
    if (is_thread_loop(s)) return emit_threads(s);
    if (s.runs().concurrent) return emit_parallel(s);
    if (!s.runs().plain())
        throw InternalError("a loop of kind " + s.loop.name() + " reached code generation");
    Value* first = value(s.min);
    Value* count = value(s.extent);
    Value* end = b.CreateAdd(first, count, "end");
    llvm::BasicBlock *body = block("loop"), *after = block("after");
    llvm::BasicBlock* before = b.GetInsertBlock();
    b.CreateCondBr(b.CreateICmpSGT(count, b.getInt64(0)), body, after);
    b.SetInsertPoint(body);
    llvm::PHINode* i = b.CreatePHI(b.getInt64Ty(), 2, s.var.name());
    i->addIncoming(first, before);
    variables[s.var] = i;
    if (const Expr guard = runs_while(s); guard.defined()) {
        llvm::BasicBlock* go_on = block("go_on");
        b.CreateCondBr(value(guard), go_on, after);
        b.SetInsertPoint(go_on);
    }
    emit(s.body);
    Value* next = b.CreateNSWAdd(i, b.getInt64(1));
    i->addIncoming(next, b.GetInsertBlock());
    b.CreateCondBr(b.CreateICmpSLT(next, end), body, after);
    b.SetInsertPoint(after);
}

void FunctionEmitter::emit_while(const While& s) {
    llvm::BasicBlock *head = block("while"), *body = block("round"), *after = block("after");
    b.CreateBr(head);
    b.SetInsertPoint(head);
    b.CreateCondBr(value(s.condition), body, after);
    b.SetInsertPoint(body);
    emit(s.body);
    b.CreateBr(head);
    b.SetInsertPoint(after);
}

void FunctionEmitter::emit_print(const Print& s) {
    constexpr size_t most_digits = 32;
    std::string format = printf_text(s.texts[0]);
    size_t bytes = 2 + s.texts[0].size();
    std::vector<Value*> arguments;
    for (size_t i = 0; i < s.values.size(); ++i) {
        const Type t = s.values[i].type();
        Value* x = value(s.values[i]);
        if (t.is_float()) {
            format += t.width() == 64 ? "%.17g" : "%.9g";
            x = arithmetic.cast(Float(64), t, x);
        } else {
            format += t.is_signed() ? "%lld" : "%llu";
            x = t.is_signed() ? b.CreateSExt(x, b.getInt64Ty()) : b.CreateZExt(x, b.getInt64Ty());
        }
        arguments.push_back(x);
        format += printf_text(s.texts[i + 1]);
        bytes += s.texts[i + 1].size() + most_digits;
    }
    Value* line = frame(llvm::ArrayType::get(b.getInt8Ty(), bytes), "line");
    std::vector<Value*> all{line, b.getInt64(bytes), unit.text(format + "\n")};
    all.insert(all.end(), arguments.begin(), arguments.end());
    b.CreateCall(unit.runtime("snprintf"), all);
    b.CreateCall(unit.runtime("halide_print"), {user_context, line});
}

void FunctionEmitter::emit_if(const If& s) {
    llvm::BasicBlock *then = block("then"), *otherwise = s.else_body.defined() ? block("else") : nullptr;
    llvm::BasicBlock* after = block("after");
    b.CreateCondBr(value(s.condition), then, otherwise ? otherwise : after);
    const auto arm = [&](llvm::BasicBlock* at, const Stmt& body) {
        b.SetInsertPoint(at);
        emit(body);
        b.CreateBr(after);
    };
    arm(then, s.then_body);
    if (otherwise) arm(otherwise, s.else_body);
    b.SetInsertPoint(after);
}

void FunctionEmitter::emit_store(const Store& s) {
    struct Pending {
        Access access;
        Type type;
        Value* value;
    };
    memo.clear();
    memo_order.clear();
    std::vector<Pending> pending;
    Value* mask = nullptr;
    for (const StoreTarget& t : s.targets) {
        int lanes = t.value.type().lanes();
        for (const Expr& i : t.indices)
            lanes = std::max(lanes, i.type().lanes());
        const Type type = t.type.with_lanes(lanes);
        Value* x = arithmetic.cast(t.type.with_lanes(t.value.type().lanes()), t.value.type(), expr(t.value));
        if (t.value.type().is_scalar()) x = arithmetic.splat(t.type, lanes, x);
        mask = access_mask(s.predicate, lanes);
        pending.push_back({locate(t.tensor, t.indices, lanes), type, x});
    }
    for (size_t i = 0; i < pending.size(); ++i)
        store(s.targets[i].tensor, pending[i].type, pending[i].access, pending[i].value, mask);
}

Value* FunctionEmitter::reduced(const Reduce& s, Value* old) {
    const Expr& x = s.target.value;
    const Type t = s.target.type.with_lanes(x.type().lanes());
    const auto* product = x.as<Binary>();
    if (s.contract && s.op == BinaryOp::add && t.is_float() && x.type() == t && product &&
        product->op == BinaryOp::mul)
        return arithmetic.fma(t, expr(product->a), expr(product->b), old);
    return arithmetic.binary(s.op, t, t, old, arithmetic.cast(t, x.type(), expr(x)));
}

void FunctionEmitter::emit_reduce(const Reduce& s) {
    memo.clear();
    memo_order.clear();
    int lanes = s.target.value.type().lanes();
    for (const Expr& i : s.target.indices)
        lanes = std::max(lanes, i.type().lanes());
    invariant(lanes == s.target.value.type().lanes(), "a reduction's value has fewer lanes than its target");
    const Type t = s.target.type.with_lanes(lanes);
    Value* mask = access_mask(s.predicate, lanes);
    const auto update = [&] {
        const Access a = locate(s.target.tensor, s.target.indices, lanes);
        Value* lanes_mask = lanes > 1 ? mask : nullptr;
        store(s.target.tensor, t, a, reduced(s, load(s.target.tensor, t, a, lanes_mask)), lanes_mask);
    };
    if (lanes > 1 || !mask) return update();
    llvm::BasicBlock *then = block("then"), *after = block("after");
    b.CreateCondBr(mask, then, after);
    b.SetInsertPoint(then);
    update();
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

Place FunctionEmitter::place_of(const Tensor& t, Value* base) {
    Place p{t.type, base, {}, {}, {}};
    const size_t rank = t.dims.size();
    p.strides.resize(rank);
    Value* unit = b.getInt64(is_wide(t.type) ? element_bytes(t.type) / 8 : 1);
    const std::vector<Expr> strides = layout(t).strides();
    for (size_t d = 0; d < rank; ++d)
        p.strides[d] = b.CreateMul(value(strides[d]), unit);
    for (const Dim& d : t.dims)
        p.mins.push_back(value(d.min));
    return p;
}

/// What lives in an FPGA's memories is on the stack where it is small, as a line buffer is.
static std::string space_on_cpu(const Tensor& t) {
    if (!t.space.on_chip()) return t.space.name();
    constexpr int64_t small = 16 * 1024;
    int64_t bytes = static_cast<int64_t>(element_bytes(t.type));
    for (const Dim& d : t.dims) {
        const auto extent = as_int(d.extent);
        if (!extent || __builtin_mul_overflow(bytes, std::max<int64_t>(*extent, 0), &bytes) || bytes > small)
            return "heap";
    }
    return "stack";
}

void FunctionEmitter::emit_allocate(const Allocate& s) {
    std::optional<Sequence> from;
    Sequence* const around = sequence;
    const int64_t frame_around = frame_bytes;
    for (const Tensor& t : s.tensors) {
        const std::string space = space_on_cpu(t);
        if (t.data) {
            tensors[t.symbol] = place_of(t, unit.elements(t));
        } else if (space == "heap") {
            if (!sequence) sequence = &from.emplace(s);
            Value* bytes = byte_count(t);
            sequence->waiting.emplace(t.symbol, Sequence::Waiting{bytes, place_of(t, nullptr)});
        } else if (space == "stack" || space == "register") {
            place_on_stack(t);
        } else {
            ir::fail(
                t.loc,
                "{} is in memory space \"{}\", which this target does not have: use heap, stack or register",
                t.symbol.name(), space);
        }
    }
    emit(s.body);
    sequence = around;
    frame_bytes = frame_around;
}

void FunctionEmitter::place_on_stack(const Tensor& t) {
    std::vector<int64_t> shape;
    int64_t bytes = static_cast<int64_t>(element_bytes(t.type));
    for (const Dim& d : t.dims) {
        const auto extent = as_int(d.extent);
        if (!extent)
            ir::fail(t.loc, "{} is on the stack, so its extents must be constant: use MemorySpace::heap()",
                     t.symbol.name());
        shape.push_back(std::max<int64_t>(*extent, 0));
        if (__builtin_mul_overflow(bytes, shape.back(), &bytes)) bytes = most_frame_bytes + 1;
        bytes = std::min(bytes, most_frame_bytes + 1);
    }
    frame_bytes += bytes;
    if (frame_bytes > most_frame_bytes)
        ir::fail(t.loc, "{} makes the stack frame larger than {} bytes: use MemorySpace::heap()",
                 t.symbol.name(), most_frame_bytes);
    llvm::Type* memory = llvm::ArrayType::get(b.getInt8Ty(), static_cast<uint64_t>(bytes));
    Place p = place_of(t, frame(memory, t.symbol.name()));
    p.shape = shape;
    for (const Dim& d : t.dims)
        p.first.push_back(d.min);
    tensors[t.symbol] = std::move(p);
}

Value* FunctionEmitter::element_count(const Tensor& t) {
    // Saturates, so that a product too large for 64 bits asks for more memory than there is.
    Value* count = b.getInt64(1);
    Value* most = b.getInt64(static_cast<uint64_t>(INT64_MAX));
    for (const Dim& d : t.dims) {
        Value* extent = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, value(d.extent), b.getInt64(0));
        if (llvm::isa<llvm::ConstantInt>(count) && llvm::isa<llvm::ConstantInt>(extent)) {
            int64_t product = 0;
            if (__builtin_mul_overflow(llvm::cast<llvm::ConstantInt>(count)->getSExtValue(),
                                       llvm::cast<llvm::ConstantInt>(extent)->getSExtValue(), &product))
                product = INT64_MAX;
            count = b.getInt64(static_cast<uint64_t>(product));
            continue;
        }
        Value* r = b.CreateBinaryIntrinsic(llvm::Intrinsic::smul_with_overflow, count, extent);
        count = b.CreateSelect(b.CreateExtractValue(r, 1), most, b.CreateExtractValue(r, 0));
    }
    return count;
}

/// The bytes of a tensor, as many as memory can hold.
Value* FunctionEmitter::byte_count(const Tensor& t) {
    const auto each = static_cast<uint64_t>(element_bytes(t.type));
    Value* count = element_count(t);
    // 2^48 bytes are more than an address space holds; 1 byte, since some allocators give nothing for 0.
    Value* fits = b.CreateICmpULE(count, b.getInt64((uint64_t{1} << 48) / each));
    check({{fits,
            ErrorCode::out_of_memory,
            printf_text(t.symbol.name()) + ": %lld elements are more than memory can hold",
            {count}}});
    return b.CreateBinaryIntrinsic(llvm::Intrinsic::umax, b.CreateMul(count, b.getInt64(each)),
                                   b.getInt64(1));
}

void FunctionEmitter::allocate(const Symbol& tensor, Value* bytes, Place place) {
    place.base = b.CreateCall(unit.runtime("halide_malloc"), {user_context, bytes}, tensor.name());
    check({{b.CreateIsNotNull(place.base),
            ErrorCode::out_of_memory,
            printf_text(tensor.name()) + ": there is no memory for %lld bytes",
            {bytes}}});
    own(tensor, place.base);
    tensors[tensor] = std::move(place);
}

} // namespace lathe::codegen
