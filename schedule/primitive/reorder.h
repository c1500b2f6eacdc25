#pragma once
/// \file reorder: perfectly nested loops in another order.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void reorder(Edit& e);

} // namespace lathe::schedule
