#pragma once
/// \file Random networks of kernels without cycles.

#include "lathe/lathe.h"

#include <optional>
#include <random>

struct RandomNetwork {
    lathe::Kernel kernel;
    std::optional<lathe::Var> round; ///< of the loop around the dataflow, if there is one
};

/// Sources read an input each, or a part of one that begins where memory says; processes pass, add what
/// memory holds, decimate, repeat, zip, deal out, copy, keep all; dataflows in the dataflow; chains of
/// spawned processes; kernels that are given arrays of streams; what is left over is stored. Calls stand in any order. Streams have no depth of their
/// own.
RandomNetwork random_network(std::mt19937& random);
