#pragma once
/// \file The network that stands in a stencil's place.

#include "stencil_plan.h"
#include "stencil_read.h"

namespace lathe::schedule::stencil {

/// All of a stencil's tensors on one grid: `first` is its position 0. Rows are filled up to whole words.
struct Grid {
    Box box;
    explicit Grid(const Stencil& s, int64_t k);
    int64_t stride(size_t d) const;
    int64_t positions() const { return stride(0) * box.extent[0]; }
    int64_t row() const { return box.extent.back(); }
    /// Of the element at these subscripts.
    int64_t linear(const std::vector<int64_t>& at) const;
};

/// What the plan is made for: taps in the order of the windows.
std::vector<Node> nodes_of(const Stencil& s, const Grid& grid);

/// Loads, forwards, computes and stores: adds the Functions, and returns the dataflow that joins them.
Stmt expand(Edit& e, const Stencil& s, int64_t k);

} // namespace lathe::schedule::stencil
