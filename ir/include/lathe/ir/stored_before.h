#pragma once
/// \file Whether what is read of a tensor was stored before: decided by sets of integer points.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// An element that `reader` reads and of which it is not proved that statements before it store it in the
/// same iteration of `loop`: "t[3]". None: all are stored.
/// \param root   a statement in which the reader stands, with no calls
/// \param loop   the innermost loop around the reader; no symbol: there is none
/// \param known  holds for parameters
std::optional<std::string> not_stored_before(const Stmt& root, const Symbol& loop, const Symbol& tensor,
                                             const Stmt& reader, const Facts& known = {});

} // namespace lathe::ir
