#include "stencil_streams.h"

#include <map>

namespace lathe::schedule::stencil {

namespace {

using Use = Streams::Use;

/// What one tensor's forwarders pass to stages, by reader and lanes, and to each other, by words that wait
/// and lanes.
void add_chain(std::vector<Streams>& all, size_t u, const Chain& c) {
    std::map<std::pair<size_t, int64_t>, int64_t> taps;
    std::map<std::pair<int64_t, int64_t>, int64_t> holds;
    for (size_t n = 0; n < c.size(); ++n) {
        for (const Feed& f : c[n].feeds)
            if (f.consumer != Feed::store) ++taps[{f.consumer, -f.lanes.count()}];
        if (n + 1 < c.size()) ++holds[{c[n].hold, -c[n + 1].lanes.count()}];
    }
    for (const auto& [to, count] : taps)
        all.push_back({.use = Use::taps,
                       .of = u,
                       .reader = to.first,
                       .lanes = -to.second,
                       .count = count,
                       .depth = lane_depth(0)});
    for (const auto& [on, count] : holds)
        all.push_back({.use = Use::hold,
                       .of = u,
                       .hold = on.first,
                       .lanes = -on.second,
                       .count = count,
                       .depth = chain_depth(on.first)});
}

} // namespace

std::vector<Streams> streams_of(const std::vector<Node>& nodes, const Plan& chains,
                                const std::vector<Port>& ports, int64_t k) {
    std::vector<Streams> all;
    for (size_t u = 0; u < nodes.size(); ++u) {
        const Chain& c = chains.chains[u];
        all.push_back({.use = Use::lanes, .of = u, .lanes = k, .depth = lane_depth(wait_before(c))});
        if (nodes[u].stored && !c.empty())
            all.push_back({.use = Use::memory, .of = u, .lanes = k, .depth = lane_depth(0)});
        if (ports[u].rows) all.push_back({.use = Use::dense, .of = u, .lanes = k, .depth = lane_depth(0)});
        add_chain(all, u, c);
    }
    return all;
}

} // namespace lathe::schedule::stencil
