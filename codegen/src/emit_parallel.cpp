#include "emit.h"

#include "lathe/ir/text.h"

#include "lathe/ir/visit.h"

#include <llvm/IR/MDBuilder.h>

namespace lathe::codegen {

using llvm::Value;

/// `loop` is no variable of the closure; `first` is where it begins, if any.
FunctionEmitter::Closure FunctionEmitter::capture(const Stmt& body, const Symbol& loop, Value* first) {
    Closure c;
    const auto add = [&](Value* v) {
        if (!llvm::isa<llvm::Constant>(v) && std::ranges::find(c.values, v) == c.values.end())
            c.values.push_back(v);
    };
    std::set<Symbol> needed = free_variables(body), used = tensors_read(body);
    used.merge(tensors_written(body));
    for (const Symbol& t : used)
        if (const auto it = tensors.find(t); it != tensors.end()) {
            c.tensors.push_back(t);
            for (const Expr& start : it->second.first) // addresses on the stack count from there
                needed.merge(free_variables(start));
            add(it->second.base);
            for (Value* v : it->second.strides)
                add(v);
            for (Value* v : it->second.mins)
                add(v);
        }
    for (const Symbol& v : needed)
        if (const auto it = variables.find(v); it != variables.end() && v != loop) {
            c.variables.push_back(v);
            add(it->second);
        }
    if (first) add(first);
    std::vector<llvm::Type*> types;
    for (Value* v : c.values)
        types.push_back(v->getType());
    c.type = llvm::StructType::get(b.getContext(), types);
    return c;
}

/// Tells the task's emitter where everything lies inside of it.
void FunctionEmitter::enter(FunctionEmitter& task, const Closure& closure,
                            const std::map<Value*, Value*>& inside) const {
    const auto here = [&](Value* v) { return llvm::isa<llvm::Constant>(v) ? v : inside.at(v); };
    for (const Symbol& v : closure.variables)
        task.variables[v] = here(variables.at(v));
    for (const Symbol& t : closure.tensors) {
        Place p = tensors.at(t);
        p.base = here(p.base);
        for (Value*& v : p.strides)
            v = here(v);
        for (Value*& v : p.mins)
            v = here(v);
        task.tensors[t] = std::move(p);
    }
}

/// Calls a function that has the statement as its body.
void FunctionEmitter::emit_apart(const Stmt& s) {
    const Closure closure = capture(s, {}, nullptr);
    std::vector<llvm::Type*> types{b.getPtrTy()};
    types.insert(types.end(), closure.type->element_begin(), closure.type->element_end());
    llvm::Function* f = unit.function("apart", llvm::FunctionType::get(b.getInt32Ty(), types, false), false);
    FunctionEmitter task(unit, f, f->getArg(0));
    std::map<Value*, Value*> inside;
    std::vector<Value*> arguments{user_context};
    for (unsigned i = 0; i < closure.values.size(); ++i) {
        inside[closure.values[i]] = f->getArg(i + 1);
        arguments.push_back(closure.values[i]);
    }
    enter(task, closure, inside);
    task.emit(s);
    task.finish();

    // No block for the error alone: LLVM takes time that grows with the square of their number.
    llvm::BasicBlock* after = block("after");
    Value* code = b.CreateCall(f, arguments);
    b.CreateStore(code, error);
    b.CreateCondBr(b.CreateICmpEQ(code, b.getInt32(0)), after, unwind,
                   llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());
    b.SetInsertPoint(after);
}

llvm::Function* FunctionEmitter::emit_task(const For& s, Value* first, const Closure& closure) {
    llvm::Type* pointer = b.getPtrTy();
    auto* type = llvm::FunctionType::get(b.getInt32Ty(), {pointer, b.getInt32Ty(), pointer}, false);
    llvm::Function* f = unit.function("parallel." + s.var.name(), type, false);
    FunctionEmitter task(unit, f, f->getArg(0));
    std::map<Value*, Value*> inside;
    for (unsigned i = 0; i < closure.values.size(); ++i) {
        Value* at = task.b.CreateStructGEP(closure.type, f->getArg(2), i);
        inside[closure.values[i]] = task.b.CreateLoad(closure.type->getElementType(i), at);
    }
    enter(task, closure, inside);
    Value* start = llvm::isa<llvm::Constant>(first) ? first : inside.at(first);
    // The pool counts from 0 in 32 bits.
    task.variables[s.var] =
        task.b.CreateAdd(start, task.b.CreateSExt(f->getArg(1), task.b.getInt64Ty()), s.var.name());
    task.emit(s.body);
    task.finish();
    return f;
}

llvm::AllocaInst* FunctionEmitter::in_frame(const Closure& closure) {
    llvm::AllocaInst* memory = frame(closure.type, "closure");
    for (unsigned i = 0; i < closure.values.size(); ++i)
        b.CreateStore(closure.values[i], b.CreateStructGEP(closure.type, memory, i));
    return memory;
}

void FunctionEmitter::fail_unless_zero(Value* code) {
    llvm::BasicBlock *bad = block("bad"), *good = block("good");
    b.CreateCondBr(b.CreateICmpEQ(code, b.getInt32(0)), good, bad,
                   llvm::MDBuilder(b.getContext()).createLikelyBranchWeights());
    b.SetInsertPoint(bad);
    fail(code);
    b.SetInsertPoint(good);
}

void FunctionEmitter::emit_parallel(const For& s) {
    Value* count = value(s.extent);
    check({{b.CreateICmpSLE(count, b.getInt64(INT32_MAX)),
            ErrorCode::out_of_range,
            "the parallel loop " + printf_text(s.var.name()) + " has %lld iterations: the most is 2147483647",
            {count}}});
    Value* first = value(s.min);
    const Closure closure = capture(s.body, s.var, first);
    llvm::AllocaInst* memory = in_frame(closure);
    llvm::Function* task = emit_task(s, first, closure);

    llvm::BasicBlock *run = block("parallel"), *after = block("after");
    b.CreateCondBr(b.CreateICmpSGT(count, b.getInt64(0)), run, after);
    b.SetInsertPoint(run);
    Value* code =
        b.CreateCall(unit.runtime("halide_do_par_for"),
                     {user_context, task, b.getInt32(0), b.CreateTrunc(count, b.getInt32Ty()), memory});
    fail_unless_zero(code);
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

} // namespace lathe::codegen
