#pragma once
/// \file align_storage: room for a multiple of so many positions.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive align_storage;

} // namespace lathe::schedule::primitives
