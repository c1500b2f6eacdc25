#pragma once
/// \file Filling a reuse buffer in the loop that reads it.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// A loop in whose body position `at` of a tensor's dimension is read: with the tensors that are allocated
/// for it (none: an empty list).
struct FilledLoop {
    std::vector<Tensor> allocated;
    Stmt loop;
    Expr at;            ///< in terms of the loop
    Symbol buffer = {}; ///< a folded tensor that is not allocated on the path yet
};

/// The loops before this one that fill a folded tensor for it, position after position over the same range,
/// become part of its body, so that it fills and reads in one iteration; for that it moves out of conditions
/// that it does not change. \param path to the loop that stands at its place now. Returns the statement that
/// stands at `depth` of the path then.
Stmt with_fills(const Path& path, FilledLoop loop, size_t& depth, const Facts& facts);

} // namespace lathe::schedule
