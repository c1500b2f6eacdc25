#pragma once
/// \file The functions that callers see: they check their arguments, then run the body.

#include "abi.h"
#include "unit.h"

namespace lathe::codegen {

using namespace ir;

enum class Callers : uint8_t { c, jit };

/// Emits NAME_with_user_context(user_context, buffers…, scalars…) and, for C, NAME(buffers…, scalars…),
/// NAME_argv(array of pointers to the buffers and the scalars) and NAME_metadata(), or, for the JIT,
/// jit_name(user_context, the same array).
void emit_function(Unit& unit, const Abi& abi, const Module& machine, Callers callers);
std::string jit_name(const Abi& abi);
/// The type of NAME_with_user_context.
llvm::FunctionType* checked_type(llvm::LLVMContext& context, const Abi& abi);

} // namespace lathe::codegen
