#pragma once
/// \file serial: the iterations run one after the other.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive serial;
}

} // namespace lathe::schedule
