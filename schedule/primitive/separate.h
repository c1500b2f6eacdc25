#pragma once
/// \file separate: full tiles and edge tiles get code of their own.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive separate;
}

} // namespace lathe::schedule
