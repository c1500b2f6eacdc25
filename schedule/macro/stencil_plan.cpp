#include "stencil_plan.h"

#include "stencil_delays.h"

#include <algorithm>
#include <map>

namespace lathe::schedule::stencil {

namespace {

/// From a process that writes a word to the forwarder that reads it, and on to the one that computes.
constexpr int64_t hops = 2;

int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

/// One reader of a lane of a node.
struct Reader {
    size_t consumer, tap;
    int64_t lane;  ///< of the consumer
    int64_t ahead; ///< it reads word m + ahead for its word m
    Words words;
};

class Planner {
  public:
    Planner(const std::vector<Node>& n, int64_t lanes) : nodes(n), k(lanes) {}

    Plan make() {
        collect();
        Plan p;
        p.k = k;
        const std::vector<int64_t> times = delays();
        p.start.assign(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(nodes.size()));
        for (size_t u = 0; u < nodes.size(); ++u)
            p.chains.push_back(chain(u, times));
        return p;
    }

  private:
    const std::vector<Node>& nodes;
    int64_t k;
    std::vector<std::vector<std::vector<Reader>>> readers; ///< of a node, of a lane
    std::vector<size_t> store_time; ///< where the storer of a node stands among the times

    void collect() {
        readers.assign(nodes.size(), std::vector<std::vector<Reader>>(static_cast<size_t>(k)));
        for (size_t v = 0; v < nodes.size(); ++v)
            for (size_t t = 0; t < nodes[v].taps.size(); ++t)
                for (int64_t q = 0; q < k; ++q) {
                    const Tap& tap = nodes[v].taps[t];
                    const int64_t ahead = floor_div(q + tap.offset, k), lane = q + tap.offset - ahead * k;
                    Words w = words_of(nodes[v], q, k);
                    if (w.empty()) continue;
                    w = Words{w.first + ahead, w.last + ahead}.common(words_of(nodes[tap.of], lane, k));
                    readers[tap.of][static_cast<size_t>(lane)].push_back({v, t, q, ahead, w});
                }
        size_t next = nodes.size();
        store_time.resize(nodes.size());
        for (size_t u = 0; u < nodes.size(); ++u) {
            if (!nodes[u].stored || !read(u)) continue;
            store_time[u] = next++;
            for (int64_t q = 0; q < k; ++q) {
                const Words w = words_of(nodes[u], q, k);
                if (!w.empty()) readers[u][static_cast<size_t>(q)].push_back({Feed::store, 0, q, 0, w});
            }
        }
    }

    bool read(size_t u) const {
        return std::ranges::any_of(readers[u], [](const auto& lane) { return !lane.empty(); });
    }

    size_t time_of(size_t u, const Reader& r) const {
        return r.consumer == Feed::store ? store_time[u] : r.consumer;
    }

    /// When each node, each storer and the last reader of each lane come.
    std::vector<int64_t> delays() const {
        size_t count = nodes.size();
        for (size_t u = 0; u < nodes.size(); ++u)
            count = std::max(count, store_time[u] + 1);
        std::vector<int64_t> cost(count);
        std::vector<Distance> distances;
        for (size_t u = 0; u < nodes.size(); ++u)
            add_lanes(u, cost, distances);
        return least_times(cost, distances);
    }

    /// Lanes whose readers are equally far behind cost the same together.
    void add_lanes(size_t u, std::vector<int64_t>& cost, std::vector<Distance>& distances) const {
        std::map<std::map<size_t, int64_t>, int64_t> kinds; ///< by how far each consumer's oldest word is
        std::map<size_t, int64_t> newest;
        for (const std::vector<Reader>& lane : readers[u]) {
            if (lane.empty()) continue;
            std::map<size_t, int64_t> oldest;
            for (const Reader& r : lane) {
                const size_t at = time_of(u, r);
                const auto [o, first] = oldest.try_emplace(at, r.ahead);
                o->second = std::min(o->second, r.ahead);
                const auto [n, fresh] = newest.try_emplace(at, r.ahead);
                n->second = std::max(n->second, r.ahead);
            }
            ++kinds[oldest];
        }
        for (const auto& [v, ahead] : newest)
            distances.push_back({u, v, hops + ahead});
        for (const auto& [oldest, lanes] : kinds) {
            const size_t end = cost.size();
            cost.push_back(lanes * nodes[u].width);
            cost[u] -= lanes * nodes[u].width;
            for (const auto& [v, ahead] : oldest)
                distances.push_back({v, end, -hops - ahead});
        }
    }

    Chain chain(size_t u, const std::vector<int64_t>& times) const {
        Chain c;
        if (!read(u)) return c;
        for (int64_t lane = 0; lane < k; ++lane) {
            std::map<int64_t, Forwarder> by_delay;
            for (const Reader& r : readers[u][static_cast<size_t>(lane)]) {
                const int64_t delay = times[time_of(u, r)] - hops - times[u] - r.ahead;
                Forwarder& f = by_delay[delay];
                f.delay = delay;
                f.feeds.push_back({r.consumer, r.tap, r.lane, r.words});
            }
            c.lanes.push_back(joined(by_delay, words_of(nodes[u], lane, k)));
            if (!c.lanes.back().empty()) c.wait = std::max(c.wait, c.lanes.back().front().delay);
        }
        return c;
    }

    /// A lane that nobody reads has a forwarder, too: its words must go somewhere.
    static std::vector<Forwarder> joined(const std::map<int64_t, Forwarder>& by_delay, const Words& all) {
        std::vector<Forwarder> chain;
        for (const auto& [delay, f] : by_delay)
            chain.push_back(f);
        if (chain.empty()) chain.emplace_back();
        Words later;
        for (size_t n = chain.size(); n-- > 0;) {
            chain[n].next = later;
            for (const Feed& f : chain[n].feeds)
                later = later.hull(f.words);
            chain[n].words = n == 0 ? all : later;
            if (n + 1 < chain.size()) chain[n].hold = chain[n + 1].delay - chain[n].delay;
        }
        return chain;
    }
};

} // namespace

Words Words::hull(const Words& o) const {
    if (empty()) return o;
    if (o.empty()) return *this;
    return {std::min(first, o.first), std::max(last, o.last)};
}

Words Words::common(const Words& o) const {
    const Words both{std::max(first, o.first), std::min(last, o.last)};
    return both.empty() ? Words{} : both;
}

Words words_of(const Node& n, int64_t lane, int64_t k) {
    return {-floor_div(lane - n.first, k), floor_div(n.last - lane, k)};
}

Plan plan(const std::vector<Node>& nodes, int64_t k) {
    return Planner(nodes, k).make();
}

} // namespace lathe::schedule::stencil
