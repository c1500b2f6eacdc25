#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Replaces every `unrolled` loop by copies of its body. An extent that is bounded but not constant gives
/// guarded copies.
/// \throws Error when an extent has no constant bound, or more than 1024 copies would be made.
Module unroll_loops(const Module& module);

} // namespace lathe::codegen
