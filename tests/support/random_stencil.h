#pragma once
/// \file Random stencils: Funcs and kernels whose loops read moving windows of a tensor.

#include "lathe/dsl/algorithm.h"
#include "lathe/schedule/schedule.h"

#include <functional>
#include <random>

struct RandomStencil {
    lathe::Algorithm algorithm;
    lathe::ir::Symbol consumer; ///< whose loops read `source`
    int definition = 0;         ///< … in this definition of it
    lathe::ir::Symbol source;
    bool produced = false;             ///< by a Func
    std::vector<lathe::LoopRef> loops; ///< that move, outermost first
    std::vector<int64_t> windows;      ///< how many positions of each one iteration reads; 1: none to reuse
    std::vector<int64_t> steps;        ///< positions from one iteration to the next
    std::map<std::string, int64_t> sizes; ///< of parameters
    bool borders = false;                 ///< windows reach over the source's ends, under conditions
    bool edges = false; ///< windows reach over the source's ends: what lies beyond is an element at the edge
    bool mirrors = false; ///< … or its mirror
};

/// The same for the same state of `random`.
RandomStencil random_stencil(std::mt19937& random);
