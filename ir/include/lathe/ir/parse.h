#pragma once
/// \file Types from text.

#include "lathe/ir/type.h"

namespace lathe::ir {

/// The type whose str() is `text`: "Int(15)", "Fixed(16, 12, rnd, sat)", "Bool". Spaces do not matter.
/// \throws Error at `loc` saying what a type looks like.
Type parse_type(const std::string& text, Loc loc = Loc::current());

} // namespace lathe::ir
