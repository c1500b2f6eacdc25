#include "stencil_streams.h"

#include <map>

namespace lathe::schedule::stencil {

namespace {

using Use = Streams::Use;

/// Those that lead from equally late forwarders to equally late ones move together: few groups of many.
void add_holds(std::vector<Streams>& all, size_t u, const Chain& c) {
    std::map<int64_t, std::map<int64_t, int64_t>> count; // by hold and delay
    for (const auto& lane : c.lanes)
        for (const Forwarder& f : lane)
            if (f.hold > 0) ++count[f.hold][f.delay];
    for (const auto& [hold, groups] : count) {
        Streams s{.use = Use::hold, .of = u, .hold = hold, .depth = chain_depth(hold)};
        for (const auto& [delay, n] : groups) {
            s.count += n;
            s.in_step.push_back(n);
        }
        all.push_back(std::move(s));
    }
}

} // namespace

std::vector<Streams> streams_of(const std::vector<Node>& nodes, const Plan& chains,
                                const std::vector<Port>& ports, int64_t k) {
    std::vector<std::map<size_t, int64_t>> readers(nodes.size()); // of a node: by stage, taps
    for (size_t v = 0; v < nodes.size(); ++v)
        for (const Tap& t : nodes[v].taps)
            ++readers[t.of][v];
    std::vector<Streams> all;
    for (size_t u = 0; u < nodes.size(); ++u) {
        const Chain& c = chains.chains[u];
        all.push_back({.use = Use::lanes, .of = u, .count = k, .depth = lane_depth(c.wait)});
        for (const auto& [v, taps] : readers[u])
            all.push_back({.use = Use::taps,
                           .of = u,
                           .reader = v,
                           .taps = taps,
                           .count = taps * k,
                           .depth = lane_depth(0)});
        if (nodes[u].stored && !c.lanes.empty())
            all.push_back({.use = Use::memory, .of = u, .count = k, .depth = lane_depth(0)});
        if (ports[u].rows) all.push_back({.use = Use::dense, .of = u, .count = k, .depth = lane_depth(0)});
        add_holds(all, u, c);
    }
    return all;
}

} // namespace lathe::schedule::stencil
