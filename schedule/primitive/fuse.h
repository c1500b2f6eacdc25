#pragma once
/// \file fuse: two directly nested loops become one that runs through all pairs, in the same order.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive fuse;
}

} // namespace lathe::schedule
