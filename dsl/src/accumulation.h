#pragma once
/// \file Which stores accumulate.

#include "nodes.h"

namespace lathe {

using namespace ir;

/// `tensor[…] = tensor[…] op value`; without op: `tensor[…] = value`.
struct Accumulation {
    std::optional<BinaryOp> op;
    Expr value;
};

/// What `f(…) op= x` (or `=`, without op) is: an accumulation if the operator commutes and x does not read f;
/// so are `f(…) = f(…) op x` and `f(…) = x op f(…)` with the same subscripts. `f(…) − x` is `f(…) + (−x)`,
/// and `select(x > f(…), x, f(…))` is a maximum; `select(f(…) > x, f(…), x)` is one of exact numbers.
Accumulation accumulation(const TensorData& tensor, const std::vector<Expr>& subscripts,
                          std::optional<BinaryOp> op, const Expr& value, Loc loc);

} // namespace lathe
