#pragma once
/// \file The same random algorithm, declared with different types.

#include "lathe/dsl/algorithm.h"

#include <random>

/// The types that the tensors are declared with: the algorithm's structure never depends on them.
struct TwinTypes {
    std::vector<lathe::Type> types; ///< of the inputs, then of the Funcs
};

struct Twin {
    lathe::Algorithm algorithm;
    std::vector<lathe::ir::Symbol> declared; ///< the tensor of each of the types
};

/// Which kinds of numbers all tensors hold.
enum class TwinKind : uint8_t { exact, floats, mixed };

constexpr size_t twin_tensors = 6;

TwinTypes random_types(TwinKind kind, std::mt19937& random);

/// Updates, boundaries, reductions of every kind, lets of real and integer literals over tensors of these
/// types, the same for the same seed. \throws lathe::Error where the types do not allow that.
Twin make_twin(TwinKind kind, unsigned seed, const TwinTypes& types);
