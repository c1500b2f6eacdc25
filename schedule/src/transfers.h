#pragma once
/// \file Copies of a tensor between host and device: where they stand, so that as few as possible run.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// A copy directly before a statement, or directly behind it.
struct Transfer {
    const StmtNode* at;
    bool behind;
    Side to;
};

/// What a statement does with a tensor as a whole.
struct Touch {
    bool reads = false, writes = false;
    bool fills = false;       ///< it writes every element
    bool fills_first = false; ///< before it reads any
};

/// \pre `s` is a group of stages of the device, or holds none.
Touch touch_of(const Edit& e, const Stmt& s, const Tensor& t);

/// The tensor's copies, in the order of the program. The tensor is one that `scope` (an Allocate) allocates,
/// or an argument, of which `scope` is the whole body.
///
/// A tensor holds what it should on the host, on the device, or on both; reading on a side demands it there,
/// writing leaves it there alone. Writing a part demands the rest, too, unless nothing was written before.
/// The plan is a shortest path through these states, in which a copy costs as often as the loops around it
/// run. A loop begins each iteration in the state in which it begins the first one.
std::vector<Transfer> transfers(const Edit& e, const Stmt& scope, const Tensor& t,
                                std::optional<Direction> argument);

} // namespace lathe::schedule
