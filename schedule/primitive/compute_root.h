#pragma once
/// \file compute_root: a Func is computed once, outside of all loops.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive compute_root;
}

} // namespace lathe::schedule
