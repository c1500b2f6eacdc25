#pragma once
/// \file What one point of a stage takes: operations, circuits and latency.

#include "stencil_read.h"

#include "lathe/ir/arch.h"

namespace lathe::schedule::stencil {

struct PointCost {
    double operations = 0; ///< + − × ÷, comparisons, minima, roots: on data
    bool adds = false;     ///< there is an addition or subtraction among them
    double dividers = 0;
    CircuitCost circuits; ///< and from the first element to the value
};

/// \pre the value is simplified
PointCost point_cost(const Flow& f, const OperatorTable& table, const std::vector<Tensor>& tables);

} // namespace lathe::schedule::stencil
