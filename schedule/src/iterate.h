#pragma once
/// \file Steps in time: a Func of its own result, several times.

#include "retype.h"

namespace lathe::schedule {

using namespace ir;

/// The algorithm whose Func `out` is computed `times` times, each time from the result of the time before:
/// all that it is computed of is repeated, and its result takes the place of the one input that is like it.
/// \throws Error at `loc` when no input is, or several are
void iterate(Retyped& algorithm, const Symbol& out, int64_t times, Loc loc);

} // namespace lathe::schedule
