// The plan of a stencil's network: chains, words that wait, delays.

#include "macro/stencil_delays.h"
#include "macro/stencil_plan.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <tuple>

using namespace lathe::schedule::stencil;

namespace {

/// An input of `points` positions, and a stage that reads it at these offsets wherever it can.
std::vector<Node> one_stage(const std::vector<int64_t>& offsets, int64_t points) {
    const auto [least, most] = std::ranges::minmax(offsets);
    Node in{0, points - 1}, out{std::max<int64_t>(-least, 0), points - 1 - std::max<int64_t>(most, 0)};
    for (const int64_t o : offsets)
        out.taps.push_back({0, o});
    out.stored = true;
    return {in, out};
}

int64_t reach(const std::vector<int64_t>& offsets) {
    const auto [least, most] = std::ranges::minmax(offsets);
    return most - least;
}

/// The forwarders of a plan, and the elements that the FIFOs between them hold.
std::vector<Forwarder> all_forwarders(const Plan& p) {
    std::vector<Forwarder> all;
    for (const Chain& c : p.chains)
        for (const auto& lane : c.lanes)
            all.insert(all.end(), lane.begin(), lane.end());
    return all;
}
size_t forwarders(const Plan& p) {
    return all_forwarders(p).size();
}
int64_t payload(const Plan& p) {
    int64_t all = 0;
    for (const Forwarder& f : all_forwarders(p))
        all += f.hold;
    return all;
}

/// Every lane of every stage gets, for each of its words, the element that its tap names, in order.
void check_feeds(const std::vector<Node>& nodes, const Plan& p) {
    std::map<std::tuple<size_t, size_t, int64_t>, int> fed;
    for (size_t u = 0; u < nodes.size(); ++u)
        for (size_t lane = 0; lane < p.chains[u].lanes.size(); ++lane) {
            const auto& chain = p.chains[u].lanes[lane];
            for (size_t n = 0; n < chain.size(); ++n) {
                const Forwarder& f = chain[n];
                if (n == 0) CHECK(f.words == words_of(nodes[u], static_cast<int64_t>(lane), p.k));
                if (n > 0) CHECK(f.words == chain[n - 1].next);
                CHECK(f.next.empty() == (n + 1 == chain.size()));
                CHECK((f.hold > 0) == (n + 1 < chain.size()));
                for (const Feed& to : f.feeds) {
                    CHECK(to.words.first >= f.words.first);
                    CHECK(to.words.last <= f.words.last);
                    if (to.consumer == Feed::store) {
                        CHECK(to.lane == static_cast<int64_t>(lane));
                        continue;
                    }
                    const Node& v = nodes[to.consumer];
                    const Words own = words_of(v, to.lane, p.k);
                    CHECK(own.count() == to.words.count());
                    CHECK(to.words.first * p.k + static_cast<int64_t>(lane) ==
                          own.first * p.k + to.lane + v.taps[to.tap].offset);
                    ++fed[{to.consumer, to.tap, to.lane}];
                }
            }
        }
    for (size_t v = 0; v < nodes.size(); ++v)
        for (size_t t = 0; t < nodes[v].taps.size(); ++t)
            for (int64_t q = 0; q < p.k; ++q)
                CHECK(fed[{v, t, q}] == (words_of(nodes[v], q, p.k).empty() ? 0 : 1));
}

} // namespace

TEST_CASE("words that wait add up to the reach of the window: 3,000 random tap sets") {
    std::mt19937 random(1);
    const int64_t lanes[] = {1, 2, 3, 4, 8, 16};
    for (int n = 0; n < 3000; ++n) {
        std::set<int64_t> taps;
        const int64_t row = 1 + static_cast<int64_t>(random() % 200);
        for (unsigned t = 1 + random() % 9; t > 0; --t)
            taps.insert(static_cast<int64_t>(random() % 5) * row + static_cast<int64_t>(random() % 7) - 3);
        const std::vector<int64_t> offsets(taps.begin(), taps.end());
        const int64_t k = lanes[random() % 6];
        CAPTURE(n);
        CAPTURE(k);
        const std::vector<Node> nodes = one_stage(offsets, reach(offsets) + 7 * k + 1200);
        const Plan p = plan(nodes, k);
        CHECK(payload(p) == reach(offsets));
        // In front of the chains wait less than k elements.
        int64_t wait = 0;
        for (const auto& lane : p.chains[0].lanes)
            wait += lane.front().delay;
        CHECK(wait == ((-offsets.back()) % k + k) % k);
        if (n % 10 == 0) check_feeds(nodes, p);
    }
}

