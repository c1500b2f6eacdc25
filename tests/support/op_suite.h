#pragma once
/// \file The operations and values on which every implementation of the types must agree: the interpreter,
/// AMD's types, generated code. The same lists serve all of them.

#include "typed_op.h"

#include <string_view>

/// Operations on integers: + − × ÷ % & | ^ ~ neg << >> and comparisons. All pairs of types up to 6 bits in
/// the deep tier, a sample of the pairs otherwise.
std::vector<TypedOp> integer_suite();
/// The same on fixed point of up to 6 bits with −2, 0, W/2, W, W + 2 fraction bits, and shifts by integers.
std::vector<TypedOp> fixed_suite();
/// From 12 bits, signed and unsigned, into every type of up to 6 bits with those fraction bits, every
/// rounding and every overflow; the quick tier takes a few types for each pair of modes.
std::vector<TypedOp> conversion_suite();
/// Random pairs of exact types with random operations; an eighth of them above 128 bits. New ones each day in
/// the deep tier.
std::vector<TypedOp> random_suite();
/// Random conversions: among exact types, and from and to Float(32) and Float(64).
std::vector<TypedOp> random_conversion_suite();

/// All operand values where there are at most 4096 rows, else 500 random rows.
Rows rows_of(const TypedOp& op, Random& random);

/// The seed of random suites and rows: fixed, and the day's number in the deep tier.
unsigned long suite_seed();

struct Comparison {
    size_t operations = 0, values = 0, differences = 0, skipped = 0;
    std::string first; ///< difference, if there is any

    /// "3120 operations, 1520000 values, 12 skipped, 0 differences".
    std::string str() const;
};

/// Compares type and bits of every result; differing rows for which `skip` gives a reason count as skipped.
Comparison compare(const std::vector<TypedOp>& ops, const Evaluator& one, const Evaluator& other,
                   const std::function<std::string_view(const TypedOp&, const Row&)>& skip = {});
