#pragma once
/// \file What may pass between two stages as a stream.

#include "processes.h"

namespace lathe::schedule {

using namespace ir;

/// What is to pass between two processes.
struct Channel {
    size_t writer, reader; ///< into the list of stages
    NewStream stream;
    bool block = false; ///< all of the tensor at once
};

/// Channels for all tensors that one of the stages writes and another one reads: streams where they can be,
/// else blocks. Between `first` and `second`, where those are given, streams of that depth.
/// \throws Error (by e.refuse) where neither can be, or nothing passes between the two.
struct Wanted {
    size_t writer, reader;
    int64_t depth = 0;
};
std::vector<Channel> plan_channels(Edit& e, const std::vector<Standing>& stages,
                                   const std::optional<Wanted>& wanted = {});

/// Makes them. \param names the Functions that the stages are
void make_channels(Edit& e, const std::vector<Channel>& all, const std::vector<std::string>& names);

} // namespace lathe::schedule
