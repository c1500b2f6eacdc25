#pragma once
#include "lathe/ir/stmt.h"

namespace lathe::codegen {

using namespace ir;

/// Replaces every `vectorized` loop by vector statements: the loop variable becomes a ramp, guards become
/// predicates, a tensor allocated inside gains a lane dimension, and a reduction over the loop becomes a
/// VectorReduce. An extent that is not a power of two (or not constant, but bounded) gives the next power of
/// two lanes and a predicate. Precondition: machine form but for the loops' kinds. \throws Error when a body
/// has no vector form.
Module vectorize_loops(const Module& module);

} // namespace lathe::codegen
