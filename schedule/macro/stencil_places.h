#pragma once
/// \file Where positions of a grid lie in its tensors.

#include "stencil_grid.h"

namespace lathe::schedule::stencil {

Expr zero(Type t);
/// a and b, where a may be missing.
Expr and_also(const Expr& a, const Expr& b);

/// The tensor under a name of its own, as a Function is given it.
Argument argument(const Tensor& t, Direction direction);

/// Where an element of the grid is in a tensor.
struct Place {
    std::vector<Expr> at; ///< subscripts
    Expr inside;          ///< it is there, and wanted; none: always
};

/// What is wanted of the elements that the grid holds.
enum class Wanted : uint8_t {
    all,    ///< that are in the tensor
    needed, ///< and of these, what the strip needs
    own     ///< or what no other strip has
};

/// \param on_grid its position in each dimension of the grid
Place place(const Design& d, size_t flow, const std::vector<Expr>& on_grid, Wanted wanted);
/// In all dimensions of the grid but the last, the positions of row number `row`.
std::vector<Expr> of_row(const Grid& g, const Expr& row);

} // namespace lathe::schedule::stencil
