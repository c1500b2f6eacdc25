#pragma once
/// \file What a program can ask about a generated function.

#include "abi.h"
#include "unit.h"

namespace lathe::codegen {

using namespace ir;

/// Emits `const struct halide_filter_metadata_t* NAME_metadata(void)`, and `const char*
/// NAME_signature(void)`: the arguments as JSON with their types as the user wrote them, which halide_type_t
/// cannot say.
void emit_metadata(Unit& unit, const Abi& abi, const Target& target);

} // namespace lathe::codegen
