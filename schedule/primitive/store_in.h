#pragma once
/// \file store_in: the memory that a tensor lives in.

#include "../src/edit.h"

namespace lathe::schedule {

/// Whether some tensor is in stack or register memory.
bool in_frame(const Stmt& s);
/// What lies in the stack or in registers has a constant and small size, after any step.
void check_storage(const Edit& edit);

namespace primitives {
extern const Primitive store_in;
}

} // namespace lathe::schedule
