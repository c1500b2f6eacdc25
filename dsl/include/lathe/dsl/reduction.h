#pragma once
/// \file Inline reductions: the value of a loop, inside an expression.

#include "lathe/dsl/var.h"

#include <functional>
#include <optional>

namespace lathe {

/// Σ of `value` over the domain, in its order. The accumulator is exact by default: ceil(log2 n) more bits
/// than the value for n points; floats keep their type. \throws Error if an exact sum has a parametric number
/// of points and no type is given.
[[nodiscard]] Expr sum(const RDom& over, const Operand& value, std::optional<Type> accumulator = {});
/// Π of `value`. \throws Error if the value is not a float and no type is given.
[[nodiscard]] Expr product(const RDom& over, const Operand& value, std::optional<Type> accumulator = {});
/// The least / greatest value; of no points, the largest / smallest value of the type.
[[nodiscard]] Expr minimum(const RDom& over, const Operand& value);
[[nodiscard]] Expr maximum(const RDom& over, const Operand& value);

/// What argmin and argmax find: the first point, in the domain's order, with the least / greatest value.
struct Best {
    Expr value;           ///< of no points, the largest / smallest value of the type
    std::vector<Expr> at; ///< a place for each dimension, Int(32); of no points, −1
};
[[nodiscard]] Best argmin(const RDom& over, const Operand& value);
[[nodiscard]] Best argmax(const RDom& over, const Operand& value);

/// A reduction of your own: several values that each point changes together. The points come in the domain's
/// order, and no schedule changes it.
///
///     Reducer mean_and_count("welford", {{Float(32), 0}, {Int(32), 0}},
///                            [](const auto& old, const auto& x) { … return std::vector<Expr>{…, …}; });
///     std::vector<Expr> both = mean_and_count(k, {A(i, k), 1});
class Reducer {
  public:
    struct Target {
        Type type;
        Operand start; ///< the value of no points
    };
    /// The new values from the old ones (of the targets' types) and one point's.
    using Combine =
        std::function<std::vector<Expr>(const std::vector<Expr>& old, const std::vector<Expr>& point)>;

    Reducer(Name name, std::vector<Target> targets, Combine combine);
    /// \throws Error when `combine` gives another number of values than there are targets.
    [[nodiscard]] std::vector<Expr> operator()(const RDom& over, const std::vector<Operand>& point,
                                               Loc loc = Loc::current()) const;

  private:
    Name name;
    std::vector<Target> targets;
    Combine combine;
};

} // namespace lathe
