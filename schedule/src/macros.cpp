/// \file The calls of Schedule that are macros: one step each, which makes a network.

#include "../primitive/stencil.h"
#include "state.h"

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

/// What the network cannot do, and what can be done instead.
void check(const std::string& out, const StencilOptions& o, Loc loc) {
    if (o.border.edge() == Edge::wrap)
        fail(loc,
             "stencil({}): wrap reads elements at one edge for points at the other, long after they have "
             "passed. Give the input a border that holds them",
             out);
    if (o.border.edge())
        fail(loc,
             "stencil({}): what lies beyond an edge is part of the algorithm. Read repeat_edge(in)(…), "
             "constant_edge(in, value)(…) or mirror(in)(…) there, and say Border::valid() here",
             out);
}

} // namespace

Schedule& Schedule::stencil(const StageRef& out, const StencilOptions& options, Loc loc) {
    const Symbol func = (*this)[out].func;
    check(func.name(), options, loc);
    run({stencil_step(func, options, loc)});
    return *this;
}

} // namespace lathe
