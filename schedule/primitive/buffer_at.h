#pragma once
/// \file buffer_at: an iteration of a loop works on a copy of what it touches of a tensor.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive buffer_at;
}

} // namespace lathe::schedule
