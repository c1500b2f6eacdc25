#pragma once
/// \file bind: a size becomes a constant.

#include "lathe/ir/stmt.h"

namespace lathe::schedule {

using namespace ir;

/// The module with `value` in place of the parameter, which is one of the top function no more.
Module bind(const Module& module, const Symbol& parameter, int64_t value);

} // namespace lathe::schedule
