// Processes that take turns, and channels between them: C++ for Vitis HLS, simulated with bounded channels.
// One simulation at a time in a program. C++14.
#ifndef LATHE_SIM_H
#define LATHE_SIM_H

#include "lathe_fiber.h"
#include "lathe_sim_options.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace lathe_sim {

/// What stops a simulation: what() says which processes, channels and lines.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// No process can go on.
struct Deadlock : Error {
    using Error::Error;
};
/// Processes go on asking, and no token moves; or the time is over.
struct Livelock : Error {
    using Error::Error;
};
/// Tokens that nobody read.
struct Leftover : Error {
    using Error::Error;
};
/// Use that no hardware can follow, or without marks.
struct Misuse : Error {
    using Error::Error;
};

struct Place {
    const char* file;
    int line;
    std::string text() const { return std::string(file) + ":" + std::to_string(line); }
};

/// A process by name; also after its end, for messages. The test bench is one, of region 0.
struct Identity {
    std::string name;
    uint64_t region;
    std::shared_ptr<const Identity> parent;
};

class Channel;
class Region;
class Scheduler;
Scheduler& scheduler();

enum class Access { none, read, write, poll };

class Process {
  public:
    Process(std::shared_ptr<const Identity> who, Place made, std::function<void()> body, Region& region)
        : who(std::move(who)), made(made), body(std::move(body)), region(region) {}

    const std::shared_ptr<const Identity> who;
    const Place made;

    /// What it does now.
    std::string text() const;

  private:
    friend class Channel;
    friend class Scheduler;
    friend class Region;

    std::function<void()> body;
    Region& region;
    std::vector<const Process*> earlier; ///< those that must end before it begins
    std::unique_ptr<Stack> stack;
    Context context;
    Context* resumed_by = nullptr;
    bool is_ready = false, has_ended = false, is_cancelled = false;
    int regions = 0; ///< that it has open
    Channel* channel = nullptr;
    Access access = Access::none;
    Place at{"", 0};
    uint64_t iteration = 0;

    friend void begin_iteration();
    friend uint64_t this_iteration();
};

/// What streams and channels of blocks share: who uses them, and how full they are.
class Channel {
  public:
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    const std::string& name() const { return label; }
    /// Name and depth, as long as nothing was written. Options::depths has the last word.
    void declare(const std::string& name, size_t depth);

  protected:
    /// bytes: of the whole object. name: null for none.
    Channel(const char* kind, const char* name, size_t depth, size_t bytes, Place declared);
    /// \throws Leftover.
    ~Channel() noexcept(false);

    /// Waits for a token; nothing else runs until the reader waits again. \throws Misuse.
    void before_read(Place at);
    void after_read();
    void before_write(Place at);
    void after_write();
    /// To be called before a question is answered; if its answer is "not now", others go on.
    void asked(bool failed, Place at) const;

    size_t depth, fill = 0;

  private:
    friend class Scheduler;
    friend class Region;
    friend class Process;

    struct End {
        std::shared_ptr<const Identity> user;
        Process* waiting = nullptr;
    };
    void wait_to_read(Place at);
    void wait_to_write(Place at);
    void take(End& end, const char* does, Place at);
    void name_by_line();
    std::string text() const; ///< kind, name, fill
    std::string leftover() const;
    Misuse unmarked(const char* does, Place at) const;
    StreamReport report() const { return {label, declared.text(), depth, high_water, tokens}; }

    Scheduler& sim;
    const char* const kind;
    std::string label;
    const Place declared;
    const size_t bytes;
    size_t element = 0; ///< without a name: the place among those of one line
    bool has_own_name;
    const std::shared_ptr<const Identity> maker; ///< who declared it
    End reader, writer;
    size_t high_water = 0;
    uint64_t tokens = 0;
    const uint64_t serial;
};

