#pragma once
/// \file Cycles, words, bytes and circuits of a network that is planned: arithmetic on its plan.

#include "stencil_grid.h"

#include "lathe/schedule/stencil_model.h"

namespace lathe::schedule::stencil {

/// Until all processes have ended, when each takes one cycle for a word: where the windows of the last words
/// are those at the end of the input, its words, one, and two for each stage.
int64_t network_cycles(const Design& d);

/// \param tables constants that stages may read
StencilEstimate estimate(const Design& d, const std::vector<Tensor>& tables, const Arch& arch,
                         const StencilMemory& memory);

} // namespace lathe::schedule::stencil
