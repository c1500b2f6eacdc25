#pragma once
/// \file Depths of streams at which a network is as fast as with streams without limits.

#include "lathe/ir/arch.h"
#include "lathe/ir/cycles.h"

namespace lathe {

/// Gives the streams whose depth is 0 the least ones, at least 2, at which the cycle simulator needs as few
/// cycles as without limits: with one less, the network is slower or stops. Streams with a depth keep it, and
/// the elements of an array have one. What takes how long is as in cycles.h: loops' intervals of
/// pipelining, a token that is seen one cycle after it was written, or so much later as `options.latency`
/// says.
/// \param inputs what it runs on, as for CycleProgram; none: zeros, on which only the time may depend and not
/// who passes what. \throws Error as with_safe_depths, and as the run with its data.
Module with_full_rate_depths(const Module& m, const std::vector<AnyBuffer>& inputs = {},
                             const CycleOptions& options = {},
                             const std::map<std::string, Value>& scalars = {});

/// For CycleOptions::latency: by Function, the cycles from the tokens that a step takes and the elements that
/// it reads to those that it writes, where its operators take as long as the table says.
std::map<std::string, int64_t> operator_latencies(const Module& m, const ir::OperatorTable& table = {});

} // namespace lathe
