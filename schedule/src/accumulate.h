#pragma once
/// \file Accumulators: a tensor of another type in which a Func's definitions work, copied into the Func at
/// the end.

#include "retype.h"

namespace lathe::schedule {

using namespace ir;

/// Lets the definitions of the step's tensor work on step.accumulator (of the tensor's type for now), and
/// adds the definition that writes it back.
void add_accumulator(Algorithm& a, const TypeStep& step);

} // namespace lathe::schedule
