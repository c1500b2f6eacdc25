#pragma once
/// \file An array, or a constant, for each process of a dataflow that uses it.

#include "lathe/ir/stmt.h"

namespace lathe::hls {

using namespace ir;

/// Vitis takes an array that is no argument in one process of a dataflow that reads and one that writes it. So
/// of one that several processes are given, each has an array of its own part: it is filled before the
/// dataflow, and what was written is copied back behind it. Numbers that processes are given are read from
/// memory before it, too.
Module with_own_arrays(const Module& m);

/// A process that is given a constant has it itself: what it calls, and Functions that give one to their
/// processes, too. \pre calls pass whole tensors
Module with_own_constants(const Module& m);

} // namespace lathe::hls
