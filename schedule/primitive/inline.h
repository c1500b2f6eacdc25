#pragma once
/// \file inline_: a Func's value is computed again at each of its uses, and its tensor disappears.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void inline_func(Edit& e);

} // namespace lathe::schedule
