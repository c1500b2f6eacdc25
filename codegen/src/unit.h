#pragma once
/// \file One LLVM module while it is being made, and what all its functions share.

#include "lathe/ir/stmt.h"
#include "ops.h"

#include <llvm/IR/Module.h>

namespace lathe::codegen {

using namespace ir;

/// What generated functions return when they fail: the numbers that Halide's runtime uses for the like.
enum class ErrorCode : int32_t {
    bad_type = -3,
    constraint_violated = -8,
    out_of_range = -10,
    out_of_memory = -11,
    no_thread = -11, ///< another resource of which there is no more
    null_buffer = -12,
    no_target = -20,
    requirement_failed = -27,
    negative_extent = -28,
    null_host = -34,
    bad_rank = -43,
    device_dirty = -44,
    overlap = -45,
    deadlock = -1,
};

class NetworkRuntime;

class Unit {
  public:
    Unit(llvm::LLVMContext& context, const Target& target, const std::string& name);
    ~Unit();

    llvm::Module& module() { return *ir; }
    llvm::LLVMContext& context() { return ir->getContext(); }
    const Target& target() const { return machine; }
    std::unique_ptr<llvm::Module> take() { return std::move(ir); }

    /// A new function with the target's attributes; its arguments are not named.
    llvm::Function* function(const std::string& name, llvm::FunctionType* type, bool exported);
    /// A function of the runtime or the C library.
    llvm::FunctionCallee runtime(const char* name);
    /// A function that the program links. \throws Error if its name means something else here.
    llvm::FunctionCallee extern_function(const std::string& name, llvm::FunctionType* type, Loc loc);
    llvm::Constant* text(const std::string& s);
    /// What the threads of a network call.
    NetworkRuntime& network();
    /// A constant in memory that only this module sees.
    llvm::Constant* table(const std::string& name, llvm::Constant* value);
    /// A constant tensor's elements in memory.
    llvm::Constant* elements(const Tensor& t);

    /// Tensors whose memory never overlaps, so that their accesses can say so.
    void separate(const std::vector<Symbol>& tensors);
    void mark(llvm::Instruction* access, const Symbol& tensor) const;

  private:
    std::unique_ptr<llvm::Module> ir;
    Target machine;
    std::map<std::string, llvm::Constant*> texts;
    int data_tensors = 0;
    std::unique_ptr<NetworkRuntime> networks;
    std::map<Symbol, std::pair<llvm::MDNode*, llvm::MDNode*>>
        scopes; ///< its own, and those it does not overlap
};

} // namespace lathe::codegen
