// What calls and processes are given: read once, of the right type, and by nobody who writes it meanwhile.

#include "programs.h"
#include "refusal.h"
#include "vitis_compiled.h"

#include "lathe/codegen/jit.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/inline_calls.h"
#include "lathe/schedule/bounds.h"

#include <random>

using namespace lathe;
using namespace lathe::ir;

namespace {

struct Parts {
    Param N{"N"}, amount{"amount", Int(16)};
    Var i{"i"}, r{"r"};
    InOut part{"part", Int(16), {N}};
    Kernel add{
        "add", {part, amount}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { part(i) = part(i) + amount; }); }};
    InStream in{"in", Int(16)};
    OutStream out{"out", Int(16)}, more{"more", Int(16)};
    Input from{"from", Int(16), {8}};
    Output to{"to", Int(16), {8}};
    Kernel load{"load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { b.push(out, from(i)); }); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { to(i) = b.pop(in); }); }};
    Input x{"x", Int(16), {8}};
    Output y{"y", Int(16), {8}};
    InOut z{"z", Int(16), {8}};
};

/// Interpreter, in order, JIT and Vitis C++ compute the same.
void check_everywhere(const Schedule& s) {
    INFO(print(s));
    const Module& m = s.module();
    const std::vector<AnyBuffer> right = run(s.reference(), {}, 3), in_order = run(inline_calls(m), {}, 3);
    std::vector<AnyBuffer> made = make_arguments(m, {}, 3);
    std::vector<AnyBuffer*> arguments;
    for (AnyBuffer& b : made)
        arguments.push_back(&b);
    jit(s).call(arguments);
    for (size_t n = 0; n < right.size(); ++n) {
        CHECK(bit_equal(right[n], in_order[n]));
        CHECK(bit_equal(right[n], made[n]));
    }
    VitisKernels kernels;
    kernels.add(m);
    kernels.compile();
    kernels.expect_right(0, s.reference(), {{}});
}

} // namespace

TEST_CASE_FIXTURE(Parts, "a value and a beginning are read once, before the callee writes") {
    check_everywhere(Schedule(Kernel("value", {z}, [&](KernelBody& b) {
        b.call(add, {view(z, {Range(0, 8)}), z(0)});
        b.call(add, {view(z, {Range(clamp(z(1), 0, 4), 4)}), 5});
    })));
    check_everywhere(Schedule(
        Kernel("process", {z}, [&](KernelBody& b) { b.dataflow([&] { b.call(add, {z, z(0)}); }); })));
}

TEST_CASE_FIXTURE(Parts, "what a process is given is not read from what another writes") {
    CHECK(refusal([&] {
              build(Kernel("top", {z, y}, [&](KernelBody& b) {
                  Array w = b.array("w", Int(16), {8});
                  b.for_(i, 0, 8, [&] { w(i) = 0; });
                  b.dataflow([&] {
                      b.call(add, {z, 1});
                      b.call(add, {view(w, {Range(clamp(z(0), 0, 4), 4)}), 2});
                  });
                  b.for_(i, 0, 8, [&] { y(i) = w(i); });
              }));
          }) == "add is given a number that it reads from z, which add writes: read it before the dataflow");
}

TEST_CASE_FIXTURE(Parts, "a depth is not computed where a number decides who passes what") {
    Kernel either("either", {from, out, more, amount}, [&](KernelBody& b) {
        b.if_(amount > 3, [&] {
             b.for_(i, 0, 8, [&] { b.push(out, from(i)); });
             b.for_(i, 0, 8, [&] { b.push(more, from(i)); });
         }).else_([&] {
            b.for_(i, 0, 8, [&] {
                b.push(out, from(i));
                b.push(more, from(i));
            });
        });
    });
    InStream other("other", Int(16));
    Kernel join("join", {in, other, to},
                [&](KernelBody& b) { b.for_(i, 0, 8, [&] { to(i) = b.pop(in) + b.pop(other); }); });
    const auto network = [&](const std::function<CallArgument(KernelBody&)>& number) {
        return build(Kernel("top", {x, y},
                            [&](KernelBody& b) {
                                Scalar n = b.scalar("n", Int(16), x(0));
                                b.dataflow([&] {
                                    Stream s = b.stream("s", Int(16)), t = b.stream("t", Int(16));
                                    b.call(either, {x, s, t, number(b)});
                                    b.call(join, {s, t, y});
                                });
                            }))
            .module;
    };
    // A constant is known; what is read is not.
    CHECK_NOTHROW(with_safe_depths(network([](KernelBody&) { return CallArgument(5); })));
    CHECK(refusal([&] {
              with_safe_depths(network([&](KernelBody&) { return CallArgument(x(0)); }));
          }).find("data decide what passes here") != std::string::npos);
}

TEST_CASE_FIXTURE(Parts, "tokens are counted with the numbers that a call gives") {
    Param M("M");
    OutStream tokens("tokens", Int(16));
    Kernel odd("odd", {from, tokens, M}, [&](KernelBody& b) {
        b.for_(i, 0, M, [&] { b.if_(i % 2 == 1, [&] { b.push(tokens, from(i)); }); });
    });
    Output half("half", Int(16), {4});
    Kernel keep("keep", {in, half}, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { half(i) = b.pop(in); }); });
    Output h("h", Int(16), {4});
    check_everywhere(Schedule(Kernel("top", {x, h}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(16));
            b.call(odd, {x, s, 8});
            b.call(keep, {s, h});
        });
    })));
}

