#pragma once
/// \file What Index expressions can be while a program is followed.

#include "lathe/ir/index_ranges.h"
#include "value_cells.h"
#include "value_forms.h"

namespace lathe::ir {

class Places {
  public:
    explicit Places(const Stmt& body) : indices(body) {}

    Span of(const Expr& e);
    ValueRange range(const Expr& e);
    /// From types and loops alone.
    IntegerRange bounds(const Expr& e) { return indices.of(e); }

    std::vector<std::pair<Symbol, int64_t>> chosen; ///< loops that run one iteration after the other
    std::map<Symbol, Span> lets;

  private:
    /// Where the operands are small; else none.
    std::optional<Span> of(const Binary& b);

    IndexRanges indices;
};

} // namespace lathe::ir
