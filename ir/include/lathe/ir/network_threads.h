#pragma once
/// \file Networks whose processes are threads, in terms of loops, arrays and calls of functions that code
/// generation writes itself.
///
/// A network becomes
///
///     allocate tokens, control, slots of each stream; state
///     begin(state)
///     for p in [0, n) as threads: process(state, p); ...   # one loop for each call and each spawn
///     end(state)                                           # waits until all have ended
///
/// and in a process a token passes between wait(…), which blocks, and passed(…). A stream is a ring: its
/// control's first word counts what it holds, the second and third one say who waits for a token and for room
/// (0: nobody, else a process's number and one).

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Iterations that run as threads, may wait for each other, and go on behind the loop until `end`.
LoopKind thread_loop();
bool is_thread_loop(const For& f);

/// A function that code generation writes. Calls of it pass these tensors, then these numbers (Index):
///  - begin: state; the process whose network it is within, or −1
///  - process: state; its number, that of the process whose network it is within, or −1
///  - wait: state, control, tokens; process's number, how full the stream is as long as one waits, which
///  element, and what `text` prints
///  - passed: the same, with 1 or −1 in place of how full it is, and nothing printed
///  - end: state; as begin, then the first number of its processes and the one behind the last
struct NetworkFunction : ExternFunction {
    enum class Kind : uint8_t { begin, process, wait, passed, end };
    Kind kind{};
    size_t subscripts = 0; ///< of the stream's element
    std::string text;      ///< printf's format, for who waits for what: takes so many numbers, and the fill
};

/// The function, if it is one of those.
const NetworkFunction* network_function(const ExternCall& c);

/// The words (64 bits) of a network's state: `head` of its own, and `slot` for each process.
struct NetworkState {
    static constexpr int64_t head = 16, slot = 16;
    static constexpr int64_t words(int64_t processes) { return head + processes * slot; }
};

/// Words between a control's or a slot's elements, so that threads do not share lines of the cache.
inline constexpr int64_t network_padding = 16;

/// No token passes a stream that is not declared in `body`.
bool uses_own_streams(const Stmt& body);

/// What inline_calls hands over: a Dataflow whose streams each have their arrays in the Allocate inside, and
/// each of whose processes is a thread loop of one iteration, called as it, in the loops of its ids.
/// \throws Error for too many processes.
Module start_networks(const Module& m);

} // namespace lathe::ir
