#pragma once
/// \file unfold: each iteration of a loop becomes a process.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive unfold;
}

} // namespace lathe::schedule
