#pragma once
/// \file The loop nest of one definition.

#include "nodes.h"

#include "lathe/ir/simplify.h"

namespace lathe {

using namespace ir;

struct Nest {
    Stmt stage;
    std::vector<std::pair<Symbol, Symbol>> loops; ///< user variable → loop, outermost first
};

/// The loops over `region` (the domain of the Func) and the definition's RDoms, around its store.
/// `facts` holds what is known of sizes.
Nest make_nest(const FuncData& func, int definition, const std::vector<Dim>& region, const Facts& facts);

} // namespace lathe
