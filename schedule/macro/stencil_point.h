#pragma once
/// \file One point of a stage as one expression.

#include "stencil_read.h"

namespace lathe::schedule::stencil {

struct PointValue {
    std::vector<Symbol> point; ///< the subscripts that are stored at
    Box box;                   ///< over which they run
    Expr value;
};

/// The value that the definitions of `tensor`, one after the other, leave at a point: loops of constant
/// extent over something else become one term after the other. \throws Error when a definition stores
/// elsewhere, or what it stores cannot be told.
PointValue point_value(const Edit& e, const Tensor& tensor, const std::vector<Stmt>& definitions);

} // namespace lathe::schedule::stencil