TEST_CASE_FIXTURE(Parts, "blocks of one stream are filled and drained one after the other") {
    OutBlockStream blocks("blocks", Int(16), {2});
    CHECK(refusal([&] {
              Kernel("k", {blocks},
                     [&](KernelBody& b) { b.fill(blocks, [&](Array) { b.fill(blocks, [](Array) {}); }); });
          }) == "a block of blocks is being filled here: the next one begins when that has ended");
    InBlockStream given("given", Int(16), {2});
    CHECK(refusal([&] {
              Kernel("k", {given},
                     [&](KernelBody& b) { b.drain(given, [&](Array) { b.drain(given, [](Array) {}); }); });
          }) == "a block of given is being drained here: the next one begins when that has ended");
}

TEST_CASE_FIXTURE(Parts, "a stream of a dataflow around has one reader and one writer, too") {
    Kernel outer("outer", {x, out}, [&](KernelBody& b) {
        b.dataflow([&] {
            b.call(load, {x, out});
            b.call(load, {x, out});
        });
    });
    Kernel both("both", {in, to}, [&](KernelBody& b) {
        b.for_(r, 0, 2, [&] { b.for_(i, 0, 8, [&] { to(i) = b.pop(in); }); });
    });
    CHECK(refusal([&] {
              build(Kernel("top", {x, y}, [&](KernelBody& b) {
                  b.dataflow([&] {
                      Stream s = b.stream("s", Int(16));
                      b.call(outer, {x, s});
                      b.call(both, {s, y});
                  });
              }));
          }) == "two processes are given out: load and load. A stream has one writer and one reader");
}

TEST_CASE_FIXTURE(Parts, "a Function that several levels call stands behind all of them") {
    Kernel twice("twice", {part}, [&](KernelBody& b) {
        b.call(add, {view(part, {Range(0, N)}), 7});
        b.call(add, {view(part, {Range(0, N)}), 9});
    });
    Kernel other("other", {part}, [&](KernelBody& b) { b.call(twice, {view(part, {Range(0, N)})}); });
    check_everywhere(Schedule(Kernel("top", {z}, [&](KernelBody& b) {
        b.call(add, {view(z, {Range(0, 4)}), 4});
        b.call(twice, {view(z, {Range(0, 8)})});
        b.call(other, {view(z, {Range(2, 3)})});
    })));
}

TEST_CASE_FIXTURE(Parts, "schedules around networks and calls") {
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        b.for_(r, 0, 5, [&] {
            b.dataflow([&] {
                Stream s = b.stream("s", Int(16), {}, 2);
                b.call(load, {x, s});
                b.call(store, {s, y});
            });
        });
    });
    Schedule peeled(top);
    peeled[top].split(r, 2, Tail::peel);
    check_everywhere(peeled);
    Input w("w", Int(16), {8});
    Kernel number("number", {w, z}, [&](KernelBody& b) { b.call(add, {view(z, {Range(0, 8)}), w(3)}); });
    Schedule typed(number);
    typed.quantize(w, Int(8));
    check_everywhere(typed);
    // What a Function stores is bounded by what it is given.
    for (const TensorRange& range : ranges(Schedule(number), {{w, -3, 3}, {z, 0, 100}}))
        if (range.tensor == z.symbol()) {
            CHECK(range.range.low == doctest::Approx(-3));
            CHECK(range.range.high == doctest::Approx(103));
        }
}

TEST_CASE(
    "a kernel that leaves the part of a tensor that it was given ends with an error, whatever lies there") {
    Param N("N");
    Var i("i");
    Input from("from", Int(16), {N}), by("by", Int(8), {1}), x("x", Int(16), {24}), s("s", Int(8), {1});
    Output to("to", Int(16), {N}), y("y", Int(16), {24});
    const Kernel moved("moved", {from, by, to}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] { to(i + by(0)) = from(i) + from(i + by(0)); });
    });
    std::mt19937 random(3);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int program = 0; program < 8; ++program) {
        const int n = 1 + pick(5), read_step = 1 + pick(3), write_step = 1 + pick(3);
        const Range read(4 + pick(5), n, read_step), written(4 + pick(5), n, write_step);
        const Kernel top("top", {x, s, y}, [&](KernelBody& b) {
            b.for_(i, 0, 24, [&] { y(i) = 0; });
            b.call(moved, {view(x, {read}), s, view(y, {written})});
        });
        Schedule schedule(top);
        if (program % 2) schedule.inline_call(moved);
        const JitFunction code = jit(schedule);
        VitisKernels simulated;
        if (program < 2) {
            simulated.add(schedule.module());
            simulated.compile();
        }
        for (int shift = -3; shift <= 3; ++shift) {
            CAPTURE(shift);
            const auto refused = [&](const auto& call) {
                std::vector<AnyBuffer> all = make_arguments(schedule.module(), {}, 1);
                all[1].set({0}, Value::from_raw(Int(8), shift));
                std::vector<AnyBuffer*> pointers;
                for (AnyBuffer& b : all)
                    pointers.push_back(&b);
                return refusal([&] { call(pointers); }) != "not refused";
            };
            TermHashes terms;
            const Module& m = schedule.module();
            CHECK(refused([&](const auto& all) { interpret(m, all); }) == (shift != 0));
            CHECK(refused([&](const auto& all) { interpret(m, all, {}, {.terms = &terms}); }) ==
                  (shift != 0));
            CHECK(refused([&](const auto& all) { code.call(all); }) == (shift != 0));
            if (program >= 2) continue;
            std::vector<AnyBuffer> all = make_arguments(m, {}, 1);
            all[1].set({0}, Value::from_raw(Int(8), shift));
            std::vector<AnyBuffer*> pointers;
            for (AnyBuffer& b : all)
                pointers.push_back(&b);
            CHECK(simulated.run(0, pointers, {}).empty() == (shift == 0));
        }
    }
}
