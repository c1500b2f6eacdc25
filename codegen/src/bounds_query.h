#pragma once
/// \file Calls with buffers that have no memory: they ask for the shapes that are needed.

#include "abi.h"
#include "emit.h"

namespace lathe::codegen {

using namespace ir;

/// Emits into the beginning of `caller`, whose arguments are the user context, the buffers, then the scalars:
/// if any buffer has no memory (host and device are null), the type and the dimensions of all those are
/// filled in, with dense strides, and the function ends successfully. Sizes are read from the buffers with
/// memory; a size that none of them has is the largest that the others were given.
/// The pointers have been checked.
void answer_bounds_query(Unit& unit, FunctionEmitter& emitter, const Abi& abi, llvm::Function* caller);

} // namespace lathe::codegen
