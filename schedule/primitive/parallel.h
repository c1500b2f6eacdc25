#pragma once
/// \file parallel: the iterations run on the threads of a pool.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive parallel;
}

} // namespace lathe::schedule
