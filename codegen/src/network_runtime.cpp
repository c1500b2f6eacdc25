#include "network_runtime.h"

#include "lathe/ir/network_threads.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace lathe::codegen {

using llvm::Value;

namespace {

constexpr auto ordered = llvm::AtomicOrdering::SequentiallyConsistent;

constexpr uint64_t spins = 100;

enum : uint64_t { mutex, running, waiting, ending, stuck, family, processes = 7 };
enum : uint64_t {
    condition,
    waits,
    inside,
    thread = 4,
    task,
    context,
    closure,
    iteration,
    state,
    owner,
    started,
    said,
    length
};

} // namespace

/// A function while it is being made.
struct NetworkRuntime::Body {
    Unit& unit;
    llvm::Function* f;
    Builder b;

    Body(Unit& u, llvm::Function* function) : unit(u), f(function), b(u.context()) {
        b.SetInsertPoint(block("entry"));
    }
    llvm::BasicBlock* block(const char* name) { return llvm::BasicBlock::Create(b.getContext(), name, f); }
    Value* argument(unsigned n) { return f->getArg(n); }
    Value* at(Value* base, uint64_t word) { return words(b, base, b.getInt64(word)); }
    Value* load(Value* base, uint64_t word) { return b.CreateLoad(b.getInt64Ty(), at(base, word)); }
    Value* pointer(Value* base, uint64_t word) { return b.CreateLoad(b.getPtrTy(), at(base, word)); }
    void store(Value* base, uint64_t word, Value* x) { b.CreateStore(x, at(base, word)); }
    Value* add(Value* base, uint64_t word, int64_t n) {
        Value* x = b.CreateAdd(load(base, word), b.getInt64(static_cast<uint64_t>(n)));
        store(base, word, x);
        return x;
    }
    Value* shared(Value* control, uint64_t word) {
        llvm::LoadInst* x = b.CreateAlignedLoad(b.getInt64Ty(), at(control, word), llvm::Align(8));
        x->setAtomic(ordered);
        return x;
    }
    void share(Value* control, uint64_t word, Value* x) {
        b.CreateAlignedStore(x, at(control, word), llvm::Align(8))->setAtomic(ordered);
    }
    Value* is_zero(Value* x) { return b.CreateICmpEQ(x, b.getInt64(0)); }
    Value* not_zero(Value* x) { return b.CreateICmpNE(x, b.getInt64(0)); }
    void lock(Value* s) { b.CreateCall(unit.runtime("halide_mutex_lock"), {at(s, mutex)}); }
    void unlock(Value* s) { b.CreateCall(unit.runtime("halide_mutex_unlock"), {at(s, mutex)}); }
    template <class F> void when(Value* c, F body) {
        llvm::BasicBlock *then = block("then"), *after = block("after");
        b.CreateCondBr(c, then, after);
        b.SetInsertPoint(then);
        body();
        if (!b.GetInsertBlock()->getTerminator()) b.CreateBr(after);
        b.SetInsertPoint(after);
    }
    template <class C, class F> void repeat(C condition, F body) {
        llvm::BasicBlock *head = block("head"), *round = block("round"), *after = block("after");
        b.CreateBr(head);
        b.SetInsertPoint(head);
        b.CreateCondBr(condition(), round, after);
        b.SetInsertPoint(round);
        body();
        b.CreateBr(head);
        b.SetInsertPoint(after);
    }
    /// body(n) for n in [from, to).
    template <class F> void each(Value* from, Value* to, F body) {
        Value* n = b.CreateAlloca(b.getInt64Ty());
        b.CreateStore(from, n);
        const auto now = [&] { return b.CreateLoad(b.getInt64Ty(), n); };
        repeat([&] { return b.CreateICmpSLT(now(), to); },
               [&] {
                   body(now());
                   b.CreateStore(b.CreateAdd(now(), b.getInt64(1)), n);
               });
    }
};

Value* NetworkRuntime::words(Builder& b, Value* base, Value* offset) {
    return b.CreateInBoundsGEP(b.getInt64Ty(), base, offset);
}

Value* NetworkRuntime::process_words(Builder& b, Value* s, Value* process, uint64_t word) {
    Value* first = b.CreateMul(process, b.getInt64(NetworkState::slot));
    return words(b, s, b.CreateAdd(first, b.getInt64(NetworkState::head + word)));
}

llvm::Function* NetworkRuntime::make(const std::string& name, llvm::Type* result,
                                     std::vector<llvm::Type*> arguments) {
    llvm::Function*& f = made[name];
    f = unit.function("network." + name, llvm::FunctionType::get(result, arguments, false), false);
    f->addFnAttr(llvm::Attribute::NoInline);
    return f;
}

