#pragma once
/// \file Random schedules of a few programs.

#include "programs.h"

struct Program {
    lathe::Algorithm algorithm;
    std::vector<lathe::Sizes> sizes;
};

/// A gemm, a blur, sums and updates in place, of random types.
Program make_program(std::mt19937& random);

/// One to three stages that read windows of each other, of constant size.
Program random_windows(std::mt19937& random);
/// A matrix product of constant sizes, whose rows can be processes.
Program random_rows(std::mt19937& random);

/// Calls a random primitive on random loops. True if it was accepted; a refused call, as most are, changes
/// nothing.
bool random_call(lathe::Schedule& schedule, const lathe::Algorithm& algorithm, std::mt19937& random);
