#pragma once
/// \file stencil: a Func and all that it is computed of become a network of processes.

#include "../src/edit.h"

#include "lathe/schedule/stencil.h"

namespace lathe::schedule {

namespace primitives {
extern const Primitive stencil;
}

/// The step of a call. The options are its numbers: lanes, steps in time, 1 for a stage that reads what it
/// has just written, widths of strips; those that say nothing are left out at the end.
Step stencil_step(const Symbol& func, const StencilOptions& options, Loc loc);
/// \throws Error when they are out of range
StencilOptions stencil_options(const Step& step);
/// Whether a step makes Funcs a network of processes.
bool makes_network(const Step& step);
/// Of a step of stencil; 1 for others.
int64_t steps_in_time(const Step& step);

} // namespace lathe::schedule
