#pragma once
/// \file reshape: the same elements in an array of another shape.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive reshape;

} // namespace lathe::schedule::primitives
