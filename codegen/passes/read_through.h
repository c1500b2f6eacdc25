#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Drops buffers of `reuse_at` that hold nothing but elements that memory holds at the same subscripts as
/// long as they live: their readers read those. A CPU's caches do what such a buffer would, and its
/// iterations wait for no filling. Loops around what filled them begin, end and step where something is left
/// to do.
Module read_through(const Module& module);

} // namespace lathe::codegen
