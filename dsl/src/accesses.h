#pragma once
/// \file Which elements a stage touches, as intervals in terms of the sizes.

#include "lathe/ir/simplify.h"

namespace lathe {

/// One load or store of a stage.
struct Access {
    Symbol tensor;
    std::vector<Interval> region; ///< an undefined bound: unknown
    bool write;
    bool unconditional; ///< it happens whenever the loops around it run
    bool tight;         ///< and reaches both ends of each interval
    Expr runs;          ///< the loops around it are not empty (of the sizes; empty: always)
    Loc loc;
};

/// An Index that serves as an Int(32), and its range.
struct IndexValue {
    Interval range;
    Expr runs;
    Loc loc;
};

struct Accesses {
    std::vector<Access> list;
    std::vector<IndexValue> values;
};

Accesses accesses_of(const Stmt& stage, const Facts& facts);

/// "[0, H - 1] x [0, W - 1]".
std::string region_text(const std::vector<Interval>& region, const Facts& facts);

} // namespace lathe
