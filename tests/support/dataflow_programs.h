#pragma once
/// \file Networks of kernels: the programs that every backend runs.

#include "lathe/lathe.h"

struct DataflowProgram {
    std::string name;
    lathe::Kernel kernel;
    bool cyclic = false; ///< its processes wait for each other: not on a CPU in order
};

/// A daisy chain, ping-pong blocks, split and join, feedback, an array of 2 x 2, a kernel that calls another
/// twice on parts of its tensors, rows of an array of streams, and a dataflow that is given such an array.
std::vector<DataflowProgram> golden_dataflow_programs();

/// A chain of four Gaussians, gemm with ping-pong tiles, Smith-Waterman as an array of cells, two streams
/// interleaved, an FIR filter as a daisy chain, a histogram of partial tables, an FFT's stages, and a matrix
/// transposed block by block.
std::vector<DataflowProgram> dataflow_designs();
