#pragma once
/// \file pack: neighbours in memory become words.

#include "../src/edit.h"

namespace lathe::schedule::primitives {

extern const Primitive pack;

} // namespace lathe::schedule::primitives
