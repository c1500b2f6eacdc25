#pragma once
/// \file A kernel's loop nests as stages: what each of its tensors holds, as the definitions of a Func would
/// state it.

#include "../src/edit.h"

namespace lathe::schedule::stencil {

/// What a tensor of the kernel holds from some time on. As soon as another one was computed of it, it changes
/// no more: what is stored then makes another version.
struct Version {
    Symbol symbol;                 ///< the definitions know it by that
    Symbol of;                     ///< the kernel's tensor
    Symbol before;                 ///< the version whose elements stay where this one stores none; or none
    std::vector<Stmt> definitions; ///< Stages of one nest each
    bool last = true;              ///< it is what the tensor holds in the end
};

struct KernelStages {
    std::vector<Version> versions; ///< each behind all that it reads
    std::vector<Tensor> arrays;    ///< of the kernel
    std::vector<Stmt> checks;      ///< what it asserts first
    Stmt body;                     ///< without that
};

/// What the kernel calls stands in its own body.
void open_calls(Edit& e);

/// Each nest of loops computes one tensor, or it is shown that it may be taken apart into such.
/// \throws Error when the kernel does something else, or it cannot be shown.
KernelStages kernel_stages(const Edit& e);

} // namespace lathe::schedule::stencil
