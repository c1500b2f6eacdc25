#pragma once
/// \file unpack: words become smaller ones.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive unpack;

} // namespace lathe::schedule::primitives
