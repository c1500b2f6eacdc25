#pragma once
/// \file reorder: perfectly nested loops in another order.

#include "../src/edit.h"

namespace lathe {

void reorder(Edit& e);

} // namespace lathe
