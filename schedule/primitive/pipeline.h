#pragma once
/// \file pipeline: in hardware, iterations overlap.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void pipeline(Edit& e);

} // namespace lathe::schedule
