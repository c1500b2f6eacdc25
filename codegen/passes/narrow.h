#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Computes integers in the narrowest containers (8, 16, 32, 64 bits) that give the same values: by the
/// ranges that values really have, and by the bits that a truncating cast demands. Exact types grow with
/// every operation; this wins lanes back. Precondition: machine form, before vectorization.
Module narrow(const Module& module);

} // namespace lathe::codegen
