#pragma once
/// \file What the threads of a network call: functions of the module that is being made, on Halide's mutexes,
/// conditions, and on the system's threads.

#include "unit.h"

namespace lathe::codegen {

/// Makes each function when it is first asked for. Addresses of a state's words:
///  0 the mutex · 1 how many processes can go on or wait for a token or room · 2 how many of these wait ·
///  3 why all shall end (an error code, or 0) · 4 whether all wait for each other for ever · 5, 6 as a
///  process's 2, 3, for the network itself · 7 how many processes there are.
/// Words of a process:
///  0 the condition that it waits on · 1 whether it waits · 2 how many processes of a network within it have
///  not ended · 3 whether it waits for these · 4 its thread · 5 the function, 6 its user context, 7 closure
///  and 8 iteration · 9 the state · 10 the words 2, 3 of that in whose network it is · 11 whether it has a
///  thread · 12 where the text lies that says what it waits for, when all wait for ever, and 13 its length.
class NetworkRuntime {
  public:
    explicit NetworkRuntime(Unit& u) : unit(u) {}

    /// void begin(state, family, processes): `family` points to words 2, 3 of the network's owner; a network
    /// of its own has room for so many processes, one within another has 0.
    llvm::Function* begin();
    /// void start(state, family, process, function, context, closure, iteration, text): nothing when all
    /// shall end; without a thread all do, and `text` is the error.
    llvm::Function* start();
    /// i32 wait(state, control, process, full, word): until the stream holds another number than that. Which
    /// of the control's words says who waits: 1 for the reader, 2 for the writer.
    llvm::Function* wait();
    /// void wake(state, address): whom that word names goes on.
    llvm::Function* wake();
    /// ptr room(context, state, process, length): for a text of a process, or null.
    llvm::Function* room();
    /// i32 end(context, state, family, first, behind): waits for the threads of these processes.
    llvm::Function* end();

    static llvm::Value* words(Builder& b, llvm::Value* base, llvm::Value* offset);
    static llvm::Value* process_words(Builder& b, llvm::Value* state, llvm::Value* process,
                                      uint64_t word = 0);

  private:
    struct Body;
    llvm::Function* finish();
    llvm::Function* stop();
    llvm::Function* main();
    llvm::Function* report();
    llvm::Function* make(const std::string& name, llvm::Type* result, std::vector<llvm::Type*> arguments);

    Unit& unit;
    std::map<std::string, llvm::Function*> made;
};

} // namespace lathe::codegen
