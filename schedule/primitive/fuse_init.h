#pragma once
/// \file fuse_init: the initialisation moves into the update's nest, to where an element's first update comes
/// next.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive fuse_init;
}

} // namespace lathe::schedule
