// Networks whose processes are threads of a CPU: the same results, errors that stop all, and deadlocks that
// are told.

#include "dataflow_programs.h"
#include "lathe/codegen/compile.h"
#include "lathe/codegen/jit.h"
#include "lathe/ir/inline_calls.h"
#include "programs.h"
#include "refusal.h"

#include <doctest/doctest.h>

extern "C" int halide_set_num_threads(int n);

using namespace lathe;
using namespace lathe::ir;

namespace {

std::vector<AnyBuffer> run(const std::function<void(const std::vector<AnyBuffer*>&)>& f,
                           const std::vector<AnyBuffer>& given) {
    std::vector<AnyBuffer> copies;
    std::vector<AnyBuffer*> pointers;
    for (const AnyBuffer& b : given)
        copies.push_back(b.copy());
    for (AnyBuffer& b : copies)
        pointers.push_back(&b);
    f(pointers);
    return copies;
}

const Target threads = Target::host().with_threads();

void check_threads(const Module& m, int times, unsigned seed, const Target& target = threads) {
    const std::vector<AnyBuffer> given = make_arguments(m, {}, seed);
    const auto right = run([&](const auto& all) { interpret(m, all, {}); }, given);
    const JitFunction f = jit(m, target);
    for (int n = 0; n < times; ++n) {
        const auto now = run([&](const auto& all) { f.call(all); }, given);
        for (size_t k = 0; k < right.size(); ++k)
            CHECK(bit_equal(right[k], now[k]));
    }
}

} // namespace

TEST_CASE("networks as threads: golden programs and designs") {
    std::vector<DataflowProgram> all = golden_dataflow_programs();
    for (DataflowProgram& p : dataflow_designs())
        all.push_back(std::move(p));
    for (const DataflowProgram& p : all) {
        CAPTURE(p.name);
        check_threads(Schedule(p.kernel).module(), 20, 7);
    }
}

namespace {

/// A source and a sink of n tokens, with `middle` between them.
struct Ends {
    Param N{"N"};
    Var i{"i"};
    InStream in{"in", Int(32)};
    OutStream out{"out", Int(32)};
    Input from{"from", Int(32), {N}};
    Output to{"to", Int(32), {N}};
    static constexpr unsigned load_line = __LINE__ + 1;
    Kernel load{"load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i)); }); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); }};
    Input x{"x", Int(32), {64}};
    Output y{"y", Int(32), {64}};

    Kernel around(const std::string& name, const Kernel& middle, int64_t depth) const {
        return Kernel(name, {x, y}, [&](KernelBody& b) {
            b.dataflow([&] {
                Stream s = b.stream("s", Int(32), {}, depth), t = b.stream("t", Int(32), {}, depth);
                b.call(load, {x, s});
                b.call(middle, {s, t});
                b.call(store, {t, y});
            });
        });
    }
};

std::string failure(const Module& m, const JitFunction& f, int32_t value) {
    std::vector<AnyBuffer> all = make_arguments(m, {}, 1);
    for (int64_t n = 0; n < all[0].size(); ++n)
        all[0].set({n}, Value::from_raw(Int(32), n == 50 ? value : 1));
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : all)
        pointers.push_back(&b);
    return refusal([&] { f.call(pointers); });
}

std::string failure(const Module& m, const Target& target, int32_t value) {
    return failure(m, jit(m, target), value);
}

} // namespace

TEST_CASE_FIXTURE(Ends, "networks as threads: an error in one process stops all") {
    const Kernel check("check", {in, out}, [&](KernelBody& b) {
        b.for_(i, 0, 64, [&] {
            const Expr v = b.pop(in);
            b.require(v < 100, "a token is too large");
            b.push(out, v);
        });
    });
    const Kernel whole = around("checked", check, 1);
    const Module m = Schedule(whole).module();
    const JitFunction f = jit(m, threads);
    for (int n = 0; n < 20; ++n) {
        CHECK(failure(m, f, 100).find("a token is too large") != std::string::npos);
        CHECK(failure(m, f, 99) == "not refused");
    }
}

