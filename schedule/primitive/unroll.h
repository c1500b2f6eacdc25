#pragma once
/// \file unroll: the iterations become copies.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive unroll;
}

} // namespace lathe::schedule
