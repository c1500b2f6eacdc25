#pragma once
/// \file Programs whose subscripts, conditions and bounds leave 64 bits on the way, though the answer may be
/// small.

#include "lathe/lathe.h"

#include <random>

struct WideProgram {
    std::string name;
    lathe::Module module;
    std::vector<lathe::AnyBuffer> arguments; ///< the last one is the output
    std::map<std::string, lathe::Value> scalars;
    std::optional<int> first; ///< the first element of the output; empty: an error
};

/// Known programs, each with what must come out.
std::vector<WideProgram> wide_programs();

/// One read of a small table at random arithmetic on random data of 8 to 64 bits, near powers of two. The
/// right answer may be an error. \throws lathe::Error for a subscript that is a constant out of bounds.
WideProgram random_wide_program(std::mt19937& random);

/// The interpreter's output, empty for an error.
std::optional<lathe::AnyBuffer> interpreted(const WideProgram& p);
