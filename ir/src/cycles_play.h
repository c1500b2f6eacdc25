#pragma once
/// \file Recorded steps against a clock.

#include "interpret_record.h"
#include "lathe/ir/cycles.h"

namespace lathe::ir::interpreter {

/// All of the report but the results and the memory.
CycleReport play(const Recording& recording, const CycleOptions& options);

} // namespace lathe::ir::interpreter
