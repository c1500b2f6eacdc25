#include "stencil_delays.h"

#include "lathe/ir/error.h"

#include <algorithm>
#include <optional>

namespace lathe::schedule::stencil {

using namespace ir;

namespace {

/// The dual of the least times: goods go from nodes of negative cost to those of positive cost along
/// distances, so that Σ least · amount is greatest. The longest path of what is left gives the times.
class Flow {
  public:
    Flow(const std::vector<int64_t>& cost, const std::vector<Distance>& distances)
        : edges(distances), amounts(distances.size()), wanted(cost) {}

    std::vector<int64_t> times() {
        while (const auto source = next_source())
            send(*source);
        std::vector<std::optional<int64_t>> from(wanted.size(), 0);
        longest(from);
        std::vector<int64_t> all;
        for (const auto& t : from)
            all.push_back(*t);
        const int64_t first = all.empty() ? 0 : *std::ranges::min_element(all);
        for (int64_t& t : all)
            t -= first;
        return all;
    }

  private:
    /// Over which edge, and in which direction, a path comes to a node.
    struct Step {
        size_t edge = 0;
        bool back = false;
    };

    const std::vector<Distance>& edges;
    std::vector<int64_t> amounts; ///< that go along an edge
    std::vector<int64_t> wanted;  ///< what a node still has to get; negative: to give away

    std::optional<size_t> next_source() const {
        const auto found = std::ranges::find_if(wanted, [](int64_t w) { return w < 0; });
        if (found == wanted.end()) return {};
        return static_cast<size_t>(found - wanted.begin());
    }

    /// The longest ways to each node from those that have a value; a way back along an edge takes goods away.
    std::vector<Step> longest(std::vector<std::optional<int64_t>>& length) const {
        std::vector<Step> steps(length.size());
        for (bool changed = true; changed;) {
            changed = false;
            const auto along = [&](size_t from, size_t to, int64_t by, Step step) {
                if (!length[from] || (length[to] && *length[to] >= *length[from] + by)) return;
                length[to] = *length[from] + by;
                steps[to] = step;
                changed = true;
            };
            for (size_t e = 0; e < edges.size(); ++e)
                along(edges[e].from, edges[e].to, edges[e].least, {e, false});
            // Edges stand in the order in which tokens flow: ways back are found from the end.
            for (size_t e = edges.size(); e-- > 0;)
                if (amounts[e] > 0) along(edges[e].to, edges[e].from, -edges[e].least, {e, true});
        }
        return steps;
    }

    void send(size_t source) {
        std::vector<std::optional<int64_t>> length(wanted.size());
        length[source] = 0;
        const std::vector<Step> steps = longest(length);
        std::optional<size_t> best;
        for (size_t n = 0; n < wanted.size(); ++n)
            if (wanted[n] > 0 && length[n] && (!best || *length[n] > *length[*best])) best = n;
        invariant(best.has_value(), "a time that nothing keeps from growing");
        int64_t amount = std::min(-wanted[source], wanted[*best]);
        const auto walk = [&](const auto& visit) {
            for (size_t at = *best; at != source;) {
                const Step& s = steps[at];
                visit(s);
                at = s.back ? edges[s.edge].to : edges[s.edge].from;
            }
        };
        walk([&](const Step& s) {
            if (s.back) amount = std::min(amount, amounts[s.edge]);
        });
        walk([&](const Step& s) { amounts[s.edge] += s.back ? -amount : amount; });
        wanted[source] += amount;
        wanted[*best] -= amount;
    }
};

} // namespace

std::vector<int64_t> least_times(const std::vector<int64_t>& cost, const std::vector<Distance>& distances) {
    return Flow(cost, distances).times();
}

} // namespace lathe::schedule::stencil
