#pragma once
/// \file Where a Module loses what its numbers are: bits that casts and stores drop, and values that do not
/// fit.

#include "lathe/schedule/quantize.h"

namespace lathe::schedule {

using namespace ir;

/// Each cast and store that drops fraction bits or may overflow: a line each, in program order.
std::string losses(const Module& m);

/// \throws Error, as of `cause` at `loc`, where a tensor whose last step is strict may be given a value that
/// does not fit, or nothing is known of what it is given.
void check_strict(const Module& m, const std::vector<TypeStep>& steps, const std::string& cause, Loc loc);

} // namespace lathe::schedule
