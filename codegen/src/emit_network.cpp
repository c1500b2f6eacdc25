// Networks whose processes are threads.

#include "emit.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"
#include "network_runtime.h"

#include <llvm/IR/MDBuilder.h>

namespace lathe::codegen {

using llvm::Value;

namespace {

/// The call at the beginning of a thread's body.
const ExternCall& process_call(const Stmt& body) {
    const ExternCall* found = nullptr;
    for_each(
        body,
        [&](const Stmt& s) {
            const auto* c = s.as<ExternCall>();
            const NetworkFunction* f = c ? network_function(*c) : nullptr;
            if (!found && f && f->kind == NetworkFunction::Kind::process) found = c;
        },
        nullptr);
    invariant(found != nullptr, "a thread that is no process");
    return *found;
}

/// Of a control: who waits for a token, and for room.
constexpr uint64_t reader_word = 1, writer_word = 2;

/// The numbers that a call passes, behind its tensors.
std::vector<Expr> numbers_of(const ExternCall& c) {
    std::vector<Expr> all;
    for (const ExternArgument& a : c.arguments)
        if (!a.tensor) all.push_back(a.value);
    return all;
}

} // namespace

/// Words 2, 3 of the process within which a network is, or those of the network itself.
Value* FunctionEmitter::family(Value* state, const Expr& parent) {
    if (as_int(parent) == -1) return NetworkRuntime::words(b, state, b.getInt64(5));
    return NetworkRuntime::process_words(b, state, value(parent), 2);
}

/// Starts a thread for each iteration. Closures live in the frame, until the network ends.
void FunctionEmitter::emit_threads(const For& s) {
    const ExternCall& call = process_call(s.body);
    Value *first = value(s.min), *count = value(s.extent);
    const Closure closure = capture(s.body, s.var, first);
    llvm::AllocaInst* memory = in_frame(closure);
    llvm::Function* task = emit_task(s, first, closure);

    llvm::BasicBlock *before = b.GetInsertBlock(), *body = block("start"), *after = block("after");
    b.CreateCondBr(b.CreateICmpSGT(count, b.getInt64(0)), body, after);
    b.SetInsertPoint(body);
    llvm::PHINode* n = b.CreatePHI(b.getInt64Ty(), 2);
    n->addIncoming(b.getInt64(0), before);
    variables[s.var] = b.CreateAdd(first, n);
    Value* number = bound_before(s.body, numbers_of(call)[0]);
    Value* state = tensors.at(call.arguments[0].tensor).base;
    b.CreateCall(unit.network().start(),
                 {state, family(state, numbers_of(call)[1]), number, task, user_context, memory, n,
                  unit.text("no thread could be started for the process " + s.var.name() +
                            ": the system has no room for another one")});
    Value* next = b.CreateAdd(n, b.getInt64(1));
    n->addIncoming(next, b.GetInsertBlock());
    b.CreateCondBr(b.CreateICmpSLT(next, count), body, after);
    b.SetInsertPoint(after);
}

/// A process's number, with the lets around the call that say it.
Value* FunctionEmitter::bound_before(const Stmt& body, const Expr& number) {
    Stmt at = body;
    for (const auto* l = at.as<LetStmt>(); l; l = at.as<LetStmt>()) {
        variables[l->symbol] = value(l->value);
        at = l->body;
    }
    return value(number);
}

void FunctionEmitter::emit_network(const ExternCall& s) {
    using Kind = NetworkFunction::Kind;
    const NetworkFunction& f = *network_function(s);
    const std::vector<Expr> numbers = numbers_of(s);
    Value* state = tensors.at(s.arguments[0].tensor).base;
    switch (f.kind) {
    case Kind::process:
        return;
    case Kind::begin: {
        const bool own = as_int(numbers[0]) == -1;
        const auto words = as_int(s.arguments[0].dims[0].extent);
        invariant(words.has_value(), "a network's state has no size");
        const auto count =
            static_cast<uint64_t>(own ? (*words - NetworkState::head) / NetworkState::slot : 0);
        b.CreateCall(unit.network().begin(), {state, family(state, numbers[0]), b.getInt64(count)});
        return;
    }
    case Kind::wait:
        return emit_wait(s, f, state, numbers);
    case Kind::passed:
        return emit_passed(state, control_of(s, f, numbers), as_int(numbers[1]) == 1);
    case Kind::end:
        return fail_unless_zero(
            b.CreateCall(unit.network().end(), {user_context, state, family(state, numbers[0]),
                                                value(numbers[1]), value(numbers[2])}));
    }
}

void FunctionEmitter::emit_passed(Value* state, Value* control, bool written) {
    Value* other = NetworkRuntime::words(b, control, b.getInt64(written ? reader_word : writer_word));
    b.CreateAtomicRMW(written ? llvm::AtomicRMWInst::Add : llvm::AtomicRMWInst::Sub, control, b.getInt64(1),
                      llvm::MaybeAlign(8), llvm::AtomicOrdering::SequentiallyConsistent);
    llvm::LoadInst* who = b.CreateAlignedLoad(b.getInt64Ty(), other, llvm::Align(8));
    who->setAtomic(llvm::AtomicOrdering::SequentiallyConsistent);
    llvm::BasicBlock *wake = block("wake"), *after = block("after");
    b.CreateCondBr(b.CreateICmpEQ(who, b.getInt64(0)), after, wake,
                   llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());
    b.SetInsertPoint(wake);
    b.CreateCall(unit.network().wake(), {state, other});
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

/// Where the control of the stream's element lies.
Value* FunctionEmitter::control_of(const ExternCall& s, const NetworkFunction& f,
                                   const std::vector<Expr>& numbers) {
    std::vector<Expr> at(numbers.begin() + 2,
                         numbers.begin() + 2 + static_cast<std::ptrdiff_t>(f.subscripts));
    at.push_back(index(0));
    memo.clear(); // what was computed last may stand where an error is told
    memo_order.clear();
    return locate(s.arguments[1].tensor, at, 1).address;
}

/// If that is why all end, the process keeps a text that says what it waits for.
void FunctionEmitter::emit_waits_for_ever(const NetworkFunction& f, const Waiting& w,
                                          const std::vector<Expr>& numbers) {
    llvm::BasicBlock *tell = block("tell"), *told = block("told");
    const auto deadlock = static_cast<uint32_t>(ErrorCode::deadlock);
    b.CreateCondBr(b.CreateICmpEQ(w.code, b.getInt32(deadlock)), tell, told);
    b.SetInsertPoint(tell);
    llvm::LoadInst* left = b.CreateAlignedLoad(b.getInt64Ty(), w.control, llvm::Align(8));
    left->setAtomic(llvm::AtomicOrdering::Acquire);
    std::vector<Value*> arguments{llvm::ConstantPointerNull::get(b.getPtrTy()), b.getInt64(0),
                                  unit.text(f.text)};
    for (size_t n = 2 + f.subscripts; n < numbers.size(); ++n) {
        if (n + 1 == numbers.size()) arguments.push_back(left);
        arguments.push_back(value(numbers[n]));
    }
    Value* length = b.CreateSExt(b.CreateCall(unit.runtime("snprintf"), arguments), b.getInt64Ty());
    arguments[0] = b.CreateCall(unit.network().room(), {user_context, w.state, w.process, length});
    arguments[1] =
        b.CreateSelect(b.CreateIsNull(arguments[0]), b.getInt64(0), b.CreateAdd(length, b.getInt64(1)));
    b.CreateCall(unit.runtime("snprintf"), arguments);
    b.CreateBr(told);
    b.SetInsertPoint(told);
}

void FunctionEmitter::emit_wait(const ExternCall& s, const NetworkFunction& f, Value* state,
                                const std::vector<Expr>& numbers) {
    Value *control = control_of(s, f, numbers), *full = value(numbers[1]);
    llvm::LoadInst* fill = b.CreateAlignedLoad(b.getInt64Ty(), control, llvm::Align(8));
    fill->setAtomic(llvm::AtomicOrdering::Acquire);
    llvm::BasicBlock *wait = block("wait"), *bad = block("bad"), *after = block("after");
    b.CreateCondBr(b.CreateICmpNE(fill, full), after, wait,
                   llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());
    b.SetInsertPoint(wait);
    Value* number = value(numbers[0]);
    Value* word = b.getInt64(as_int(numbers[1]) == 0 ? reader_word : writer_word);
    Value* code = b.CreateCall(unit.network().wait(), {state, control, number, full, word});
    b.CreateCondBr(b.CreateICmpEQ(code, b.getInt32(0)), after, bad,
                   llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());
    b.SetInsertPoint(bad);
    emit_waits_for_ever(f, {state, control, number, code}, numbers);
    fail(code);
    b.SetInsertPoint(after);
}

} // namespace lathe::codegen
