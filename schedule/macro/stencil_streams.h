#pragma once
/// \file The streams of a stencil's network: what is declared, counted and paid for.

#include "stencil_plan.h"
#include "stencil_ports.h"

namespace lathe::schedule::stencil {

/// Streams that are one array: of one tensor, for one purpose, equally wide and deep.
struct Streams {
    enum class Use : uint8_t {
        lanes,  ///< bring the tensor
        taps,   ///< take it to a stage that reads it
        memory, ///< take it to the one that stores it
        dense,  ///< pass it between rows of the grid and words of memory
        hold,   ///< join forwarders; equally many words wait in each
    };
    Use use = Use::lanes;
    size_t of = 0;     ///< the node whose elements pass
    size_t reader = 0; ///< of taps: the node that reads
    int64_t hold = 0;
    int64_t lanes = 1; ///< of a token
    int64_t count = 1;
    int64_t depth = 0; ///< in tokens
};

/// All of a network's, by node. \param k lanes
std::vector<Streams> streams_of(const std::vector<Node>& nodes, const Plan& chains,
                                const std::vector<Port>& ports, int64_t k);

} // namespace lathe::schedule::stencil
