#pragma once
/// \file Random networks of kernels without cycles.

#include "lathe/lathe.h"

#include <random>

/// Sources read an input each; processes pass, decimate, repeat, zip, deal out, copy, collect blocks; chains
/// of spawned ones; what is left over is stored. Calls stand in any order. Streams have no depth of their
/// own.
lathe::Kernel random_network(std::mt19937& random);