llvm::Function* NetworkRuntime::begin() {
    if (const auto found = made.find("begin"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    Body f(unit, make("begin", llvm::Type::getVoidTy(unit.context()), {p, p, i64}));
    Builder& b = f.b;
    Value *s = f.argument(0), *count = f.argument(2);
    f.when(f.not_zero(count), [&] {
        Value* bytes = b.CreateAdd(b.CreateMul(count, b.getInt64(NetworkState::slot * sizeof(int64_t))),
                                   b.getInt64(NetworkState::head * sizeof(int64_t)));
        b.CreateMemSet(s, b.getInt8(0), bytes, llvm::Align(8));
        f.store(s, running, b.getInt64(1));
        f.store(s, processes, count);
    });
    f.store(f.argument(1), 0, b.getInt64(0));
    f.store(f.argument(1), 1, b.getInt64(0));
    b.CreateRetVoid();
    return f.f;
}

llvm::Function* NetworkRuntime::start() {
    if (const auto found = made.find("start"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    llvm::Function *const run = main(), *const end_all = stop();
    Body f(unit, make("start", llvm::Type::getVoidTy(unit.context()), {p, p, i64, p, p, p, i64, p}));
    Builder& b = f.b;
    Value *s = f.argument(0), *own = process_words(b, s, f.argument(2));
    const auto count = [&](int64_t by) {
        f.add(s, running, by);
        f.add(f.argument(1), 0, by);
    };
    f.store(own, task, f.argument(3));
    f.store(own, context, f.argument(4));
    f.store(own, closure, f.argument(5));
    f.store(own, iteration, f.argument(6));
    f.store(own, state, s);
    f.store(own, owner, f.argument(1));
    f.lock(s);
    Value* goes_on = f.is_zero(f.load(s, ending));
    f.when(goes_on, [&] { count(1); });
    f.unlock(s);
    f.when(goes_on, [&] {
        // Halide's runtime would not say that there is no thread.
        Value* none = llvm::ConstantPointerNull::get(b.getPtrTy());
        Value* code =
            b.CreateSExt(b.CreateCall(unit.runtime("pthread_create"), {f.at(own, thread), none, run, own}),
                         b.getInt64Ty());
        f.store(own, started, b.CreateZExt(f.is_zero(code), b.getInt64Ty()));
        f.when(f.not_zero(code), [&] {
            const auto why = static_cast<uint64_t>(static_cast<int64_t>(ErrorCode::no_thread));
            f.lock(s);
            Value* first = f.is_zero(f.load(s, ending));
            b.CreateCall(end_all, {s, b.getInt64(why), b.getInt64(0)});
            count(-1);
            f.unlock(s);
            f.when(first,
                   [&] { b.CreateCall(unit.runtime("halide_error"), {f.argument(4), f.argument(7)}); });
        });
    });
    b.CreateRetVoid();
    return f.f;
}

/// What a thread runs.
llvm::Function* NetworkRuntime::main() {
    if (const auto found = made.find("main"); found != made.end()) return found->second;
    llvm::Type* p = llvm::PointerType::getUnqual(unit.context());
    llvm::Type* i32 = llvm::Type::getInt32Ty(unit.context());
    llvm::Function* const done = finish();
    Body f(unit, make("main", p, {p}));
    Builder& b = f.b;
    Value* own = f.argument(0);
    Value* code = b.CreateCall(
        llvm::FunctionType::get(i32, {p, i32, p}, false), f.pointer(own, task),
        {f.pointer(own, context), b.CreateTrunc(f.load(own, iteration), i32), f.pointer(own, closure)});
    b.CreateCall(done, {f.pointer(own, state), f.pointer(own, owner), b.CreateSExt(code, b.getInt64Ty())});
    b.CreateRet(llvm::ConstantPointerNull::get(b.getPtrTy()));
    return f.f;
}

/// void stop(state, code, forever): with the mutex. All who wait go on and see that. `forever`: only if all
/// wait.
llvm::Function* NetworkRuntime::stop() {
    if (const auto found = made.find("stop"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    Body f(unit, make("stop", llvm::Type::getVoidTy(unit.context()), {p, i64, i64}));
    Builder& b = f.b;
    Value *s = f.argument(0), *forever = f.argument(2);
    Value* all_wait =
        b.CreateAnd(b.CreateICmpEQ(f.load(s, running), f.load(s, waiting)), f.not_zero(f.load(s, running)));
    Value* now = b.CreateAnd(f.is_zero(f.load(s, ending)), b.CreateOr(f.is_zero(forever), all_wait));
    f.when(now, [&] {
        f.store(s, ending, f.argument(1));
        f.store(s, stuck, forever);
        f.each(b.getInt64(0), f.load(s, processes), [&](Value* n) {
            Value* own = process_words(b, s, n);
            b.CreateCall(unit.runtime("halide_cond_broadcast"), {f.at(own, condition)});
        });
    });
    b.CreateRetVoid();
    return f.f;
}

static Value* check_stuck(Builder& b, llvm::Function* stop, Value* s) {
    const auto code = static_cast<uint64_t>(static_cast<int64_t>(ErrorCode::deadlock));
    return b.CreateCall(stop, {s, b.getInt64(code), b.getInt64(1)});
}

/// void finish(state, family, code): of a process.
llvm::Function* NetworkRuntime::finish() {
    if (const auto found = made.find("finish"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    llvm::Function* const end_all = stop();
    Body f(unit, make("finish", llvm::Type::getVoidTy(unit.context()), {p, p, i64}));
    Builder& b = f.b;
    Value *s = f.argument(0), *brothers = f.argument(1), *code = f.argument(2);
    f.lock(s);
    f.when(f.not_zero(code), [&] { b.CreateCall(end_all, {s, code, b.getInt64(0)}); });
    // The last one goes on as its owner, who waits for that.
    Value* last = f.is_zero(f.add(brothers, 0, -1));
    Value* hands_over = b.CreateAnd(last, f.not_zero(f.load(brothers, 1)));
    f.when(b.CreateNot(hands_over), [&] {
        f.add(s, running, -1);
        check_stuck(b, end_all, s);
    });
    f.unlock(s);
    b.CreateRetVoid();
    return f.f;
}

llvm::Function* NetworkRuntime::wait() {
    if (const auto found = made.find("wait"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    llvm::Function* const end_all = stop();
    Body f(unit, make("wait", llvm::Type::getInt32Ty(unit.context()), {p, p, i64, i64, i64}));
    Builder& b = f.b;
    Value *s = f.argument(0), *control = f.argument(1), *process = f.argument(2);
    Value* who = words(b, control, f.argument(4));
    Value* own = process_words(b, s, process);
    // To sleep and be woken takes longer than most waits on a machine with a core for each process.
    f.each(b.getInt64(0), b.getInt64(spins), [&](Value*) {
        f.when(b.CreateICmpNE(f.shared(control, 0), f.argument(3)), [&] { b.CreateRet(b.getInt32(0)); });
        b.CreateIntrinsic(llvm::Intrinsic::x86_sse2_pause, {}, {});
    });
    f.lock(s);
    // Who changes the fill looks afterwards whether somebody waits.
    f.share(who, 0, b.CreateAdd(process, b.getInt64(1)));
    Value* must = b.CreateICmpEQ(f.shared(control, 0), f.argument(3));
    llvm::BasicBlock *block = f.block("wait"), *go = f.block("go"), *out = f.block("out");
    b.CreateCondBr(must, block, go);
    b.SetInsertPoint(go);
    f.share(who, 0, b.getInt64(0));
    b.CreateBr(out);
    b.SetInsertPoint(block);
    f.add(s, waiting, 1);
    f.store(own, waits, b.getInt64(1));
    check_stuck(b, end_all, s);
    f.repeat([&] { return b.CreateAnd(f.not_zero(f.load(own, waits)), f.is_zero(f.load(s, ending))); },
             [&] { b.CreateCall(unit.runtime("halide_cond_wait"), {f.at(own, condition), f.at(s, mutex)}); });
    b.CreateBr(out);
    b.SetInsertPoint(out);
    Value* code = b.CreateTrunc(f.load(s, ending), b.getInt32Ty());
    f.unlock(s);
    b.CreateRet(code);
    return f.f;
}

llvm::Function* NetworkRuntime::wake() {
    if (const auto found = made.find("wake"); found != made.end()) return found->second;
    llvm::Type* p = llvm::PointerType::getUnqual(unit.context());
    Body f(unit, make("wake", llvm::Type::getVoidTy(unit.context()), {p, p}));
    Builder& b = f.b;
    Value* s = f.argument(0);
    f.lock(s);
    Value* who = f.shared(f.argument(1), 0);
    f.when(f.not_zero(who), [&] {
        f.share(f.argument(1), 0, b.getInt64(0));
        Value* own = process_words(b, s, b.CreateSub(who, b.getInt64(1)));
        f.when(f.not_zero(f.load(own, waits)), [&] {
            f.store(own, waits, b.getInt64(0));
            f.add(s, waiting, -1);
            b.CreateCall(unit.runtime("halide_cond_signal"), {f.at(own, condition)});
        });
    });
    f.unlock(s);
    b.CreateRetVoid();
    return f.f;
}

llvm::Function* NetworkRuntime::end() {
    if (const auto found = made.find("end"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    llvm::Function *const end_all = stop(), *const tell = report();
    Body f(unit, make("end", llvm::Type::getInt32Ty(unit.context()), {p, p, p, i64, i64}));
    Builder& b = f.b;
    Value *s = f.argument(1), *mine = f.argument(2);
    f.lock(s);
    f.when(f.not_zero(f.load(mine, 0)), [&] {
        f.store(mine, 1, b.getInt64(1));
        f.add(s, running, -1);
        check_stuck(b, end_all, s);
    });
    f.unlock(s);
    f.each(f.argument(3), f.argument(4), [&](Value* n) {
        Value* own = process_words(b, s, n);
        f.when(f.not_zero(f.load(own, started)), [&] {
            b.CreateCall(unit.runtime("pthread_join"),
                         {f.load(own, thread), llvm::ConstantPointerNull::get(b.getPtrTy())});
            f.store(own, started, b.getInt64(0));
        });
    });
    f.lock(s);
    Value *code = b.CreateTrunc(f.load(s, ending), b.getInt32Ty()), *forever = f.load(s, stuck);
    f.unlock(s);
    Value* outermost = b.CreateICmpEQ(mine, f.at(s, family));
    f.when(b.CreateAnd(outermost, f.not_zero(forever)), [&] { b.CreateCall(tell, {f.argument(0), s}); });
    b.CreateRet(code);
    return f.f;
}

llvm::Function* NetworkRuntime::room() {
    if (const auto found = made.find("room"); found != made.end()) return found->second;
    llvm::Type *p = llvm::PointerType::getUnqual(unit.context()),
               *i64 = llvm::Type::getInt64Ty(unit.context());
    Body f(unit, make("room", p, {p, p, i64, i64}));
    Builder& b = f.b;
    Value* own = process_words(b, f.argument(1), f.argument(2));
    Value* text = b.CreateCall(unit.runtime("halide_malloc"),
                               {f.argument(0), b.CreateAdd(f.argument(3), b.getInt64(1))});
    f.store(own, said, text);
    f.store(own, length, f.argument(3));
    b.CreateRet(text);
    return f.f;
}

/// void report(context, state): who waits for what. Frees what they said.
llvm::Function* NetworkRuntime::report() {
    if (const auto found = made.find("report"); found != made.end()) return found->second;
    llvm::Type* p = llvm::PointerType::getUnqual(unit.context());
    Body f(unit, make("report", llvm::Type::getVoidTy(unit.context()), {p, p}));
    Builder& b = f.b;
    constexpr uint64_t most = 8;
    const std::string head = "the processes wait for each other for ever";
    Value *context = f.argument(0), *s = f.argument(1);
    enum : uint64_t { lines, used, bytes };
    Value* counts = b.CreateAlloca(llvm::ArrayType::get(b.getInt64Ty(), 3));
    f.store(counts, lines, b.getInt64(0));
    f.store(counts, used, b.getInt64(0));
    f.store(counts, bytes, b.getInt64(head.size() + 64)); // and how many more
    const auto each_said = [&](const auto& body) {
        f.each(b.getInt64(0), f.load(s, processes), [&](Value* n) {
            Value* own = process_words(b, s, n);
            f.when(b.CreateIsNotNull(f.pointer(own, said)), [&] { body(own); });
        });
    };
    each_said(
        [&](Value* own) { f.store(counts, bytes, b.CreateAdd(f.load(counts, bytes), f.load(own, length))); });
    Value* text = b.CreateCall(unit.runtime("halide_malloc"), {context, f.load(counts, bytes)});
    Value* whole = b.CreateIsNotNull(text);
    const auto print = [&](const char* format, Value* x) {
        f.when(whole, [&] {
            Value* now = f.load(counts, used);
            Value* written = b.CreateCall(unit.runtime("snprintf"),
                                          {b.CreateInBoundsGEP(b.getInt8Ty(), text, now),
                                           b.CreateSub(f.load(counts, bytes), now), unit.text(format), x});
            f.store(counts, used, b.CreateAdd(now, b.CreateSExt(written, b.getInt64Ty())));
        });
    };
    print("%s:", unit.text(head));
    each_said([&](Value* own) {
        Value* count = f.add(counts, lines, 1);
        f.when(b.CreateICmpULE(count, b.getInt64(most)), [&] { print("%s", f.pointer(own, said)); });
        b.CreateCall(unit.runtime("halide_free"), {context, f.pointer(own, said)});
    });
    Value* more = b.CreateSub(f.load(counts, lines), b.getInt64(most));
    f.when(b.CreateICmpSGT(more, b.getInt64(0)), [&] { print("\n  and %lld more", more); });
    b.CreateCall(unit.runtime("halide_error"), {context, b.CreateSelect(whole, text, unit.text(head))});
    f.when(whole, [&] { b.CreateCall(unit.runtime("halide_free"), {context, text}); });
    b.CreateRetVoid();
    return f.f;
}

} // namespace lathe::codegen
