// Stacks that take turns: what the simulation of processes stands on. C++14.
#ifndef LATHE_FIBER_H
#define LATHE_FIBER_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

// libc's swapcontext asks the kernel for the signal mask each time: 20 times the cost of the switch itself.
#if !defined(__x86_64__) || defined(__ILP32__) || defined(LATHE_SIM_UCONTEXT)
#define LATHE_FIBER_UCONTEXT 1
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define LATHE_FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LATHE_FIBER_ASAN 1
#endif
#endif
#ifdef LATHE_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace lathe_sim {

/// Memory for one stack, below it a guard that nobody may touch: so wide that large arrays do not step over
/// it.
class Stack {
  public:
    explicit Stack(size_t bytes) {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        size = (bytes + page - 1) / page * page + guard;
        memory =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        mprotect(memory, guard, PROT_NONE);
    }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    ~Stack() { munmap(memory, size); }

    void* bottom() const { return static_cast<char*>(memory) + guard; }
    size_t bytes() const { return size - guard; }
    bool guards(const void* address) const {
        const char* const a = static_cast<const char*>(address);
        return a >= memory && a < bottom();
    }

  private:
    static constexpr size_t guard = size_t(64) << 20;

    void* memory;
    size_t size;
};

#ifndef LATHE_FIBER_UCONTEXT
/// Leaves a stack, its pointer in *from, and goes on where `to` was left: what a call preserves is saved.
__attribute__((naked, noinline)) inline void switch_stacks(void** /*from*/, void* /*to*/) {
    asm volatile("pushq %rbp\n\t"
                 "pushq %rbx\n\t"
                 "pushq %r12\n\t"
                 "pushq %r13\n\t"
                 "pushq %r14\n\t"
                 "pushq %r15\n\t"
                 "movq %rsp, (%rdi)\n\t"
                 "movq %rsi, %rsp\n\t"
                 "popq %r15\n\t"
                 "popq %r14\n\t"
                 "popq %r13\n\t"
                 "popq %r12\n\t"
                 "popq %rbx\n\t"
                 "popq %rbp\n\t"
                 "ret");
}
#endif

/// A place where execution was left and can go on.
class Context {
  public:
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Goes on at `entry`, on this stack. `entry` calls arrived() first, and never returns.
    void start(const Stack& stack, void (*entry)()) {
#ifdef LATHE_FIBER_UCONTEXT
        getcontext(&saved);
        saved.uc_stack.ss_sp = stack.bottom();
        saved.uc_stack.ss_size = stack.bytes();
        saved.uc_link = nullptr;
        makecontext(&saved, entry, 0);
#else
        // As after a call from address 0, which ends every walk along the stack.
        void** top = reinterpret_cast<void**>(static_cast<char*>(stack.bottom()) + stack.bytes());
        *--top = nullptr;
        *--top = reinterpret_cast<void*>(entry);
        for (int saved_register = 0; saved_register < 6; ++saved_register)
            *--top = nullptr;
        pointer = top;
#endif
#ifdef LATHE_FIBER_ASAN
        bottom = stack.bottom();
        bytes = stack.bytes();
#endif
    }

    /// Goes on at `to`; returns when something goes on here. last: nothing will.
    void leave_for(Context& to, bool last = false) {
#ifdef LATHE_FIBER_ASAN
        to.came_from = this;
        __sanitizer_start_switch_fiber(last ? nullptr : &fake_stack, to.bottom, to.bytes);
#endif
        (void)last;
        std::memcpy(&exceptions, abi::__cxa_get_globals(), sizeof exceptions);
#ifdef LATHE_FIBER_UCONTEXT
        swapcontext(&saved, &to.saved);
#else
        switch_stacks(&pointer, to.pointer);
#endif
        arrived();
    }

    void arrived() {
        std::memcpy(abi::__cxa_get_globals(), &exceptions, sizeof exceptions);
#ifdef LATHE_FIBER_ASAN
        // This is how the bounds of the thread's own stack become known.
        __sanitizer_finish_switch_fiber(fake_stack, &came_from->bottom, &came_from->bytes);
#endif
    }

  private:
    /// What a stack is handling, as the C++ ABI lays it out for a thread.
    struct {
        void* caught;
        unsigned uncaught;
    } exceptions = {nullptr, 0};
#ifdef LATHE_FIBER_UCONTEXT
    ucontext_t saved;
#else
    void* pointer = nullptr;
#endif
#ifdef LATHE_FIBER_ASAN
    void* fake_stack = nullptr;
    const void* bottom = nullptr;
    size_t bytes = 0;
    Context* came_from = nullptr;
#endif
};

} // namespace lathe_sim

#endif
