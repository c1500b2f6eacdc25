#pragma once
/// \file inline_: a Func's value is computed again at each of its uses, and its tensor disappears.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void inline_func(Edit& e);

/// Whether the Func is still computed, and its one definition is an expression: neither an update nor an
/// inline reduction.
bool can_be_inlined(const State& state, const Symbol& func);

} // namespace lathe::schedule
