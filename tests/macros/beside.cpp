// Networks of stencils beside other networks: stages that stream, unfold and dataflow joined before.

#include "stencils.h"

#include "lathe/hls/emit.h"
#include "refusal.h"
#include "vitis_compiled.h"

using namespace lathe;

namespace {

/// Two Funcs that stream to each other, and a stencil of two stages of what they make and of the input.
struct Beside {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(8), {9, 12}};
    Func made{"made", Int(12), {9, 12}}, scaled{"scaled", Int(12), {9, 12}}, rows{"rows", Int(16), {9, 10}},
        out{"out", Int(16), {7, 10}}, after{"after", Int(16), {7, 10}}, last{"last", Int(16), {7, 10}};

    Beside() {
        made(y, x) = in(y, x) * 3;
        scaled(y, x) = made(y, x) - 5;
        rows(y, x) = in(y, x) + in(y, x + 2);
        out(y, x) = rows(y, x) + rows(y + 2, x);
        after(y, x) = out(y, x) * 2;
        last(y, x) = after(y, x) + 1;
    }
};

/// A kernel that calls another one.
struct KernelPair {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(12), {8, 10}}, a{"a", Int(12), {8, 10}};
    Output out{"out", Int(12), {8, 10}}, b{"b", Int(12), {8, 10}};
    Kernel blur{"blur", {a, b}, [&](KernelBody& k) {
                    k.for_(y, 0, 8,
                           [&] { k.for_(x, 0, 10, [&] { b(y, x) = repeat_edge(a)(y - 1, x) + a(y, x); }); });
                }};
    Kernel top{"top", {in, out}, [&](KernelBody& k) {
                   Array half = k.array("half", Int(12), {8, 10});
                   k.for_(y, 0, 8, [&] { k.for_(x, 0, 10, [&] { half(y, x) = in(y, x) / 2; }); });
                   k.call(blur, {half, out});
               }};
};

void check_all(const std::vector<Schedule>& all) {
    VitisKernels kernels;
    std::vector<Module> references;
    for (const Schedule& s : all) {
        check_network(s, false);
        check_machine_code(s, {s.module(), inline_calls(s.module())});
        kernels.add(s);
        references.push_back(s.reference());
    }
    kernels.compile();
    kernels.expect_right_stalled(references, 3);
}

} // namespace

TEST_CASE("a network beside stages that stream to each other, or run side by side") {
    const Beside p;
    Schedule before({p.scaled, p.last}), behind = before, both = before, unfolded = before,
                                         of_others = before;
    before.stream(p.made, p.scaled).stencil(p.out, {.unroll = 2});
    behind.stencil(p.out, {.unroll = 2}).stream(p.after, p.last);
    both.stream(p.made, p.scaled).stream(p.after, p.last).stencil(p.out, {.unroll = 2});
    unfolded.unfold(p.made, p.y).stencil(p.out, {.unroll = 2}).unfold(p.after, p.y);
    // What processes store in memory is an input.
    Func mean("mean", Int(16), {7, 11});
    mean(p.y, p.x) = p.scaled(p.y, p.x) + p.scaled(p.y + 2, p.x + 1);
    Schedule reads({p.scaled, mean});
    reads.stream(p.made, p.scaled).stencil(mean, {.unroll = 2});
    check_all({before, behind, both, unfolded, reads});
}

TEST_CASE("networks in kernels beside each other") {
    const KernelPair k;
    Schedule first(k.top), nested(k.top);
    first.stencil(k.blur, {.unroll = 2});
    nested.stencil(k.blur, {.unroll = 2}).dataflow(k.top);
    check_all({first, nested});
}

TEST_CASE("a network and processes: what is refused") {
    const Beside p;
    const auto after = [&](const std::vector<Func>& outputs, const std::function<void(Schedule&)>& calls) {
        return refusal([&] {
            Schedule s(outputs);
            calls(s);
        });
    };
    expect(after({p.scaled, p.last},
                 [&](Schedule& s) { s.stream(p.after, p.last).stencil(p.last, {.unroll = 2}); }),
           "a stage, or a loop of one, is a Function of its own: call stencil before that");
    expect(after({p.scaled, p.last}, [&](Schedule& s) { s.dataflow(p.made).stencil(p.out, {.unroll = 2}); }),
           "call stencil before that");
    expect(after({p.last}, [&](Schedule& s) { s.stream(p.out, p.after).stencil(p.out); }),
           "call stencil before that");
    const KernelPair k;
    const auto in_kernel = [&](const std::function<void(Schedule&)>& calls) {
        return refusal([&] {
            Schedule s(k.top);
            calls(s);
        });
    };
    expect(in_kernel([&](Schedule& s) { s.dataflow(k.top).stencil(k.blur); }),
           "a comes through a stream of the processes around blur: call stencil before they are made");
    expect(in_kernel([&](Schedule& s) { s.dataflow(k.top).stencil(k.top); }),
           "top is a network already, of other processes: one is made of loops over tensors");
    expect(in_kernel([&](Schedule& s) { s.stencil(k.blur).stencil(k.top); }),
           "top has processes or streams already, at beside.cpp");
    expect(in_kernel([&](Schedule& s) {
               s[k.blur].split(k.x, 4);
               s.stencil(k.blur);
           }),
           "Store each element in loops over the subscripts; call stencil before they are split or fused");
    expect(in_kernel([&](Schedule& s) {
               s[k.blur].pipeline(k.x);
               s.stencil(k.blur);
           }),
           "loop x of blur is pipeline: call stencil first, it makes loops of its own");
}
