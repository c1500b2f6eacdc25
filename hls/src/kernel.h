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
    int64_t pack = 1;                    ///< of an array: elements of a word
    std::vector<std::string> ports = {}; ///< to which its words are dealt out
    int64_t elements = 0;                ///< of an array in words
    std::vector<std::string> apart = {}; ///< pointers to it, one for each process that uses it, if several do
    /// The C++ function's own arguments for it.
    std::vector<std::string> pointers() const {
        return pack > 1 ? ports : apart.empty() ? std::vector{name} : apart;
    }
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

    std::string before;         ///< formals in front of these
    std::string on_arrays = {}; ///< a function that takes row-major arrays, each once; empty: the kernel does
    /// What a test bench calls.
    const std::string& entry() const { return on_arrays.empty() ? name : on_arrays; }
    /// "void gemm(const float* A, float* C)"
    std::string declaration() const;
    /// The function on row-major arrays.
    std::string array_entry() const;
};

/// A program of host and device.
struct Program {
    Kernel host;
    std::vector<Kernel> kernels;
    std::vector<Module> modules; ///< of the kernels, each as its top Function
};

/// A parameter's value as an argument.
std::string scalar_literal(Type parameter, const Value& v);

/// \throws Error for what has no HLS code, and for a program with kernels of its own.
Kernel make_kernel(const Module& module, const VitisOptions& options);

/// Some of its Functions run on the device.
bool has_device(const Module& module);
/// \pre has_device
Program make_program(const Module& module, const VitisOptions& options);
/// The kernel's file; its header.
std::string source_file(const Kernel& k);
/// Comments that say what became of names.
std::string renamed_text(const Kernel& k);
std::string header_text(const Kernel& k);

} // namespace lathe::hls
