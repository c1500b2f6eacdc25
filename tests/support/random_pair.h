#pragma once
/// \file Random producers and consumers: what the one writes the other reads, in orders that agree or not.

#include "lathe/dsl/algorithm.h"
#include "lathe/schedule/schedule.h"

#include <random>

struct RandomPair {
    lathe::Algorithm algorithm;
    lathe::ir::Symbol producer, consumer;                       ///< stages
    lathe::ir::Symbol tensor;                                   ///< that passes between them
    std::vector<lathe::LoopRef> producer_loops, consumer_loops; ///< outermost first, perhaps none
    int consumer_definition = 0;                                ///< whose loops those are
    int producer_definition = 0;
    bool windows = false; ///< the consumer reads several neighbours at a time
    bool others = false;  ///< something stands between them, or reads the tensor, too
};

/// The same for the same state of `random`.
RandomPair random_pair(std::mt19937& random);

/// Calls of every kind on both stages, those that are illegal passed over: the same tiles on both sides,
/// other orders, copies, lanes, buffers.
void random_pair_schedule(lathe::Schedule& s, const RandomPair& pair, std::mt19937& random);

/// Why the tensor cannot be a stream, found by running the program: how often each element is written and
/// read, and in what order. Empty: it can.
std::string why_no_stream(const lathe::Module& m, const lathe::ir::Symbol& tensor);
