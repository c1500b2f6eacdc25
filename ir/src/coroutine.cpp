#include "coroutine.h"

#include "lathe/ir/error.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define LATHE_FIBERS_OF_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LATHE_FIBERS_OF_ASAN 1
#endif
#endif
#ifdef LATHE_FIBERS_OF_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace lathe::ir {

namespace {

/// Unwinds the stack of one that is not to go on.
struct Cancelled {};

/// Memory that is there when it is touched, with a page below it that may not be touched.
class Stack {
  public:
    Stack() : page(static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
        bytes =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (bytes == MAP_FAILED) fail({}, "there is no memory for the stack of another process");
        mprotect(bytes, page, PROT_NONE);
    }
    ~Stack() { munmap(bytes, size); }
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    void* bottom() const { return static_cast<char*>(bytes) + page; }
    size_t length() const { return size - page; }

  private:
    static constexpr size_t size = size_t(4) << 20;
    size_t page;
    void* bytes;
};

} // namespace

struct Coroutine::Machine {
    std::function<void()> body;
    Stack stack;
    ucontext_t own{}, caller{};
    std::exception_ptr thrown;
    bool done = false, cancel = false;
    const void* caller_bottom = nullptr; ///< of the stack that resumes it, for the address sanitizer
    size_t caller_length = 0;

    explicit Machine(std::function<void()> f) : body(std::move(f)) {}

    static void start(unsigned high, unsigned low) {
        auto* m = reinterpret_cast<Machine*>((static_cast<uintptr_t>(high) << 32) | low);
        m->entered(nullptr);
        try {
            if (!m->cancel) m->body();
        } catch (const Cancelled&) {
        } catch (...) {
            m->thrown = std::current_exception();
        }
        m->done = true;
        m->leave(true);
    }

    void enter() {
        void* fake = nullptr;
#ifdef LATHE_FIBERS_OF_ASAN
        __sanitizer_start_switch_fiber(&fake, stack.bottom(), stack.length());
#endif
        swapcontext(&caller, &own);
#ifdef LATHE_FIBERS_OF_ASAN
        __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
        static_cast<void>(fake);
    }

    void leave(bool forever) {
        void* fake = nullptr;
#ifdef LATHE_FIBERS_OF_ASAN
        __sanitizer_start_switch_fiber(forever ? nullptr : &fake, caller_bottom, caller_length);
#endif
        static_cast<void>(forever);
        swapcontext(&own, &caller);
        entered(fake);
    }

    void entered(void* fake) {
#ifdef LATHE_FIBERS_OF_ASAN
        __sanitizer_finish_switch_fiber(fake, &caller_bottom, &caller_length);
#endif
        static_cast<void>(fake);
    }
};

Coroutine::Coroutine(std::function<void()> body) : machine(std::make_unique<Machine>(std::move(body))) {
    Machine& m = *machine;
    getcontext(&m.own);
    m.own.uc_stack.ss_sp = m.stack.bottom();
    m.own.uc_stack.ss_size = m.stack.length();
    m.own.uc_link = nullptr;
    const auto address = reinterpret_cast<uintptr_t>(&m);
    // makecontext passes ints: a pointer takes two.
    makecontext(&m.own, reinterpret_cast<void (*)()>(&Machine::start), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
}

Coroutine::~Coroutine() {
    if (machine->done) return;
    machine->cancel = true;
    machine->enter();
}

void Coroutine::resume() {
    invariant(!machine->done, "a coroutine that has ended is resumed");
    machine->enter();
    if (machine->thrown) std::rethrow_exception(std::exchange(machine->thrown, nullptr));
}

bool Coroutine::done() const {
    return machine->done;
}

void Coroutine::suspend() {
    machine->leave(false);
    if (machine->cancel) throw Cancelled{};
}

} // namespace lathe::ir
