#pragma once
/// \file rename: another display name for a loop.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void rename(Edit& e);

} // namespace lathe::schedule
