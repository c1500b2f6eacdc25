#pragma once
/// \file What the elements of tensors can be at most, and how far rounding can take them from exact numbers:
/// intervals, affine within an expression, one bound for all elements of a tensor or of a channel.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

#include <cmath>

namespace lathe {

/// Inclusive.
struct ValueRange {
    double low = 0, high = 0;
    double most() const { return std::max(std::abs(low), std::abs(high)); }
    friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

} // namespace lathe

namespace lathe::ir {

struct ValueBound {
    /// Of the numbers that there would be if nothing were rounded (and nothing overflowed), where the program
    /// goes as it does. Everything where the error is infinite.
    ValueRange range;
    /// Every element differs from its exact number by at most so much.
    double error = 0;
    /// What the elements can be: rounded, wrapped and saturated as the types do.
    ValueRange held;
    bool nan = false; ///< beside those: no number
    friend bool operator==(const ValueBound&, const ValueBound&) = default;
};

/// A value that may not fit where it is stored: of all at one place the one that is farthest out.
struct PossibleOverflow {
    Symbol tensor; ///< what the statement writes; none: in a cast
    Type type;
    double value;  ///< one that does not fit
    bool attained; ///< some input of the ranges given gives it, for certain
    Loc loc;
};

/// Why there is no error bound of what is computed from there on.
struct UnknownError {
    Loc loc;
    std::string why;
};

struct ValueBounds {
    std::map<Symbol, ValueBound> tensors; ///< arguments, and those that live in the program
    std::vector<PossibleOverflow> overflows;
    std::vector<UnknownError> unknown; ///< in the order in which they were met
};

/// Bounds of all tensors of a Module as an algorithm states it. `inputs` are the ranges of the numbers that
/// callers mean, which an argument of an exact type holds rounded; an argument that is not named has the
/// range of its type. Where a value may overflow it is recorded; saturating types cost an error, and others
/// end any bound (the error is infinite).
///
/// `values` are the numbers themselves that callers mean, of arguments that nothing writes. Where a subscript
/// of those names an element of what is computed (a channel), each has a bound of its own, and the loops over
/// them run one iteration after the other; so they do for the Module's constant tensors.
///
/// Where rounding decides (argmin, a condition, a subscript, a loop's bound) or meets single bits, there is
/// no bound of errors: what is computed there has an infinite one, and `unknown` says why. Inputs are
/// numbers: no infinities, no NaNs.
/// \throws Error, with the user's line, where there is no bound of values: a divisor that may be zero, a loop
/// that does not come to rest, a program that takes too many steps to follow.
ValueBounds value_bounds(const Module& m, const std::map<Symbol, ValueRange>& inputs,
                         const std::map<Symbol, AnyBuffer>& values = {});

/// The type's least and greatest number.
ValueRange range_of(Type t);

} // namespace lathe::ir
