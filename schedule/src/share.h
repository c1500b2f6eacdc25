#pragma once
/// \file Equal expressions as one node.

#include "lathe/ir/visit.h"

#include <unordered_map>

namespace lathe::schedule {

/// Keeps one node for each structure. Expressions must come operands first: those of `e` are ones that were
/// given back before. Lets stay apart, since each has its place.
class SharedExprs {
  public:
    Expr operator()(const Expr& e);
    size_t size() const { return nodes.size(); }
    void clear() { nodes.clear(); }

  private:
    std::unordered_multimap<size_t, Expr> nodes; ///< by shallow hash
};

} // namespace lathe::schedule
