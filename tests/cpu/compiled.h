#pragma once
/// \file Compiled Modules against the interpreter.

#include "lathe/codegen/jit.h"
#include "programs.h"

/// Runs the reference in the interpreter and `compiled` on this machine for each of the sizes, from the same
/// inputs: equal bits, or the same error.
void expect_compiled(const lathe::Module& reference, const lathe::Module& compiled,
                     const std::vector<lathe::Sizes>& all,
                     const lathe::Target& target = lathe::Target::host());

/// The schedule's Module is well-formed, and compiled it computes what the reference does.
void expect_compiled(const lathe::Schedule& s, const std::vector<lathe::Sizes>& all);
