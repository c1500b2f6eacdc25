#pragma once
/// \file reuse_at: a buffer keeps what neighbouring iterations of a loop read of a tensor.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive reuse_at;
}

} // namespace lathe::schedule
