#pragma once
/// \file Bounds of a tensor's elements, and in which dimensions they are kept apart.

#include "lathe/ir/value_bounds.h"

#include <set>

namespace lathe::ir {

/// Inclusive.
struct Span {
    int64_t low, high;
    bool is_point() const { return low == high; }
};

/// A dimension in which every place has a bound of its own.
struct KeptDimension {
    size_t dimension;
    int64_t min, extent;
    friend bool operator==(const KeptDimension&, const KeptDimension&) = default;
};

/// One bound for each place in the dimensions kept, and none before anything is stored there.
class Cells {
  public:
    using Cell = std::optional<ValueBound>;

    explicit Cells(std::vector<KeptDimension> kept = {});
    const std::vector<KeptDimension>& kept() const { return dimensions; }
    size_t size() const { return cells.size(); }
    Cell& operator[](size_t n) { return cells[n]; }
    /// Calls f for the cells at these places, one span for each dimension kept. What lies outside of the
    /// tensor is never accessed.
    template <class F> void each(const std::vector<Span>& places, F f) {
        each_index(places, [&](size_t n) { f(cells[n]); });
    }
    /// What holds for all elements at these places.
    ValueBound over(const std::vector<Span>& places) const;
    ValueBound all() const;
    friend bool operator==(const Cells&, const Cells&) = default;

  private:
    template <class F> void each_index(const std::vector<Span>& places, F f) const {
        std::vector<size_t> begin{0}, next;
        for (size_t d = 0; d < dimensions.size(); ++d) {
            const KeptDimension& k = dimensions[d];
            const int64_t low = std::max(places[d].low, k.min) - k.min,
                          high = std::min(places[d].high, k.min + k.extent - 1) - k.min;
            next.clear();
            for (const size_t b : begin)
                for (int64_t p = low; p <= high; ++p)
                    next.push_back(b * static_cast<size_t>(k.extent) + static_cast<size_t>(p));
            begin.swap(next);
        }
        for (const size_t n : begin)
            f(n);
    }

    std::vector<KeptDimension> dimensions;
    std::vector<Cell> cells;
};

/// For each tensor the dimensions that are kept apart: all of those in `known`, whose elements are known one
/// by one, and every one that a loop runs over which runs over such a dimension of what is read.
std::map<Symbol, std::vector<KeptDimension>> kept_dimensions(const Function& f,
                                                             const std::set<Symbol>& known);

/// The variables that subscripts in those dimensions use.
std::set<Symbol> kept_variables(const Function& f, const std::map<Symbol, std::vector<KeptDimension>>& kept);

} // namespace lathe::ir
