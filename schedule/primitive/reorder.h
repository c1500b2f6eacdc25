#pragma once
/// \file reorder: perfectly nested loops in another order.

#include "../src/edit.h"

namespace lathe::schedule {

void reorder(Edit& e);

} // namespace lathe::schedule
