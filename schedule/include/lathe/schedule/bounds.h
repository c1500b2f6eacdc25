#pragma once
/// \file Ranges of a schedule's tensors, types that hold them, and certified error bounds.

#include "lathe/ir/value_bounds.h"
#include "lathe/schedule/schedule.h"

namespace lathe {

/// The numbers that an Input (or InOut) is given: any of a range, or those of a buffer of constant shape,
/// such as a layer's weights. From a buffer follows a bound of its own for each channel of what is computed
/// with it.
struct InputRange {
    TensorRef tensor;
    double low = 0, high = 0;
    std::optional<AnyBuffer> values = std::nullopt;
    InputRange(TensorRef t, double l, double h) : tensor(std::move(t)), low(l), high(h) {}
    /// Only of an Input, which nothing writes.
    InputRange(TensorRef t, AnyBuffer v) : tensor(std::move(t)), values(std::move(v)) {}
};

struct TensorRange {
    ir::Symbol tensor;
    Type type;
    ValueRange range;         ///< of its elements, rounded, wrapped or saturated as types do
    std::string warning = ""; ///< where its type can overflow: the farthest it may be given, and the line
    std::vector<int64_t> histogram =
        {}; ///< measured: how many values lie in each of 16 equal parts of the range
};

/// What every tensor of the reference can hold, for inputs in the ranges given (others have the range of
/// their type; floats are finite). Conservative: one range for all elements of a tensor. \throws Error where
/// there is no bound of values (a divisor that may be 0), with the line; it needs no bound of errors.
std::vector<TensorRange> ranges(const Schedule& s, const std::vector<InputRange>& inputs);

/// What the tensors of the reference hold on data: the inputs in the Module's order. Tensors inside loops are
/// left out.
std::vector<TensorRange> measure_ranges(const Schedule& s, const std::vector<AnyBuffer>& data,
                                        const std::map<std::string, Value>& scalars = {});

/// For each tensor of numbers (not Bool) the signed fixed-point type of `width` bits, rounded and saturated,
/// with as few integer bits as its range needs. \throws Error naming a tensor whose range is not finite.
std::vector<TypeChoice> propose_types(const std::vector<TensorRange>& ranges, int width);

/// How far each output (in the Module's order) can be from that of the algorithm with its own types, on the
/// same numbers: the sum of what rounding does to both. Infinite where a type that does not saturate may
/// overflow. \throws Error, with the line, where there is no bound: a choice that rounding may change
/// (argmin), bits of rounded numbers or of another type, a divisor that may be 0; a literal that is rounded.
std::vector<double> error_bound(const Schedule& s, const std::vector<InputRange>& inputs);

} // namespace lathe
