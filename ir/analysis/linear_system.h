#pragma once
/// \file Feasibility of small systems of linear equations over integers in intervals. "Infeasible" is a
/// proof.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lathe::ir {

/// An interval of integers; ±infinity are the sentinels.
struct IntRange {
    static constexpr int64_t inf = int64_t{1} << 62;
    int64_t lo = -inf, hi = inf;
    bool empty() const { return lo > hi; }
};

class LinearSystem {
  public:
    /// A new unknown; returns its number.
    std::size_t unknown(IntRange range);
    /// The equation Σ coefficient·unknown + constant = 0.
    struct Equation {
        std::vector<std::pair<std::size_t, int64_t>> terms;
        int64_t constant = 0;
    };
    void add(Equation e) { equations.push_back(std::move(e)); }
    /// False when certainly no integers solve all equations. Tightens the ranges.
    bool maybe_feasible();
    IntRange range(std::size_t unknown) const { return ranges[unknown]; }

  private:
    bool tighten(const Equation& e, bool& changed);
    std::vector<IntRange> ranges;
    std::vector<Equation> equations;
};

} // namespace lathe::ir
