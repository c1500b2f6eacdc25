#pragma once
/// \file Random programs with a loop whose iterations may become a row of processes: kernels and Funcs that
/// read tables and rows in any order, under conditions, with several outputs.

#include "lathe/dsl/algorithm.h"
#include "lathe/schedule/schedule.h"

#include <random>

struct RandomRow {
    lathe::Algorithm algorithm;
    lathe::ir::Symbol stage;
    lathe::LoopRef row;                    ///< whose iterations become processes, perhaps
    std::vector<lathe::LoopRef> inner;     ///< loops in it
    std::vector<lathe::LoopRef> outer;     ///< loops around it
    std::vector<lathe::ir::Symbol> tables; ///< that all iterations may read
    std::vector<lathe::ir::Symbol>
        values;                   ///< tensors that are no subscripts or bounds: of other types, perhaps
    bool two_definitions = false; ///< the last one begins with what the one before it stored
    bool calls = false;           ///< Functions that are called are given tensors
    std::optional<lathe::ir::Symbol> producer = {}; ///< a Func that the row reads
};

/// The same for the same state of `random`.
RandomRow random_row(std::mt19937& random);

/// Calls of every kind on the loops, those that are illegal passed over. Before the loop is unfolded, `row`
/// may be another one afterwards.
void random_row_schedule(lathe::Schedule& s, RandomRow& row, bool unfolded, std::mt19937& random);

/// Why the row's iterations cannot be processes, found by running the program: what each of them touches.
/// Empty: they can. Of rows in loops it may name a dependence that is one between several of their runs.
std::string why_no_row(const lathe::Module& m, const RandomRow& row);

/// Why the iterations of the row cannot hand on what they read of the tensor, found by running the program:
/// in which order each of them reads which elements. Empty: they can.
std::string why_no_relay(const lathe::Module& m, const RandomRow& row, const lathe::ir::Symbol& tensor);
