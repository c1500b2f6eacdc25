#pragma once
/// \file partition: the positions of a dimension are dealt out to banks.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive partition;

} // namespace lathe::schedule::primitives
