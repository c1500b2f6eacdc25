#pragma once
/// \file Arrays of a kernel that hold a part of what flows, a row, in each round of the loops around it.

#include "../src/edit.h"

namespace lathe::schedule::stencil {

struct KernelLines {
    Stmt body;
    std::vector<Tensor> lines; ///< of the kernel, that are no more in the body
};

/// An array that is asked for at places of the loops over what flows, `line(x - 1)`, and has no dimension for
/// the loops around all that it is used for, gets those: each round has its own. What one round leaves to the
/// next one is then found never to be stored.
KernelLines with_whole_lines(const Function& f, const Stmt& body);

} // namespace lathe::schedule::stencil