TEST_CASE("forwarders of known windows") {
    const int64_t W = 2048;
    const std::vector<int64_t> jacobi{-W, -1, 0, 1, W};
    const auto box = [&](int64_t n) {
        std::vector<int64_t> all;
        for (int64_t y = 0; y < n; ++y)
            for (int64_t x = 0; x < n; ++x)
                all.push_back(y * W + x);
        return all;
    };
    for (const int64_t k : {1, 2, 4, 8, 16}) {
        CAPTURE(k);
        CHECK(forwarders(plan(one_stage(jacobi, 9 * W), k)) == static_cast<size_t>(3 * k + 2));
        CHECK(forwarders(plan(one_stage(box(3), 9 * W), k)) == static_cast<size_t>(3 * (k + 2)));
        CHECK(forwarders(plan(one_stage(box(5), 9 * W), k)) == static_cast<size_t>(5 * (k + 4)));
    }
    // As SODA's compiler makes them: 512 × 6, 511 × 2, 1 × 2.
    std::map<int64_t, int> holds;
    const Plan p = plan(one_stage(jacobi, 9 * W), 4);
    for (const auto& lane : p.chains[0].lanes)
        for (const Forwarder& f : lane)
            if (f.hold > 0) ++holds[f.hold];
    CHECK(holds == std::map<int64_t, int>{{512, 6}, {511, 2}, {1, 2}});
}

TEST_CASE("a forwarder feeds no more readers than a window has elements") {
    std::vector<int64_t> box;
    for (int64_t y = 0; y < 3; ++y)
        for (int64_t x = 0; x < 3; ++x)
            box.push_back(y * 64 + x);
    for (const int64_t k : {1, 2, 4, 8, 16, 32, 64}) {
        size_t most = 0;
        const Plan p = plan(one_stage(box, 640), k);
        for (const auto& lane : p.chains[0].lanes)
            for (const Forwarder& f : lane)
                most = std::max(most, f.feeds.size());
        CHECK(most <= (k < 64 ? 3 : 9));
    }
}

TEST_CASE("an input waits where its reader waits for another one") {
    // c reads a, and b, which reads a window of a: a's words pass b's window, and two hops.
    std::vector<Node> nodes{{0, 999}, {0, 979, 32, {{0, 0}, {0, 20}}}, {0, 979, 32, {{1, 0}, {0, 0}}}};
    const Plan p = plan(nodes, 1);
    CHECK(p.start == std::vector<int64_t>{0, 22, 24});
    const auto& chain = p.chains[0].lanes[0];
    REQUIRE(chain.size() == 3);
    CHECK(chain[0].hold == 20);
    CHECK(chain[1].hold == 2);
    check_feeds(nodes, p);
    // Of two inputs the one that is needed later comes later: it does not wait.
    nodes = {{0, 999}, {0, 999}, {0, 899, 32, {{0, 100}, {0, 0}}}, {0, 899, 32, {{2, 0}, {1, 0}}}};
    const Plan q = plan(nodes, 1);
    CHECK(q.start[1] == q.start[3] - 2);
    CHECK(q.chains[1].wait == 0);
    CHECK(payload(q) == 100);
}

TEST_CASE("least times are the least: against all times of small systems") {
    std::mt19937 random(7);
    for (int n = 0; n < 300; ++n) {
        CAPTURE(n);
        const size_t count = 2 + random() % 3;
        std::vector<Distance> distances;
        std::vector<int64_t> cost(count);
        for (size_t b = 1; b < count; ++b)
            for (size_t a = 0; a < b; ++a)
                if (a + 1 == b || random() % 2)
                    distances.push_back({a, b, static_cast<int64_t>(random() % 4)});
        // Each end of a distance weighs as much as the other: no time can grow for nothing.
        for (const Distance& d : distances) {
            const int64_t w = static_cast<int64_t>(random() % 4);
            cost[d.from] -= w;
            cost[d.to] += w;
        }
        const auto sum = [&](const std::vector<int64_t>& t) {
            int64_t all = 0;
            for (size_t i = 0; i < count; ++i)
                all += cost[i] * t[i];
            return all;
        };
        const auto legal = [&](const std::vector<int64_t>& t) {
            return std::ranges::all_of(distances,
                                       [&](const Distance& d) { return t[d.to] - t[d.from] >= d.least; });
        };
        const std::vector<int64_t> times = least_times(cost, distances);
        CHECK(legal(times));
        int64_t least = INT64_MAX;
        std::vector<int64_t> t(count);
        const std::function<void(size_t)> all = [&](size_t i) {
            if (i == count) {
                if (legal(t)) least = std::min(least, sum(t));
                return;
            }
            for (t[i] = 0; t[i] <= 10; ++t[i])
                all(i + 1);
        };
        all(0);
        CHECK(sum(times) == least);
    }
}
