#pragma once
/// \file Where the points of a stencil's tensors lie in the order in which they flow.

#include "stencil_plan.h"
#include "stencil_ports.h"
#include "stencil_streams.h"

#include "lathe/schedule/stencil.h"

namespace lathe::schedule::stencil {

/// A dimension that is cut into strips, each as wide as the tile and `step` behind the one before it. They
/// overlap by what the windows need at their edges.
struct Strips {
    size_t dim;
    int64_t count, step;
};

/// Positions of a tensor in one dimension of the grid.
struct Columns {
    int64_t first, end;
};

/// All of a stencil's tensors on one grid, whose rows are filled up to whole words. Its dimensions: one for
/// each that is cut into strips, then those of the tensors; all count from 0.
class Grid {
  public:
    /// \param tile how wide strips are in each dimension but the outermost; empty: there are none
    /// \param beat strips begin at, and are as wide as, multiples of it
    /// \throws Error when a strip would hold nothing of its own
    Grid(const Edit& e, const Stencil& s, int64_t k, const std::vector<int64_t>& tile, int64_t beat = 1);

    size_t rank() const { return strips.size() + box.rank(); }
    int64_t extent(size_t d) const { return d < strips.size() ? strips[d].count : box.extent[own(d)]; }
    int64_t stride(size_t d) const;
    int64_t positions() const { return stride(0) * extent(0); }
    int64_t row() const { return box.extent.back(); }
    /// How far apart two elements are whose subscripts differ by `at`.
    int64_t distance(const std::vector<int64_t>& at) const;
    /// The first and the last position of which a tensor's element is needed.
    std::pair<int64_t, int64_t> ends(size_t flow) const;

    const std::vector<Strips>& cuts() const { return strips; }
    /// What the strips before all others hold: subscripts of the grid's first positions.
    const Box& first_strip() const { return box; }
    /// Of one strip, what is needed of a tensor in a dimension of the tensors.
    Columns needed(size_t flow, size_t dim) const { return need[flow][dim]; }
    /// The strips of this dimension; null: it is whole.
    const Strips* cut(size_t dim) const;
    /// Where dimension `dim` of the tensors stands among those of the grid; `cut_place` its strips.
    size_t place(size_t dim) const { return strips.size() + dim; }
    size_t cut_place(size_t dim) const;

  private:
    Box box;
    std::vector<Strips> strips;
    std::vector<std::vector<Columns>> need; ///< of a tensor, in each of its dimensions

    size_t own(size_t d) const { return d - strips.size(); }
    void make_whole(const Stencil& s, size_t dim, int64_t beat);
    void make_strips(const Edit& e, const Stencil& s, size_t dim, int64_t width, int64_t beat);
};

/// What the plan is made for: taps in the order of the windows.
std::vector<Node> nodes_of(const Stencil& s, const Grid& grid);

/// A network before it is printed as processes: all that its cost depends on.
struct Design {
    Stencil stencil;
    int64_t k;
    Grid grid;
    std::vector<Node> nodes;
    Plan plan;
    std::vector<Port> ports; ///< of each flow
    std::vector<Streams> streams;
    int64_t word = 0; ///< bits of what a port passes
};

/// With the options' lanes and strips. \throws Error when there are fewer points than lanes, or strips hold
/// nothing
Design design(const Edit& e, Stencil s, const StencilOptions& options);

} // namespace lathe::schedule::stencil
