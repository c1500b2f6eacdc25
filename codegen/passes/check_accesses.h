#pragma once

#include "lathe/ir/stmt.h"

namespace lathe {

/// Puts an Assert before every access of a tensor marked `checked` that is not proved to be in bounds.
Module check_accesses(const Module& module);

} // namespace lathe
