#pragma once
/// \file One point of a stage as one expression.

#include "stencil_read.h"

namespace lathe::schedule::stencil {

struct PointValue {
    Symbol tensor;             ///< stands for what the tensor holds then
    std::vector<Symbol> point; ///< the subscripts that are stored at
    Box box;                   ///< over which they run
    Expr value;                ///< loads of `tensor` are of elements that come before the point
};

/// Elements that are there before the definitions, and stay where those store none.
struct Given {
    Symbol tensor;
    Box box;
};

/// The value that the definitions of `tensor`, one after the other, leave at a point: loops of constant
/// extent over something else become one term after the other. Each update in place, which reads elements
/// that it has just stored, makes a value of its own, computed of the one before it.
/// \param in_place such updates are meant
/// \param given or null
/// \throws Error when a definition stores elsewhere, or what it stores cannot be told.
std::vector<PointValue> point_values(const Edit& e, const Tensor& tensor,
                                     const std::vector<Stmt>& definitions, bool in_place,
                                     const Given* given = nullptr);

} // namespace lathe::schedule::stencil
