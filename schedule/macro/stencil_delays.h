#pragma once
/// \file Times that keep their distances and cost least.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe::schedule::stencil {

/// time[to] − time[from] ≥ least.
struct Distance {
    size_t from, to;
    int64_t least;
};

/// Integer times with Σ cost[n]·time[n] least, exactly; the earliest of them is 0. \pre The costs add up to
/// 0, the distances form no cycle, and the sum has a least value.
std::vector<int64_t> least_times(const std::vector<int64_t>& cost, const std::vector<Distance>& distances);

} // namespace lathe::schedule::stencil
