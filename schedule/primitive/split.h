#pragma once
/// \file split: `for i in [m, m + n)` becomes `for io: for ii in [0, factor)` with i = m + io·factor + ii.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

/// The word for a tail in steps.
std::string_view word(Tail t);

/// The rewrite for other primitives: splits `loop` into `outer` and `inner`.
void split_loop(Edit& e, const Symbol& loop, int64_t factor, Tail tail, const Symbol& outer,
                const Symbol& inner);

/// ". The last block …", where `loop` runs over blocks of which the last one overlaps the one before; else
/// empty.
std::string overlap_of_blocks(const Edit& e, const Symbol& loop);

namespace primitives {
extern const Primitive split;
}

} // namespace lathe::schedule
