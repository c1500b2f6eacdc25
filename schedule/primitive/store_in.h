#pragma once
/// \file store_in: the memory that a Func's tensor lives in.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void store_in(Edit& e);

/// What lies in the stack or in registers has a constant and small size, after any step.
void check_storage(const Edit& edit);

} // namespace lathe::schedule