/// Runs processes in turns. Its order is always the same, or follows from Options::seed.
class Scheduler {
  public:
    Scheduler() : options(options_of_environment()), test_bench(new Identity{"the test bench", 0, nullptr}) {
        who = test_bench.get();
    }
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;
    ~Scheduler() {
        if (!signal_stack.empty()) sigaction(SIGSEGV, &other_action, nullptr);
        try {
            write_report();
        } catch (const std::exception& e) {
            std::cerr << e.what() << "\n";
        }
        for (const auto& d : options.depths)
            if (depths_used.count(d.first) == 0)
                std::cerr << "LATHE_SIM_DEPTH: there was no stream " << d.first << "\n";
    }

    /// Into Options::report, with the channels that exist now.
    void write_report() const {
        if (options.report.empty()) return;
        Reports all = reports;
        for (const Channel* c : channels)
            all.add(c->report());
        all.write(options.report);
    }

    Options options;
    Reports reports;

  private:
    friend class Channel;
    friend class Process;
    friend class Region;
    friend void begin_iteration();
    friend uint64_t this_iteration();

    struct Cancelled {};

    bool stalls() const { return options.seed != 0; }

    void begin() {
        random = options.seed * 0x9e3779b97f4a7c15u;
        idle = resumed = 0;
        began = std::chrono::steady_clock::now();
    }

    uint64_t next_random() { // xorshift64*
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        return (random * 0x2545f4914f6cdd1du) >> 33;
    }

    void start(Process& p) {
        live.push_back(&p);
        if (stacks.empty() || stack_size != options.stack) {
            stacks.clear();
            stack_size = options.stack;
            stacks.emplace_back(new Stack(stack_size));
        }
        report_overflows();
        p.stack = std::move(stacks.back());
        stacks.pop_back();
        p.context.start(*p.stack, entry);
        resume(p);
    }

    /// A process that needs more than its stack ends the program by a segmentation fault: this says which.
    void report_overflows() {
#ifndef LATHE_FIBER_ASAN
        if (!signal_stack.empty()) return;
        signal_stack.resize(size_t(1) << 16);
        stack_t stack = {};
        if (sigaltstack(nullptr, &stack) == 0 && (stack.ss_flags & SS_DISABLE) != 0) {
            stack = {};
            stack.ss_sp = signal_stack.data();
            stack.ss_size = signal_stack.size();
            sigaltstack(&stack, nullptr);
        }
        struct sigaction action = {};
        action.sa_sigaction = overflowed;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigaction(SIGSEGV, &action, &other_action);
#endif
    }

    static void overflowed(int, siginfo_t* info, void*) {
        Scheduler& s = scheduler();
        // The instruction is tried again, and fails as without this handler.
        sigaction(SIGSEGV, &s.other_action, nullptr);
        if (!s.current || !s.current->stack->guards(info->si_addr)) return;
        for (const char* part : {"lathe_sim: the process ", s.current->who->name.c_str(),
                                 " needs a larger stack: LATHE_SIM_STACK sets its bytes\n"})
            if (write(STDERR_FILENO, part, std::strlen(part)) < 0) return;
    }

    static void entry() {
        Scheduler& s = scheduler();
        Process& p = *s.current;
        p.context.arrived();
        s.run(p);
        p.context.leave_for(*p.resumed_by, true);
        std::terminate(); // nothing resumes it
    }

    void run(Process& p) {
        try {
            for (const Process* e : p.earlier)
                while (!e->has_ended)
                    block(nullptr, Access::none, p.made);
            p.body();
        } catch (const Cancelled&) {
        } catch (...) {
            if (!failure && !p.is_cancelled) failure = std::current_exception();
        }
        p.has_ended = true;
        idle = 0;
    }

    void resume(Process& p) {
        Context here;
        Process* const before = current;
        p.resumed_by = before ? &before->context : &here;
        p.is_ready = false;
        set_current(&p);
        p.resumed_by->leave_for(p.context);
        set_current(before);
        if (p.has_ended) retire(p);
    }

    void set_current(Process* p) {
        current = p;
        who = p ? p->who.get() : test_bench.get();
    }

    void retire(Process& p);

    void leave() {
        Process& p = *current;
        p.context.leave_for(*p.resumed_by);
        p.access = Access::none;
        p.channel = nullptr;
        if (p.is_cancelled) throw Cancelled();
    }

    /// The current process goes on when something makes it ready.
    void block(Channel* c, Access access, Place at) {
        current->channel = c;
        current->access = access;
        current->at = at;
        leave();
    }

