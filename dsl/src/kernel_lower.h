#pragma once
/// \file From a recorded kernel to IR.

#include "kernel_program.h"

#include "lathe/ir/simplify.h"

namespace lathe {

using namespace ir;

struct KernelCode {
    Stmt body;
    std::vector<std::pair<Symbol, Symbol>> loops; ///< user variable → loop, in program order
    std::vector<std::shared_ptr<TensorData>> constants;
};

/// The kernel's statements. break_ and return_ are flags: scalars that what comes later asks. So every
/// dependence that they make is one of memory, and a loop that one may leave stands under a condition by
/// which code leaves it (runs_while).
KernelCode lower_kernel(const KernelData& kernel, const Facts& facts);

} // namespace lathe
