#pragma once
/// \file Which elements a stage touches, as intervals in terms of the sizes.

#include "lathe/ir/analysis.h"

namespace lathe {

using namespace ir;

/// One load or store of a stage.
struct Touch {
    Symbol tensor;
    Region region;
    bool write;
    bool unconditional; ///< it happens if `runs` holds
    bool tight;         ///< and reaches both ends of each interval
    Expr runs;          ///< that the loops around it with bounds of sizes are not empty; empty: always
    Loc loc;
};

/// An Index that serves as an Int(32), and its range.
struct IndexValue {
    Interval range;
    Expr runs;
    bool known_at_entry; ///< the range depends on sizes only
    Loc loc;
};

std::vector<Touch> touched(const Stmt& stage, const Facts& facts);
std::vector<IndexValue> index_values(const Stmt& stage, const Facts& facts);

/// "[0, H - 1] x [0, W - 1]".
std::string region_text(const Region& region, const Facts& facts);

} // namespace lathe
