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

size_t forwarders(const Plan& p) {
    size_t all = 0;
    for (const Chain& c : p.chains)
        all += c.size();
    return all;
}

/// Elements that the FIFOs of the chains hold: those that somebody has read already, and those that nobody
/// has.
struct Waiting {
    int64_t read = 0, unread = 0;
};
Waiting waiting(const Plan& p) {
    Waiting w;
    for (const Chain& c : p.chains) {
        std::set<int64_t> read; // lanes
        for (size_t n = 0; n + 1 < c.size(); ++n) {
            for (const Feed& f : c[n].feeds)
                for (int64_t lane = f.lanes.first; lane < f.lanes.end; ++lane)
                    read.insert(lane);
            for (int64_t lane = c[n + 1].lanes.first; lane < c[n + 1].lanes.end; ++lane)
                (read.contains(lane) ? w.read : w.unread) += c[n].hold;
        }
    }
    return w;
}

bool inside(const Lanes& part, const Lanes& all) {
    return all.first <= part.first && part.end <= all.end && part.first < part.end;
}

/// Every lane of every stage gets, for each of its words, the element that its tap names, when it is there.
void check_feeds(const std::vector<Node>& nodes, const Plan& p) {
    std::map<std::tuple<size_t, size_t, int64_t>, std::pair<Lanes, int>> fed; // reader, what it reads, ahead
    for (size_t u = 0; u < nodes.size(); ++u) {
        const Chain& chain = p.chains[u];
        const Words all = words_of(nodes[u], p.k);
        for (size_t n = 0; n < chain.size(); ++n) {
            const Forwarder& f = chain[n];
            CHECK(f.read == (n == 0 ? all : chain[n - 1].next));
            CHECK(f.words.common(f.read) == f.read);
            CHECK((n == 0 ? f.lanes == Lanes{0, p.k} : inside(f.lanes, chain[n - 1].lanes)));
            CHECK(f.next.empty() == (n + 1 == chain.size()));
            CHECK(f.hold == (n + 1 == chain.size() ? 0 : chain[n + 1].delay - f.delay));
            CHECK((f.hold > 0) == (n + 1 < chain.size()));
            for (const Feed& to : f.feeds) {
                CHECK(to.words.first >= f.words.first);
                CHECK(to.words.last <= f.words.last);
                CHECK(inside(to.lanes, f.lanes));
                if (to.consumer == Feed::store) {
                    CHECK(to.words == all);
                    CHECK(to.lanes == Lanes{0, p.k});
                    continue;
                }
                CHECK(to.words == words_of(nodes[to.consumer], p.k).later(to.ahead));
                CHECK(f.delay == p.start[to.consumer] - 2 - p.start[u] - to.ahead);
                auto& known = fed[{to.consumer, u, to.ahead}];
                known.first = to.lanes;
                CHECK(++known.second == 1);
            }
        }
    }
    for (size_t v = 0; v < nodes.size(); ++v)
        for (const Tap& t : nodes[v].taps)
            for (int64_t q = 0; q < p.k; ++q) {
                int64_t lane = q + t.offset, ahead = 0;
                for (; lane < 0; lane += p.k)
                    --ahead;
                for (; lane >= p.k; lane -= p.k)
                    ++ahead;
                const auto known = fed.find({v, t.of, ahead});
                REQUIRE(known != fed.end());
                CHECK(inside({lane, lane + 1}, known->second.first));
            }
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
        const Waiting w = waiting(p);
        CHECK(w.read == reach(offsets));
        CHECK(w.unread == ((-offsets.back()) % k + k) % k); // less than a word
        CHECK(wait_before(p.chains[0]) == 0);
        if (n % 10 == 0) check_feeds(nodes, p);
    }
}

TEST_CASE("forwarders of known windows: no more for more lanes") {
    const int64_t W = 2048;
    const std::vector<int64_t> jacobi{-W, -1, 0, 1, W};
    const auto box = [&](int64_t n) {
        std::vector<int64_t> all;
        for (int64_t y = 0; y < n; ++y)
            for (int64_t x = 0; x < n; ++x)
                all.push_back(y * W + x);
        return all;
    };
    for (const int64_t k : {1, 2, 4, 8, 16, 64}) {
        CAPTURE(k);
        // A row of a window is one word, and those that it reaches into.
        const auto in_row = [&](int64_t n) { return static_cast<size_t>(1 + (n - 1 + k - 1) / k); };
        CHECK(forwarders(plan(one_stage(jacobi, 9 * W), k)) == 5);
        CHECK(forwarders(plan(one_stage(box(3), 9 * W), k)) == 3 * in_row(3));
        CHECK(forwarders(plan(one_stage(box(5), 9 * W), k)) == 5 * in_row(5));
    }
    // The words before and behind are needed of one lane: 511, 1, 1, 511 words of all four.
    const Plan p = plan(one_stage(jacobi, 9 * W), 4);
    std::vector<int64_t> holds, read;
    for (const Forwarder& f : p.chains[0]) {
        holds.push_back(f.hold);
        REQUIRE(f.feeds.size() == 1);
        read.push_back(f.feeds[0].lanes.count());
    }
    CHECK(holds == std::vector<int64_t>{511, 1, 1, 511, 0});
    CHECK(read == std::vector<int64_t>{4, 1, 4, 1, 4});
}

TEST_CASE("a forwarder feeds each reader once") {
    std::vector<int64_t> box;
    for (int64_t y = 0; y < 3; ++y)
        for (int64_t x = 0; x < 3; ++x)
            box.push_back(y * 64 + x);
    for (const int64_t k : {1, 2, 4, 8, 16, 32, 64}) {
        std::vector<Node> nodes = one_stage(box, 640);
        nodes.push_back(nodes[1]); // another reader of the same elements
        const Plan p = plan(nodes, k);
        for (const Forwarder& f : p.chains[0]) {
            std::set<size_t> readers;
            for (const Feed& to : f.feeds)
                CHECK(readers.insert(to.consumer).second);
            CHECK(f.feeds.size() == 2);
        }
    }
}

TEST_CASE("an input waits where its reader waits for another one") {
    // c reads a, and b, which reads a window of a: a's words pass b's window, and two hops.
    std::vector<Node> nodes{{0, 999}, {0, 979, 32, {{0, 0}, {0, 20}}}, {0, 979, 32, {{1, 0}, {0, 0}}}};
    const Plan p = plan(nodes, 1);
    CHECK(p.start == std::vector<int64_t>{0, 22, 24});
    const Chain& chain = p.chains[0];
    REQUIRE(chain.size() == 3);
    CHECK(chain[0].hold == 20);
    CHECK(chain[1].hold == 2);
    check_feeds(nodes, p);
    // Of two inputs the one that is needed later comes later: it does not wait.
    nodes = {{0, 999}, {0, 999}, {0, 899, 32, {{0, 100}, {0, 0}}}, {0, 899, 32, {{2, 0}, {1, 0}}}};
    const Plan q = plan(nodes, 1);
    CHECK(q.start[1] == q.start[3] - 2);
    CHECK(wait_before(q.chains[1]) == 0);
    CHECK(waiting(q).read == 100);
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
