#pragma once
/// \file Runs expressions over columns of values: on the CPU by the JIT, compared with value.h's functions.

#include "lathe/codegen/jit.h"
#include "lathe/ir/stmt.h"

#include <doctest/doctest.h>
#include <functional>
#include <random>

namespace columns {

using namespace lathe;

/// One result column: how the CPU computes it, and what it must be.
struct Result {
    std::string name;
    std::function<Expr(const std::vector<Expr>&)> compute;
    std::function<Value(const std::vector<Value>&)> expected;
};

/// A column per operand; `lanes` divides their common size.
struct Table {
    std::vector<std::vector<Value>> inputs;
    std::vector<Result> results;
};

/// Compiles all results as one function, for vectors of `lanes`, and checks each element.
void check(const Table& table, int lanes, const Target& target = Target::host());

/// `count` values of an exact type: its edges, powers of two and their neighbours, and random numbers of
/// every length.
std::vector<Value> exact_values(Type t, size_t count, std::mt19937_64& random);
/// Specials, subnormals, halves, large and random numbers.
std::vector<Value> float_values(Type t, size_t count, std::mt19937_64& random);
std::vector<Value> values(Type t, size_t count, std::mt19937_64& random);

} // namespace columns
