#pragma once
/// \file Calls with buffers that have no memory: they ask for the shapes that are needed.

#include "abi.h"
#include "emit.h"

namespace lathe::codegen {

using namespace ir;

/// Emits into the beginning of `caller`, whose arguments are the user context, the buffers, then the scalars:
/// if any buffer has no memory (host and device are null), the type and the dimensions of all those are
/// filled in, with dense strides, and the function ends successfully.
///
/// Sizes are solved from the mins and extents of the buffers, as far as these are linear in one size that is
/// not known yet: from the buffers with memory, then from outputs, then from inputs without memory that were
/// given an extent. Buffers with memory, and outputs that were given an extent, must fit what was solved;
/// otherwise, or when a size stays unknown, it is an error and nothing is written.
///
/// It is a call, and goes on behind what was emitted, when others have memory and each buffer without memory
/// is known to have no elements: its type and its dimensions already are what would be filled in.
/// The pointers have been checked.
void answer_bounds_query(Unit& unit, FunctionEmitter& emitter, const Abi& abi, llvm::Function* caller);

} // namespace lathe::codegen