TEST_CASE("networks as threads: a deadlock is told") {
    const int64_t n = 8;
    Var i("i");
    InStream a("a", Int(32)), c("c", Int(32));
    OutStream d("d", Int(32)), e("e", Int(32));
    Input from("from", Int(32), {2 * n}), x("x", Int(32), {2 * n});
    Output to("to", Int(32), {2 * n}), y("y", Int(32), {2 * n});
    Kernel split("split", {from, d, e}, [&](KernelBody& b) {
        b.for_(i, 0, n, [&] { b.push(d, from(i)); });
        b.for_(i, 0, n, [&] { b.push(e, from(n + i)); });
    });
    const unsigned write = here() - 3;
    Kernel join("join", {a, c, to}, [&](KernelBody& b) {
        b.for_(i, 0, n, [&] {
            to(2 * i) = b.pop(a);
            to(2 * i + 1) = b.pop(c);
        });
    });
    const unsigned read = here() - 3;
    const auto top = [&](int64_t depth) {
        return Kernel("top", {x, y}, [&](KernelBody& b) {
            b.dataflow([&] {
                Stream s = b.stream("s", Int(32), {2}, depth);
                b.call(split, {x, s(0), s(1)});
                b.call(join, {s(0), s(1), y});
            });
        });
    };
    const Kernel enough = top(n), little = top(n - 2), computed = top(0);
    const Module m = Schedule(little).module();
    check_threads(Schedule(enough).module(), 3, 2);
    check_threads(Schedule(computed).module(), 3, 2);
    CHECK(failure(m, Target::host(), 1) == "not refused");
    const JitFunction f = jit(m, threads);
    for (int k = 0; k < 10; ++k)
        CHECK(failure(m, f, 1) ==
              fmt::format("the processes wait for each other for ever:\n"
                          "  split waits to write s[0], which holds 6 of 6 (threads.cpp:{})\n"
                          "  join waits to read s[1], which holds 0 of 6 (threads.cpp:{})",
                          write, read));
}

TEST_CASE_FIXTURE(Ends, "networks as threads: within processes, in loops, and whatever the pool") {
    Param by("by", Int(32));
    Var p("p"), r("r");
    const Kernel add("add", {in, out, by},
                     [&](KernelBody& b) { b.for_(i, 0, 64, [&] { b.push(out, b.pop(in) * 3 + by); }); });
    // Its processes pass the streams that it is given, and one that it declares.
    const Kernel inner("inner", {in, out}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream t = b.stream("t", Int(32), {3}, 1);
            b.call(add, {in, t(0), 1});
            b.spawn({{p, 2}}, add, {t(p), t(p + 1), p});
            b.call(add, {t(2), out, 2});
        });
    });
    const Kernel one = around("one", inner, 1);
    check_threads(Schedule(one).module(), 10, 3);
    // In a cycle, where nothing asks for threads.
    const Kernel head("head", {in, out, from, to}, [&](KernelBody& b) {
        b.push(out, from(0));
        b.for_(i, 0, 64, [&] {
            const Expr v = b.pop(in);
            to(i) = v;
            b.if_(i < 63, [&] { b.push(out, v + from(i + 1)); });
        });
    });
    const Kernel cycle("cycle", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(32), {2}, 1);
            b.call(head, {s(0), s(1), x, y});
            b.call(inner, {s(1), s(0)});
        });
    });
    check_threads(Schedule(cycle).module(), 5, 3, Target::host());
    // A network of its own in a process, in a loop.
    const Kernel repeated("repeated", {in, out}, [&](KernelBody& b) {
        Array kept = b.array("kept", Int(32), {64});
        Array changed = b.array("changed", Int(32), {64});
        b.for_(i, 0, 64, [&] { kept(i) = b.pop(in); });
        b.for_(r, 0, 3, [&] {
            b.dataflow([&] {
                Stream t = b.stream("t", Int(32), {}, 1), u = b.stream("u", Int(32), {}, 1);
                b.call(load, {kept, t});
                b.call(add, {t, u, 1});
                b.call(store, {u, changed});
            });
            b.for_(i, 0, 64, [&] { kept(i) = changed(i); });
        });
        b.for_(i, 0, 64, [&] { b.push(out, kept(i)); });
    });
    const Kernel two = around("two", repeated, 1);
    const int before = halide_set_num_threads(1);
    check_threads(Schedule(two).module(), 5, 3);
    check_threads(Schedule(one).module(), 5, 3);
    halide_set_num_threads(before);
}

