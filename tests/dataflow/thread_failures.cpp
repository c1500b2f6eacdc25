// Networks as threads that get no memory, no thread, or wait for ever: an error each time, and nothing hangs.

#include "lathe/codegen/jit.h"
#include "lathe/dsl/kernel.h"
#include "programs.h"
#include "refusal.h"

#include <atomic>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
using AllocateBlock = void* (*)(void*, size_t);
using ReleaseBlock = void (*)(void*, void*);
AllocateBlock halide_set_custom_malloc(AllocateBlock);
ReleaseBlock halide_set_custom_free(ReleaseBlock);
}

using namespace lathe;

namespace {

const Target threads = Target::host().with_threads();

/// A chain of processes, each with an array of its own.
struct Row {
    static constexpr int processes = 12, size = 64;
    Var i{"i"}, p{"p"};
    InStream in{"in", Int(32)};
    OutStream out{"out", Int(32)};
    Input from{"from", Int(32), {size}}, x{"x", Int(32), {size}};
    Output to{"to", Int(32), {size}}, y{"y", Int(32), {size}};
    Kernel load{
        "load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, size, [&] { b.push(out, from(i)); }); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, size, [&] { to(i) = b.pop(in); }); }};
    Kernel keep{"keep", {in, out}, [&](KernelBody& b) {
                    Array kept = b.array("kept", Int(32), {1 << 16});
                    b.for_(i, 0, size, [&] {
                        kept(i * 1000) = b.pop(in);
                        b.push(out, kept(i * 1000) + i);
                    });
                }};
    Kernel row{"row", {x, y}, [&](KernelBody& b) {
                   b.dataflow([&] {
                       Stream s = b.stream("s", Int(32), {processes + 1}, 1);
                       b.call(load, {x, s(0)});
                       b.spawn({{p, processes}}, keep, {s(p), s(p + 1)});
                       b.call(store, {s(processes), y});
                   });
               }};
    JitFunction code = jit(Schedule(row).module(), threads);

    std::string run() const {
        Buffer<int32_t> given({size}), got({size});
        given.fill(Value::index(5));
        const std::string why = refusal([&] { code(given, got); });
        if (why != "not refused") return why;
        for (int n = 0; n < size; ++n)
            if (got.get({n}).as_int64() != 5 + n * processes) return "other results";
        return "right";
    }
};

/// How many blocks of memory are there still.
std::atomic<int> left;

void* scarce(void*, size_t bytes) {
    return left-- > 0 ? std::aligned_alloc(128, (bytes + 127) / 128 * 128) : nullptr;
}

void release(void*, void* memory) {
    std::free(memory);
}

/// While it lives, so many blocks of memory can be had.
struct Scarce {
    AllocateBlock allocate;
    ReleaseBlock free;
    explicit Scarce(int blocks)
        : allocate(halide_set_custom_malloc(scarce)), free(halide_set_custom_free(release)) {
        left = blocks;
    }
    ~Scarce() {
        halide_set_custom_malloc(allocate);
        halide_set_custom_free(free);
    }
    Scarce(const Scarce&) = delete;
    Scarce& operator=(const Scarce&) = delete;
};

} // namespace

TEST_CASE_FIXTURE(Row, "networks as threads: without memory for one, all end") {
    int refused = 0;
    for (int blocks = 0;; ++blocks) {
        const Scarce memory(blocks);
        const std::string result = run();
        if (result == "right") break;
        CHECK(result.find("memory") != std::string::npos);
        ++refused;
    }
    CHECK(refused >= processes); // each array of a process is one
    CHECK(run() == "right");
}

namespace {

/// While it lives, stacks of threads are so large.
class Stacks {
  public:
    explicit Stacks(size_t bytes) {
        pthread_attr_t now;
        REQUIRE(pthread_getattr_default_np(&before) == 0);
        REQUIRE(pthread_attr_init(&now) == 0);
        REQUIRE(pthread_attr_setstacksize(&now, bytes) == 0);
        REQUIRE(pthread_setattr_default_np(&now) == 0);
    }
    ~Stacks() { pthread_setattr_default_np(&before); }
    Stacks(const Stacks&) = delete;
    Stacks& operator=(const Stacks&) = delete;

  private:
    pthread_attr_t before;
};

/// While it lives, there is no more address space than that beside what is used. A sanitizer uses it all.
class Room {
  public:
    explicit Room(size_t bytes) {
        std::ifstream("/proc/self/statm") >> pages;
        REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
        rlimit now = before;
        now.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
        REQUIRE(setrlimit(RLIMIT_AS, &now) == 0);
    }
    ~Room() { setrlimit(RLIMIT_AS, &before); }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

  private:
    rlimit before;
    size_t pages = 0;
};

bool sanitized() {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages > size_t{1} << 26;
}

void expect_no_thread(const std::string& result) {
    CHECK(result.starts_with("no thread could be started for the process "));
    CHECK(result.ends_with(": the system has no room for another one"));
}

} // namespace

TEST_CASE_FIXTURE(Row, "networks as threads: without a thread for one, all end") {
    {
        const Stacks stacks(size_t{1} << 46);
        expect_no_thread(run());
    }
    CHECK(run() == "right");
    if (sanitized()) return;
    const size_t stack = size_t{1} << 28;
    for (const size_t so_many : {1, 3, 10}) {
        std::string result;
        {
            const Stacks stacks(stack);
            const Room room(so_many * stack + stack / 2);
            result = run();
        }
        expect_no_thread(result);
        CHECK(result.find("the process keep:") != std::string::npos); // load has one
        CHECK(run() == "right");
    }
}

TEST_CASE("networks as threads: a deadlock is told whole, and without memory in short") {
    const std::string longest(190, 'n');
    Var i("i");
    InStream a("a", Int(32)), c("c", Int(32));
    OutStream d("d", Int(32)), e("e", Int(32));
    Input x("x", Int(32), {8});
    Output y("y", Int(32), {8});
    Kernel split(longest, {x, d, e}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.push(d, x(i)); });
        b.for_(i, 0, 4, [&] { b.push(e, x(4 + i)); });
    });
    const unsigned write = here() - 3;
    unsigned read = 0;
    Kernel join("join", {a, c, y}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] {
            y(2 * i) = b.pop(a);
            y(2 * i + 1) = b.pop(c), read = here();
        });
    });
    const Kernel top("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("100%s" + longest, Int(32), {2}, 2);
            b.call(split, {x, s(0), s(1)});
            b.call(join, {s(0), s(1), y});
        });
    });
    const JitFunction code = jit(Schedule(top).module(), threads);
    Buffer<int32_t> given({8}), got({8});
    const auto run = [&] { return refusal([&] { code(given, got); }); };
    const std::string head = "the processes wait for each other for ever";
    const std::string whole =
        head + fmt::format(":\n  {0} waits to write 100%s{0}[0], which holds 2 of 2 (thread_failures.cpp:{1})"
                           "\n  join waits to read 100%s{0}[1], which holds 0 of 2 (thread_failures.cpp:{2})",
                           longest, write, read);
    CHECK(run() == whole);
    std::string last;
    for (int blocks = 0; last != whole; ++blocks) {
        REQUIRE(blocks < 40);
        const Scarce memory(blocks);
        last = run();
        const bool memory_ran_out = last.find("memory") != std::string::npos;
        CHECK((memory_ran_out || last.starts_with(head)));
    }
}
