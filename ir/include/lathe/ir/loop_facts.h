#pragma once
/// \file What is known inside of a loop.

#include "lathe/ir/simplify.h"

namespace lathe::ir {

/// first … first + extent − 1: the subscripts of a dimension, the iterations of a loop. Where the extent is 0
/// or less nothing lies in it, and max < min.
Interval interval_of(const Expr& first, const Expr& extent);
Interval interval_of(const Dim& d);
Interval interval_of(const For& loop);

/// Adds what the body of `loop` knows besides. Its bounds were evaluated when the loop was entered: of what
/// they read from memory, which may have changed, Facts take no more than the range of its type.
void enter_loop(Facts& facts, const For& loop);

/// What is learned while this lives is forgotten at its end.
class FactsScope {
  public:
    explicit FactsScope(Facts& facts) : facts(facts), before(facts) {}
    ~FactsScope() { facts = std::move(before); }
    FactsScope(const FactsScope&) = delete;
    FactsScope& operator=(const FactsScope&) = delete;

  private:
    Facts& facts;
    Facts before;
};

} // namespace lathe::ir
