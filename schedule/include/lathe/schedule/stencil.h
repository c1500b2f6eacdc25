#pragma once
/// \file Options of the macro `stencil`: see docs/macros.md.

#include "lathe/dsl/boundary.h"

#include <optional>

namespace lathe {

/// What stages read beyond the edges of a tensor.
class Border {
  public:
    static Border valid() { return {}; } ///< nothing: every window lies inside
    explicit Border(Edge e, Expr v = {}) : kind(e), outside(std::move(v)) {}
    const std::optional<Edge>& edge() const { return kind; } ///< none: valid
    const Expr& value() const { return outside; }            ///< of a constant edge

  private:
    Border() = default;
    std::optional<Edge> kind;
    Expr outside;
};

struct StencilOptions {
    int64_t unroll = 1;  ///< points that are computed in each cycle
    int64_t iterate = 1; ///< steps in time that one pass over the memory makes
    Border border = Border::valid();
    std::vector<int64_t> tile = {}; ///< strips of so many positions, in each dimension but the outermost
    bool in_place = false;          ///< a stage may read what it has just written
    /// Bits of the words in which the program's arguments are read and written, each at a port of its own (at
    /// several, where a cycle needs more than a word holds): 512. 0: element by element.
    int64_t word = 0;
};

} // namespace lathe
