#pragma once
/// \file The processes and channels of a dataflow: who writes, who reads, and how much.

#include "lathe/ir/simplify.h"

namespace lathe::ir {

/// One process: a call with its ids replaced by numbers.
struct NetworkProcess {
    std::string name;        ///< "pe(0, 1)"
    Stmt call;               ///< a CallStmt
    size_t statement;        ///< which call or Spawn of the dataflow made it, from 0
    std::vector<int64_t> at; ///< its ids
};

/// One stream of an array, that processes use.
struct NetworkChannel {
    std::string name; ///< "s[2]"
    size_t stream;    ///< into ProcessNetwork::streams
    std::vector<int64_t> at;
    size_t writer, reader; ///< into ProcessNetwork::processes
    Expr tokens;           ///< that go through it: Index, in terms of what is in scope at the dataflow
};

struct ProcessNetwork {
    std::vector<NetworkProcess> processes;
    std::vector<StreamDeclaration> streams;
    std::vector<Tensor> tensors; ///< declared in the dataflow
    std::vector<NetworkChannel> channels;
    /// The processes, each behind all that write what it reads; of those that could be next the first.
    /// Without a value where they form a cycle.
    std::optional<std::vector<size_t>> order() const;
    /// "a(0) → b → a(0)": one of its cycles.
    std::string cycle() const;
};

/// \throws Error unless the number of processes and streams is constant, each stream has one writer and one
/// reader, which agree on how many tokens go through, and no two processes touch a tensor that one writes.
ProcessNetwork network_of(const Module& m, const Dataflow& d, const Facts& facts = {});

/// How many tokens (blocks) a run of the Function reads from (writes to) the stream that it is given, in
/// terms of its parameters; `at`: which one of an array. \throws Error when that depends on data.
Expr tokens_of(const Module& m, const Function& f, const Symbol& stream, const std::vector<int64_t>& at = {});

/// Every dataflow of the Module has a network. \throws Error as network_of.
void check_networks(const Module& m);

} // namespace lathe::ir
