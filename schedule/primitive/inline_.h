#pragma once
/// \file inline_: a Func's value is computed again at each of its uses, and its tensor disappears.

#include "../src/edit.h"

namespace lathe::schedule {

/// Whether the Func is still computed, and its one definition is an expression: neither an update nor an
/// inline reduction.
bool can_be_inlined(const State& state, const ir::Symbol& func);

namespace primitives {
extern const Primitive inline_;
}

} // namespace lathe::schedule