    /// Others go on first.
    void yield(Channel* c, Access access, Place at) {
        make_ready(*current);
        block(c, access, at);
    }

    void make_ready(Process& p) {
        if (p.is_ready || p.has_ended) return;
        p.is_ready = true;
        ready.push_back(&p);
    }

    /// Now and then, others go on first.
    void stall(Channel& c, Access access, Place at) {
        if (current && next_random() % 4 == 0) yield(&c, access, at);
    }

    void poll(Channel& c, bool failed, Place at) {
        if (++idle > options.idle) {
            const Livelock error("livelock: " + std::to_string(options.idle) +
                                 " questions, and no token moved (LATHE_SIM_IDLE sets the limit)" +
                                 states(&c, at));
            if (!current) throw error;
            if (!failure) failure = std::make_exception_ptr(error);
        }
        if (current && (failed || failure || idle % 256 == 0 || stalls())) yield(&c, Access::poll, at);
    }

    std::shared_ptr<const Identity> shared_who() const { return current ? current->who : test_bench; }

    /// Runs processes until those of the region have ended. Called by the test bench alone.
    void finish(Region& region);

    Process& pick() {
        if (stalls()) std::swap(ready.front(), ready[next_random() % ready.size()]);
        Process& p = *ready.front();
        ready.pop_front();
        return p;
    }

    void check_time() {
        if (options.seconds <= 0 || ++resumed % 1024 != 0) return;
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
        if (spent.count() < options.seconds) return;
        failure = std::make_exception_ptr(
            Livelock("the time that LATHE_SIM_SECONDS gives is over" + states(nullptr, {"", 0})));
    }

    /// What all processes do; the current one asks this channel.
    std::string states(const Channel* channel, Place at) const {
        std::string text;
        const auto asks = [&](const std::string& name) {
            text += "\n  " + name + " asks the " + channel->text() + ", at " + at.text();
        };
        if (!current && channel) asks("the test bench");
        for (const Process* p : live)
            if (p == current)
                asks(p->who->name + " (" + p->made.text() + ")");
            else if (p->regions == 0)
                text += "\n  " + p->text();
        return text;
    }

    /// Ends all processes; their objects are destroyed.
    void cancel_all() {
        while (!live.empty())
            cancel(*live.back());
    }

    void cancel(Process& p) {
        p.is_cancelled = true;
        if (p.channel)
            for (Channel::End* end : {&p.channel->reader, &p.channel->writer})
                if (end->waiting == &p) end->waiting = nullptr;
        while (!p.has_ended)
            resume(p);
    }

    /// After an error, what is in channels that live on has no meaning.
    void clear_channels() {
        for (Channel* c : channels) {
            c->fill = 0;
            c->reader = c->writer = Channel::End();
        }
    }

    void throw_failure() {
        const std::exception_ptr error = failure;
        write_report();
        cancel_all();
        clear_channels();
        failure = nullptr;
        std::rethrow_exception(error);
    }

    Process* current = nullptr; ///< null: the test bench
    const Identity* who = nullptr;
    std::shared_ptr<const Identity> test_bench;
    std::deque<Process*> ready;
    std::vector<Process*> live;
    std::vector<Channel*> channels;
    std::set<std::string> depths_used;
    std::vector<std::unique_ptr<Stack>> stacks;
    size_t stack_size = 0;
    std::vector<char> signal_stack;
    struct sigaction other_action = {};
    std::exception_ptr failure;
    uint64_t random = 0, idle = 0, resumed = 0, regions = 0, serials = 0, iterations = 0,
             test_bench_iteration = 0;
    int open_regions = 0; ///< of the test bench
    std::chrono::steady_clock::time_point began;
};

inline Scheduler& scheduler() {
    static Scheduler s;
    return s;
}

/// To be set between simulations: at first what the environment says.
inline Options& options() {
    return scheduler().options;
}

/// What was counted so far in channels that exist no more, and in arrays.
inline const Reports& reports() {
    return scheduler().reports;
}

} // namespace lathe_sim

#include "lathe_sim_region.h"

#endif
