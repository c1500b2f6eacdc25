#pragma once
/// \file Stages that run on the device, together where they stand one behind the other.

#include "edit.h"

#include <limits>

namespace lathe::schedule {

using namespace ir;

/// The Stage node around a group of them, which runs as one kernel: `definition` is this.
inline constexpr int device_group = std::numeric_limits<int>::max();

/// The statement as a group; null: it is none.
const Stage* as_group(const Stmt& s);
bool has_group(const Stmt& s);

/// The top Function's body with every longest run of device stages and calls as a group. \throws Error (by
/// e.refuse) when a stage cannot run apart from what is around it, or a kernel cannot hold it.
Stmt grouped_stages(const Edit& e);

} // namespace lathe::schedule
