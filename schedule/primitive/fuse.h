#pragma once
/// \file fuse: two directly nested loops become one that runs through all pairs, in the same order.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void fuse(Edit& e);

} // namespace lathe::schedule
