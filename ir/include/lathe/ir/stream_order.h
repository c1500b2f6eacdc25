#pragma once
/// \file Whether a channel, first in first out, can take the place of a tensor between the statement that
/// writes it and the one that reads it: each element is written once and read once, and both happen in the
/// same order. Decided by sets of integer points; whatever is not decided exactly is a conflict.

#include "lathe/ir/simplify.h"
#include "lathe/ir/stmt.h"

namespace lathe::ir {

enum class StreamFault : uint8_t {
    written_again, ///< an element is written more than once, or also read by its writer
    read_again,    ///< an element is read more than once
    two_at_once,   ///< a statement reads two elements at a time: nothing says which comes first
    never_read,    ///< an element is written that nobody reads
    other_order,   ///< two elements are read in another order than written
    not_decided,   ///< what happens depends on data, or is too hard to prove
};

/// Why a channel cannot take a tensor's place.
struct StreamConflict {
    StreamFault fault;
    std::string text; ///< "T[i] written at a.cpp:3 is written again at a.cpp:4 (i = 0 and i = 0)"
};

/// \param root   a statement in which both stand, with no calls
/// \param loop   the innermost loop around both: the channel lives for one iteration of it; no symbol: none
/// \param writer the only statement that writes the tensor
/// \param reader it reads the tensor; readers elsewhere do not count
/// \param known  holds for parameters
std::optional<StreamConflict> stream_conflict(const Stmt& root, const Symbol& loop, const Symbol& tensor,
                                              const Stmt& writer, const Stmt& reader,
                                              const Facts& known = {});

/// Whether it is proved that the writer writes some elements of the tensor, and the reader reads some, but none of
/// those. As above, but others may write it, too.
bool touch_other_elements(const Stmt& root, const Symbol& loop, const Symbol& tensor, const Stmt& writer,
                          const Stmt& reader, const Facts& known = {});

} // namespace lathe::ir
