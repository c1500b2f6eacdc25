#pragma once
/// \file store_in: the memory that a Func's tensor lives in.

#include "../src/edit.h"

namespace lathe {

void store_in(Edit& e);

} // namespace lathe