TEST_CASE_FIXTURE(Ends, "networks as threads: beside parallel loops") {
    Var j("j"), r("r");
    const Kernel work("work", {in, out}, [&](KernelBody& b) {
        Array kept = b.array("kept", Int(32), {64});
        b.for_(i, 0, 64, [&] { kept(i) = b.pop(in); });
        b.for_(j, 0, 64, [&] { kept(j) += j * j; });
        b.for_(i, 0, 64, [&] { b.push(out, kept(i)); });
    });
    const Kernel whole = around("whole", work, 1);
    Schedule inside(whole);
    inside[work].parallel(j);
    check_threads(inside.module(), 10, 3);
    Input xs("xs", Int(32), {4, 64});
    Output ys("ys", Int(32), {4, 64});
    const Kernel rows("rows", {xs, ys}, [&](KernelBody& b) {
        b.for_(r, 0, 4, [&] { b.call(whole, {view(xs, {r, Range(0, 64)}), view(ys, {r, Range(0, 64)})}); });
    });
    check_threads(Schedule(rows).module(), 5, 3);
    Schedule outside(rows);
    CHECK(refusal([&] { outside[rows].parallel(r); }).starts_with("parallel(r) at "));
}

TEST_CASE_FIXTURE(Ends, "networks as threads: a deadlock within a process, and too many") {
    Param by("by", Int(32));
    Var p("p");
    InStream more("more", Int(32));
    OutStream other("other", Int(32));
    const Kernel both("both", {in, more, out}, [&](KernelBody& b) {
        b.for_(i, 0, 64, [&] { b.push(out, b.pop(in) + b.pop(more)); });
    });
    const unsigned sum = here() - 2;
    const Kernel fork("fork", {in, out, other}, [&](KernelBody& b) {
        b.for_(i, 0, 64, [&] {
            const Expr v = b.pop(in);
            b.push(out, v);
            b.push(other, v);
        });
    });
    const unsigned taken = here() - 5;
    const Kernel waits("waits", {in, out}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream t = b.stream("t", Int(32), {2}, 1);
            b.call(both, {in, t(1), t(0)});
            b.call(fork, {t(0), t(1), out});
        });
    });
    const Kernel stuck = around("stuck", waits, 1);
    const std::string begin = "the processes wait for each other for ever:";
    const auto at = [](unsigned line) { return fmt::format(" (threads.cpp:{})", line); };
    const std::string inside = "\n  both waits to read t[1], which holds 0 of 1" + at(sum) +
                               "\n  fork waits to read t[0], which holds 0 of 1" + at(taken);
    CHECK(failure(Schedule(stuck).module(), Target::host(), 1) == begin + inside); // the others run in order
    CHECK(failure(Schedule(stuck).module(), threads, 1) ==
          begin + "\n  load waits to write s, which holds 1 of 1" + at(load_line) + inside +
              "\n  store waits to read t, which holds 0 of 1" + at(load_line + 1));
    const Kernel add("add", {in, out},
                     [&](KernelBody& b) { b.for_(i, 0, 64, [&] { b.push(out, b.pop(in) + 1); }); });
    const Kernel many("many", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(32), {1025}, 2);
            b.call(load, {x, s(0)});
            b.spawn({{p, 1024}}, add, {s(p), s(p + 1)});
            b.call(store, {s(1024), y});
        });
    });
    CHECK(refusal([&] {
              jit(Schedule(many), threads);
          }).starts_with("1026 processes are too many threads, the most are 1024"));
    CHECK(refusal([&] { jit(Schedule(many)); }) == "not refused");
}
