#pragma once
/// \file Elements of which the point's place chooses: at the edges of a tensor others than inside.

#include "stencil_windows.h"

#include <map>

namespace lathe::schedule::stencil {

/// The choices of one stage. What several loads choose alike is one expression: each place of a dimension at
/// which something changes is asked for once, and a window's edges are chosen dimension by dimension.
class Choices {
  public:
    using Element = std::function<Expr(const std::vector<int64_t>& at)>;

    Choices(const std::vector<Symbol>& p, const Box& b) : point(p), box(b) {}

    /// The runs of a subscript in a dimension.
    const std::vector<Run>& runs(const Expr& subscript, size_t d);
    /// The element of a tensor at the runs' distances, one list for each dimension.
    Expr choose(const Symbol& tensor, const std::vector<std::vector<Run>>& runs, const Element& element,
                Loc loc);

  private:
    using Key = std::vector<int64_t>;
    struct Load; ///< under way

    const std::vector<Symbol>& point;
    const Box& box;
    std::map<std::pair<size_t, size_t>, std::vector<std::pair<Expr, std::vector<Run>>>> known_runs;
    std::map<std::pair<Symbol, Key>, Expr> known;
    std::map<std::pair<size_t, int64_t>, Expr> decisions;

    Expr from(const Load& l, size_t d, const Key& at);
    Expr before(const Load& l, size_t d, const Key& at, size_t last);
    Expr behind(const Load& l, size_t d, const Key& at, size_t first);
    Expr at_run(const Load& l, size_t d, const Key& at, size_t run);
    Expr select(const Load& l, size_t d, size_t run, const Expr& here, const Expr& behind);
    size_t longest(const std::vector<Run>& runs, size_t d) const;
};

} // namespace lathe::schedule::stencil
