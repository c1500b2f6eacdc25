#pragma once
/// \file outline: a loop nest becomes a Function that is called in its place.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive outline;
}

} // namespace lathe::schedule
