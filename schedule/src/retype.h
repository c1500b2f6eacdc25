#pragma once
/// \file Type derivation: the algorithm with other types for some of its tensors.

#include "lathe/schedule/quantize.h"

namespace lathe::schedule {

using namespace ir;

struct Retyped {
    Module module;
    std::vector<Definition> definitions; ///< the algorithm's, and write-backs
    std::vector<std::string> warnings;
};

/// Declared types stay unless a step changes them; everything else is derived again, in program order.
/// \throws Error at the step or the expression that has no type any more.
Retyped retype(const Algorithm& a, const std::vector<TypeStep>& steps);

} // namespace lathe::schedule
