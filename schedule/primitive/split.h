#pragma once
/// \file split: `for i in [m, m + n)` becomes `for io: for ii in [0, factor)` with i = m + io·factor + ii.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void split(Edit& e);

/// The rewrite for other primitives: splits `loop` into `outer` and `inner`, and forwards nothing.
void split_loop(Edit& e, const Symbol& loop, int64_t factor, Tail tail, const Symbol& outer,
                const Symbol& inner);

/// The loop's statement; refuses loops that already run in another way than serially.
Path serial_loop(const Edit& e, const Symbol& loop);

} // namespace lathe::schedule
