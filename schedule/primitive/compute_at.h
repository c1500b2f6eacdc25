#pragma once
/// \file compute_at: a Func is computed inside a loop of a consumer: the box that one iteration reads.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive compute_at;
}

} // namespace lathe::schedule
