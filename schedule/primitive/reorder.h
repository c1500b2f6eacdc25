#pragma once
/// \file reorder: perfectly nested loops in another order.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive reorder;
}

} // namespace lathe::schedule
