#pragma once
/// \file A network of processes beside what it was made of.

#include "support/report.h"

#include <lathe/lathe.h>

namespace support {

/// What a schedule's dataflows are made of.
struct NetworkSize {
    int64_t processes = 0, fifos = 0;
    int64_t tokens = 0; ///< that go through all FIFOs
    int64_t bits = 0;   ///< of all tokens that the FIFOs have room for
    /// "19 processes, 32 FIFOs of 41,216 bits, 2.1 million tokens"; "no network".
    std::string str() const;
};
NetworkSize network_size(const lathe::Module& m);

/// The inputs, in the order of the module's arguments: random numbers in [0, most).
std::vector<lathe::AnyBuffer> random_inputs(const lathe::Module& m, double most);

/// The interpreter computes bit for bit what the algorithm in its types does, in three orders of turns; so
/// do machine code of the stages and of the network, its processes one after the other; and, where a folder
/// is given, the Vitis project there. \return what ran. \throws lathe::Error for the first difference.
std::string check_everywhere(const lathe::Schedule& s, const std::vector<lathe::AnyBuffer>& inputs,
                             const std::string& folder = "", const std::string& top = "");

/// Machine code of the stages, and of the network. \throws lathe::Error if they differ. \return the outputs.
std::vector<lathe::AnyBuffer> check_on_cpu(const lathe::Schedule& s,
                                           const std::vector<lathe::AnyBuffer>& inputs);

} // namespace support
