#pragma once
/// \file to: a stage runs on the host, or in a kernel of the device.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive to;
}

/// As the trace spells it.
std::string_view word(Side side);

} // namespace lathe::schedule
