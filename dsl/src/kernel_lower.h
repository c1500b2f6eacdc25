#pragma once
/// \file From a recorded kernel to IR.

#include "kernel_program.h"

#include "lathe/ir/simplify.h"

namespace lathe {

using namespace ir;

/// The kernels that others call, as Functions: each stands once, behind those whom it calls.
struct KernelFunctions {
    std::string top; ///< a name that is taken
    std::vector<Function> made;
    std::vector<Definition> definitions; ///< of those made
    std::set<Symbol> locals;             ///< arrays that have the name by which the user knows them
    /// What lasts until the next one is asked for.
    const Function& of(const std::shared_ptr<const KernelData>& kernel);
    /// Each behind all that call it, else in the order of the first calls.
    std::vector<Function> callers_first(const Function& caller);

  private:
    std::map<const KernelData*, std::string> names;
    std::vector<std::shared_ptr<const KernelData>> kept;
};

struct KernelCode {
    Stmt body;
    std::vector<std::pair<Symbol, Symbol>> loops; ///< user variable → loop, in program order
    std::vector<std::shared_ptr<TensorData>> constants;
};

/// The kernel's statements. break_ and return_ are flags: scalars that what comes later asks. So every
/// dependence that they make is one of memory, and a loop that one may leave stands under a condition by
/// which code leaves it (runs_while).
KernelCode lower_kernel(const KernelData& kernel, const Facts& facts, KernelFunctions& functions);

StreamDeclaration stream_declaration(const StreamData& s);

} // namespace lathe
