#include "stencil_plan.h"

#include "stencil_delays.h"

#include <algorithm>
#include <map>
#include <set>

namespace lathe::schedule::stencil {

namespace {

/// From a process that writes a word to the forwarder that reads it, and on to the one that computes.
constexpr int64_t hops = 2;

int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

/// One reader of a node's words.
struct Reader {
    size_t consumer;
    int64_t ahead; ///< it reads word m + ahead for its word m
    auto operator<=>(const Reader&) const = default;
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
    std::vector<std::map<Reader, Lanes>> readers; ///< of a node
    std::vector<size_t> store_time;               ///< where the storer of a node stands among the times

    void collect() {
        readers.resize(nodes.size());
        for (size_t v = 0; v < nodes.size(); ++v)
            for (const Tap& tap : nodes[v].taps) {
                const auto [ahead, turn] = distant(tap.offset, k);
                add_reader(tap.of, {v, ahead}, {turn, k});
                if (turn > 0) add_reader(tap.of, {v, ahead + 1}, {0, turn});
            }
        size_t next = nodes.size();
        store_time.resize(nodes.size());
        for (size_t u = 0; u < nodes.size(); ++u) {
            if (!nodes[u].stored || readers[u].empty()) continue;
            store_time[u] = next++;
            add_reader(u, {Feed::store, 0}, {0, k});
        }
    }

    /// What is never there is not read.
    void add_reader(size_t u, const Reader& r, const Lanes& lanes) {
        if (wanted(u, r).common(words_of(nodes[u], k)).empty()) return;
        Lanes& all = readers[u][r];
        all = all.hull(lanes);
    }

    Words wanted(size_t u, const Reader& r) const {
        return r.consumer == Feed::store ? words_of(nodes[u], k)
                                         : words_of(nodes[r.consumer], k).later(r.ahead);
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
        std::map<size_t, int64_t> newest;
        std::set<int64_t> borders;
        for (const auto& [r, lanes] : readers[u]) {
            const auto [n, fresh] = newest.try_emplace(time_of(u, r), r.ahead);
            n->second = std::max(n->second, r.ahead);
            borders.insert({lanes.first, lanes.end});
        }
        for (const auto& [v, ahead] : newest)
            distances.push_back({u, v, hops + ahead});
        for (auto at = borders.begin(); at != borders.end() && std::next(at) != borders.end(); ++at) {
            std::map<size_t, int64_t> oldest;
            for (const auto& [r, lanes] : readers[u])
                if (lanes.first <= *at && *at < lanes.end) {
                    const auto [o, first] = oldest.try_emplace(time_of(u, r), r.ahead);
                    o->second = std::min(o->second, r.ahead);
                }
            if (oldest.empty()) continue;
            const int64_t bits = (*std::next(at) - *at) * nodes[u].width;
            const size_t end = cost.size();
            cost.push_back(bits);
            cost[u] -= bits;
            for (const auto& [v, ahead] : oldest)
                distances.push_back({v, end, -hops - ahead});
        }
    }

    Chain chain(size_t u, const std::vector<int64_t>& times) const {
        std::map<int64_t, Forwarder> by_delay;
        for (const auto& [r, lanes] : readers[u]) {
            const int64_t delay = times[time_of(u, r)] - hops - times[u] - r.ahead;
            Forwarder& f = by_delay[delay];
            f.delay = delay;
            f.feeds.push_back({r.consumer, r.ahead, lanes, wanted(u, r)});
        }
        Chain c;
        for (const auto& [delay, f] : by_delay)
            c.push_back(f);
        if (c.empty() && !nodes[u].stored) c.emplace_back(); // its words must go somewhere
        join(c, words_of(nodes[u], k));
        return c;
    }

    /// Each one reads what it and those behind it need, and the first one all that comes.
    void join(Chain& c, const Words& all) const {
        Words words;
        Lanes lanes;
        for (size_t n = c.size(); n-- > 0;) {
            Forwarder& f = c[n];
            f.next = words;
            for (const Feed& to : f.feeds) {
                f.words = f.words.hull(to.words);
                lanes = lanes.hull(to.lanes);
            }
            words = n == 0 ? all : words.hull(f.words).common(all);
            f.read = words;
            f.words = f.words.hull(words);
            f.lanes = n == 0 ? Lanes{0, k} : lanes;
            if (n + 1 < c.size()) f.hold = c[n + 1].delay - f.delay;
        }
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

Lanes Lanes::hull(const Lanes& o) const {
    if (empty()) return o;
    if (o.empty()) return *this;
    return {std::min(first, o.first), std::max(end, o.end)};
}

int64_t wait_before(const Chain& c) {
    return c.empty() ? 0 : c.front().delay;
}

std::vector<std::vector<Fed>> fed(const std::vector<Node>& nodes, const Plan& p) {
    std::vector<std::vector<Fed>> all(nodes.size());
    for (size_t u = 0; u < nodes.size(); ++u)
        for (const Forwarder& f : p.chains[u])
            for (const Feed& to : f.feeds)
                if (to.consumer != Feed::store) all[to.consumer].push_back({u, &to});
    for (size_t v = 0; v < nodes.size(); ++v) {
        std::map<size_t, size_t> place; // of what is read
        for (const Tap& t : nodes[v].taps)
            place.emplace(t.of, place.size());
        std::ranges::stable_sort(all[v], {}, [&](const Fed& f) { return place.at(f.of); });
    }
    return all;
}

Words words_of(const Node& n, int64_t k) {
    return {floor_div(n.first, k), floor_div(n.last, k)};
}

Distant distant(int64_t offset, int64_t k) {
    const int64_t ahead = floor_div(offset, k);
    return {ahead, offset - ahead * k};
}

Plan plan(const std::vector<Node>& nodes, int64_t k) {
    return Planner(nodes, k).make();
}

} // namespace lathe::schedule::stencil
