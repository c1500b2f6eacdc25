#pragma once
/// \file From a Module to optimised LLVM IR.

#include "abi.h"
#include "entry.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

namespace lathe::codegen {

using namespace ir;

struct Compiled {
    std::unique_ptr<llvm::LLVMContext> context;
    std::unique_ptr<llvm::Module> module;
    Abi abi;
};

/// Lowers and compiles the top function for callers of a kind. An empty name means the function's own.
Compiled compile(const Module& module, const Target& target, const std::string& name, Callers callers);

} // namespace lathe::codegen
