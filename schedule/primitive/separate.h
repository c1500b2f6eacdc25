#pragma once
/// \file separate: full tiles and edge tiles get code of their own.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void separate(Edit& e);

} // namespace lathe::schedule
