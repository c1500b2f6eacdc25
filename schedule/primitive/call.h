#pragma once
/// \file call: one call gets a copy of the Function that it calls.

#include "../src/edit.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive call;
}

/// The stage of the copy that the call has for itself already; none: it shares its Function with others.
std::optional<Symbol> own_copy(const State& s, const Symbol& caller, int definition, const Symbol& callee,
                               int64_t number);

} // namespace lathe::schedule
