#pragma once
/// \file One function for several machines.

#include "backend.h"

namespace lathe::codegen {

using namespace ir;

/// A variant's function, and the machine that it needs.
struct Variant {
    std::string name;
    Target target;
};

/// The functions of `abi`, for any machine: each calls the first variant that the machine can run. The
/// metadata is the first variant's.
Compiled choose_at_run_time(const Abi& abi, const std::vector<Variant>& variants);

} // namespace lathe::codegen
