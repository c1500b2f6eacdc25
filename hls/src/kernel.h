#pragma once
/// \file The top function as C++.

#include "lathe/hls/emit.h"

namespace lathe::hls {

using namespace ir;

/// An argument or parameter of the C++ function.
struct Formal {
    std::string name;
    std::string type;  ///< of an element
    bool array = true; ///< or a scalar
    bool read_only = false;
};

struct Kernel {
    std::string name;
    std::vector<Formal> formals; ///< arguments in order, then parameters
    std::string body;            ///< with pragmas and without braces
    std::string externs;         ///< C++ of the extern functions that it calls
    std::string functions;       ///< and of the Functions
    bool streams = false;        ///< it is simulated with the headers for streams
    /// Names of the user's that could not stay, with what they are called here.
    std::vector<std::pair<std::string, std::string>> renamed;

    /// "void gemm(const float* A, float* C)"
    std::string declaration() const;
};

/// A parameter's value as an argument.
std::string scalar_literal(Type parameter, const Value& v);

/// \throws Error for what has no HLS code.
Kernel make_kernel(const Module& module, const VitisOptions& options);

} // namespace lathe::hls
