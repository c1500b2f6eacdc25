#pragma once
/// \file stencil: a Func and all that it is computed of become a network of processes.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive stencil;
}

} // namespace lathe::schedule
