#pragma once
/// \file What questions about dependences see of a call: what it does.

#include "lathe/ir/stmt.h"

#include <unordered_map>

namespace lathe::schedule {

using namespace ir;

/// Statements in which each call outside of dataflows is the body of what it calls. Answers stay the same
/// nodes as long as no Function that is called changes. A Function with a dataflow stays a call.
class Seen {
  public:
    Stmt operator()(const Stmt& s, const Module& m);

  private:
    class Opener;
    std::vector<Stmt> called; ///< the bodies of the Functions behind the first one that `known` was made with
    std::unordered_map<const StmtNode*, std::pair<Stmt, Stmt>> known; ///< keys live in the first of the pair
};

} // namespace lathe::schedule
