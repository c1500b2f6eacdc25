#pragma once
/// \file rename: another display name for a loop.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive rename;
}

} // namespace lathe::schedule
