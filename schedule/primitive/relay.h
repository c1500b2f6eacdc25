#pragma once
/// \file relay: processes hand on what they read to their neighbours.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive relay;
}

} // namespace lathe::schedule
