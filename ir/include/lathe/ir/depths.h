#pragma once
/// \file Depths of streams.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// A minute or two: an iteration passes a token or so, in about a microsecond.
inline constexpr int64_t depth_iterations = int64_t{1} << 26;

/// Gives the streams whose depth is 0 one with which no process waits for ever: the least found by letting
/// tokens pass without their data, starting at 1, where each time that all wait the least full of the streams
/// that keep a process from writing gets room for one more (T. M. Parks, Bounded Scheduling of Process
/// Networks, 1995); and at least 2, so that reader and writer can work in the same cycle. Streams of one
/// array have one depth, the largest that one of them needs: more room is never less safe. \throws Error where
/// who passes what depends on data, or on sizes without a value, or when that would take more than
/// `most_iterations` of loops.
Module with_safe_depths(const Module& m, int64_t most_iterations = depth_iterations);

/// \throws Error when processes wait for each other for ever with the depths that the streams have, where
/// those of depth 0 hold as many tokens as they need; or when that cannot be told, as above.
void check_depths(const Module& m);

} // namespace lathe::ir
