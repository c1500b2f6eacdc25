#pragma once
/// \file compute_at, compute_root: where a Func is computed. All its definitions move; inside a loop they
/// compute the box that one iteration reads.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void compute_at(Edit& e);
void compute_root(Edit& e);

} // namespace lathe::schedule
