#pragma once
/// \file pipeline: in hardware, iterations overlap.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive pipeline;
}

} // namespace lathe::schedule
