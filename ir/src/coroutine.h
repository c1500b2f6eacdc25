#pragma once
/// \file Functions that stop in the middle and go on later.

#include <exception>
#include <functional>
#include <memory>

namespace lathe::ir {

/// A function on a stack of its own. Only one runs at a time, in the thread that resumes it.
class Coroutine {
  public:
    /// \throws Error when there is no memory for its stack.
    explicit Coroutine(std::function<void()> body);
    /// One that has not ended is unwound: what its stack holds is destroyed.
    ~Coroutine();
    Coroutine(const Coroutine&) = delete;
    Coroutine& operator=(const Coroutine&) = delete;

    /// Runs until it suspends or ends. \throws What it throws.
    void resume();
    bool done() const;
    /// Called inside of it: returns when it is resumed.
    void suspend();

  private:
    struct Machine;
    std::unique_ptr<Machine> machine;
};

} // namespace lathe::ir
