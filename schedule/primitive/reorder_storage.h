#pragma once
/// \file reorder_storage: the order in which dimensions are stored.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive reorder_storage;

} // namespace lathe::schedule::primitives
