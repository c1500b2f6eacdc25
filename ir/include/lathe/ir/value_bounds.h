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
    /// Of the numbers that there would be if nothing were rounded (and nothing overflowed).
    ValueRange range;
    /// Every element differs from its exact number by at most so much.
    double error = 0;
    friend bool operator==(const ValueBound&, const ValueBound&) = default;
};

/// A value that may not fit where it is stored: of all at one place the one that is farthest out.
struct PossibleOverflow {
    Symbol tensor; ///< none: in a cast
    Type type;
    double value; ///< one that does not fit
    Loc loc;
};

struct ValueBounds {
    std::map<Symbol, ValueBound> tensors; ///< arguments, and those that live in the program
    std::vector<PossibleOverflow> overflows;
};

/// Bounds of all tensors of a Module as an algorithm states it. `inputs` are the ranges of the numbers that
/// callers mean, which an argument of an exact type holds rounded; an argument that is not named has the
/// range of its type. Where a value may overflow it is recorded; saturating types cost an error, and others
/// end any bound (the error is infinite).
///
/// `values` are the numbers themselves that callers mean, of arguments that nothing writes. Where a subscript
/// of those names an element of what is computed (a channel), each has a bound of its own, and the loops over
/// them run one iteration after the other; so they do for the Module's constant tensors.
/// \throws Error, with the user's line, where there is no bound: a choice that rounding may change (argmin),
/// bits of rounded numbers, a divisor that may be zero, a loop that does not come to rest, a program that
/// takes too many steps to follow.
ValueBounds value_bounds(const Module& m, const std::map<Symbol, ValueRange>& inputs,
                         const std::map<Symbol, AnyBuffer>& values = {});

/// The type's least and greatest number.
ValueRange range_of(Type t);

} // namespace lathe::ir
