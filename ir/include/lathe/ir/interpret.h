#pragma once
/// \file The interpreter: the meaning of a Module at every point of the flow. Slow, exact, and it checks.

#include "lathe/ir/buffer.h"
#include "lathe/ir/stmt.h"

#include <optional>

namespace lathe::ir {

/// Hashes of the terms that made the results: operations are uninterpreted, and a reduction that commutes is
/// a multiset. A Module and its schedule end with equal ones, whatever the data.
struct TermHashes {
    /// By argument, then by element, row-major. 0: nothing was stored there. Empty: the argument is an input.
    std::vector<std::vector<uint64_t>> arguments;
    uint64_t prints = 0; ///< of all prints, in order
    friend bool operator==(const TermHashes&, const TermHashes&) = default;
};

/// What a stream held while a program ran.
struct StreamUse {
    std::string name;       ///< "s[2]"
    int64_t depth = 0;      ///< 0: without a limit
    int64_t high_water = 0; ///< the most tokens that it held
    int64_t tokens = 0;     ///< that went through it
};

/// A copy between host and device that ran.
struct CopyUse {
    std::string from, to;
    Side side = Side::host; ///< where `to` is
    int64_t bytes = 0;
    friend bool operator==(const CopyUse&, const CopyUse&) = default;
};

struct InterpretOptions {
    bool check_types = true; ///< no value leaves its inferred type, no uninitialised element is read
    /// When given: checking mode, slower, for Modules without vectors. Two iterations of a concurrent loop
    /// that touch one element of a tensor from outside of the loop, one of them writing, are an error even
    /// if the values agree. A lockstep loop runs statement by statement: all its lanes read before one
    /// writes, then they write in order; what a reduction adds to is read as it is written. Types are checked
    /// in any case. Receives the hashes.
    TermHashes* terms = nullptr;
    /// In checking mode: two lanes of one statement that write one element are an error, too, unless it is a
    /// reduction that commutes. Nothing says which lane of generated code is last, so schedules avoid it.
    bool lanes_apart = false;
    /// Processes of a dataflow take turns at random, from this seed; otherwise in a fixed order. What they
    /// compute is the same.
    std::optional<uint64_t> stall_seed = {};
    /// When given: receives every stream, in the order in which dataflows end.
    std::vector<StreamUse>* streams = nullptr;
    /// When given: streams of depth 0 begin with room for one token, and get more where all processes wait.
    /// Receives by the stream's symbol what the largest of its array ended with.
    std::map<Symbol, int64_t>* grow = nullptr;
    /// When given: how many iterations of loops may run yet; an Error as soon as there are none.
    int64_t* iterations_left = nullptr;
    /// When given: receives every copy between host and device, in the order in which they ran.
    std::vector<CopyUse>* copies = nullptr;
};

/// Runs the top function. `arguments` in the function's order (inputs, then outputs), `scalars` by parameter
/// for those that no buffer binds. Output buffers are written in place. Loops of every kind run in order, but
/// for checking mode.
/// \throws Error when a shape, type or parameter does not fit, an access leaves its tensor, an uninitialised
/// element is read or an Assert fails: with the user's line. In checking mode also when iterations conflict.
void interpret(const Module& m, const std::vector<AnyBuffer*>& arguments,
               const std::map<std::string, Value>& scalars = {}, const InterpretOptions& options = {});

/// The value of a closed expression (no loads; variables from `values`).
Value evaluate(const Expr& e, const std::map<Symbol, Value>& values = {});

/// A new buffer of the tensor's type, extents and mins, whose variables are from `values`.
AnyBuffer buffer_for(const Tensor& t, const std::map<Symbol, Value>& values);

} // namespace lathe::ir
