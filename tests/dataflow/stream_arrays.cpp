// Kernels that take arrays of streams.

#include "cycles.h"
#include "everywhere.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/network.h"
#include "lathe/lathe.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Six words of two samples each, from a loader by two lanes to a store.
struct Lanes {
    Var i{"i"}, l{"l"}, p{"p"};
    Input from{"from", Int(16), {6, 2}};
    Output to{"to", Int(16), {6, 2}};
    InStream in{"in", Int(16), {2}}, one{"one", Int(16)};
    OutStream out{"out", Int(16), {2}}, to_one{"to_one", Int(16)};
    InStream wide{"wide", Int(16), {2, 3}};
    Kernel load{"load", {from, out}, [&](KernelBody& b) {
                    each([&] { b.for_(l, 0, 2, [&] { b.push(out(l), from(i, l)); }); }, b);
                }};
    Kernel twice{"twice", {in, out}, [&](KernelBody& b) {
                     each([&] { b.for_(l, 0, 2, [&] { b.push(out(1 - l), b.pop(in(l)) * 2); }); }, b);
                 }};
    Kernel pass{
        "pass", {one, to_one}, [&](KernelBody& b) { each([&] { b.push(to_one, b.pop(one) - 3); }, b); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) {
                     each([&] { b.for_(l, 0, 2, [&] { to(i, l) = b.pop(in(l)); }); }, b);
                 }};
    Kernel drop{"drop", {wide}, [&](KernelBody& b) {
                    each([&] { b.for_(l, 0, 2, [&] { b.pop(wide(l, i % 3)); }); }, b);
                }};
    Input x{"x", Int(16), {6, 2}};
    Output y{"y", Int(16), {6, 2}};

    void each(const std::function<void()>& body, KernelBody& b) const { b.for_(i, 0, 6, body); }

    Kernel network(const std::function<void(KernelBody&)>& body) const {
        return Kernel("top", {x, y}, [&](KernelBody& b) { b.dataflow([&] { body(b); }); });
    }
    /// `loader` and a store, joined by s.
    Kernel loaded(const Kernel& loader) const {
        return network([&](KernelBody& b) {
            Stream s = b.stream("s", Int(16), {2});
            b.call(loader, {x, s});
            b.call(store, {s, y});
        });
    }
    /// A loader of its own.
    Kernel loader(const std::function<void(KernelBody&)>& body) const { return {"load", {from, out}, body}; }
    Kernel all() const {
        return network([&](KernelBody& b) {
            Stream s = b.stream("s", Int(16), {3, 2});
            b.call(load, {x, s(0)});
            b.call(twice, {s(0), s(1)});
            b.spawn({{p, 2}}, pass, {s(1, p), s(2, p)});
            b.call(store, {s(2), y});
        });
    }
    std::string refused(unsigned line, const std::function<void(KernelBody&)>& body) const {
        return refusal(line, [&] { build(network(body)); });
    }
};

/// The array of a loader has one stream more than the loader takes.
class OneMore : public Mutator {
    using Mutator::visit;
    Stmt visit(const DeclareStream& d, const Stmt&) override {
        StreamDeclaration s = d.stream;
        s.dims = {index(3)};
        return DeclareStream::make(s, (*this)(d.body));
    }
};

/// What is pushed goes to a stream that there is not.
class Beyond : public Mutator {
    using Mutator::visit;
    Stmt visit(const Push& p, const Stmt&) override {
        return Push::make({p.to.stream, {index(5)}}, p.type, p.value, p.loc);
    }
};

} // namespace

TEST_CASE_FIXTURE(Lanes, "an array of streams is passed with its extents") {
    Module m = build(loaded(load)).module;
    CHECK(print(m).find("out stream out: Int(16)[2]") != std::string::npos);
    verify(m);
    check_networks(m);
    m.top().body = OneMore()(m.top().body);
    CHECK(refusal([&] { verify(m); }).find("load takes 2 streams in a dimension of out, and s has 3") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams: the interpreter knows how many there are") {
    Module m = build(loaded(load)).module;
    m.functions[1].body = Beyond()(m.functions[1].body);
    CHECK(refusal([&] { check_networks(m); }) ==
          "load may name a stream of out that there is not: it has 2 of them");
    CHECK(refusal([&] { run(m, {}, 3); }) == "subscript 0 of the streams out is 5, and there are 2");
}

TEST_CASE_FIXTURE(Lanes, "tokens are counted stream by stream of an array") {
    unsigned line = here() + 2;
    const Kernel by_data = loader([&](KernelBody& b) {
        each([&] { b.for_(l, 0, 2, [&] { b.push(out(from(i, 0)), from(i, l)); }); }, b);
    });
    CHECK(refusal(line, [&] { build(loaded(by_data)); }) ==
          "how many tokens load passes through out cannot be counted: which one of an array of streams it "
          "is, data say");
    Param which("which", UInt(1));
    line = here() + 2;
    const Kernel chosen("load", {from, out, which},
                        [&](KernelBody& b) { each([&] { b.push(out(which), from(i, 0)); }, b); });
    CHECK(refusal(line,
                  [&] {
                      build(network([&](KernelBody& b) {
                          Stream s = b.stream("s", Int(16), {2});
                          b.call(chosen, {x, s, x(0, 0)});
                          b.call(store, {s, y});
                      }));
                  }) ==
          "how many tokens load passes through out cannot be counted: which one of an array of streams it "
          "is, data say");
    const Kernel first_alone = loader(
        [&](KernelBody& b) { each([&] { b.for_(l, 0, 2, [&] { b.push(out(0), from(i, l)); }); }, b); });
    CHECK(refusal([&] { build(loaded(first_alone)); }) ==
          "load writes 12 tokens into s[0], and store reads 6: they must be equal");
    const Kernel beyond = loader(
        [&](KernelBody& b) { each([&] { b.for_(l, 0, 3, [&] { b.push(out(l), from(i, 0)); }); }, b); });
    CHECK(refusal([&] { build(loaded(beyond)); }) ==
          "load may name a stream of out that there is not: it has 2 of them");
    const Kernel before = loader(
        [&](KernelBody& b) { each([&] { b.for_(l, 0, 3, [&] { b.push(out(l - 1), from(i, 0)); }); }, b); });
    CHECK(refusal([&] { build(loaded(before)); }) ==
          "load may name a stream of out that there is not: it has 2 of them");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams: everywhere, whole and in part, in every order of turns") {
    const Schedule plain(all());
    check_everywhere(plain);
    expect_same_with_stalls(plain, 10);
    expect_same_with_stalls(Schedule(loaded(load)), 3);
    // By hand.
    const std::vector<AnyBuffer> result = run(plain.module(), {}, 3);
    for (int64_t n = 0; n < 6; ++n)
        for (int64_t k = 0; k < 2; ++k)
            CHECK(result[1].get({n, k}).as_int64() ==
                  static_cast<int16_t>(static_cast<int16_t>(result[0].get({n, 1 - k}).as_int64() * 2) - 3));
    // Streams of the lanes all at once.
    const Kernel top = all();
    Schedule s(top);
    s[load].unroll(l);
    s[load].pipeline(i);
    s[top].call(twice, 0).unroll(l);
    s[store].unroll(l, 2);
    check_everywhere(s);
    expect_same_with_stalls(s, 3);
    VitisKernels kernels;
    kernels.add(plain);
    kernels.add(s);
    kernels.compile();
    kernels.expect_right_stalled({plain.reference(), s.reference()}, 10);
    const CycleReport in_turn = simulate_cycles(plain.module(), inputs_of(plain.module()));
    const CycleReport at_once = simulate_cycles(s.module(), inputs_of(s.module()));
    check_values(plain.module(), in_turn);
    check_values(s.module(), at_once);
    CHECK(at_once.cycles < in_turn.cycles);
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams: a number that a call gives says which one") {
    Param which("which", UInt(2));
    const Kernel copy("copy", {from, to_one},
                      [&](KernelBody& b) { each([&] { b.push(to_one, from(i, 1)); }, b); });
    const Kernel put("put", {one, out, which},
                     [&](KernelBody& b) { each([&] { b.push(out(which), b.pop(one)); }, b); });
    const Kernel pick("pick", {in, to, which}, [&](KernelBody& b) {
        each([&] { b.for_(l, 0, 2, [&] { to(i, l) = l; }); }, b);
        each([&] { to(i, 0) = b.pop(in(1 - which)); }, b);
    });
    const auto chain = [&](int first, int second) {
        return network([&](KernelBody& b) {
            Stream s = b.stream("s", Int(16)), t = b.stream("t", Int(16), {2});
            b.call(copy, {x, s});
            b.call(put, {s, t, first});
            b.call(pick, {t, y, second});
        });
    };
    check_everywhere(Schedule(chain(1, 0)));
    expect_same_with_stalls(Schedule(chain(0, 1)));
    CHECK(refusal([&] { build(chain(1, 1)); }) ==
          "put writes 0 tokens into t[0], and pick reads 6: they must be equal");
    CHECK(refusal([&] { build(chain(2, 1)); }) ==
          "put may name a stream of out that there is not: it has 2 of them");
    CHECK(refusal([&] { build(chain(1, 2)); }) ==
          "pick may name a stream of in that there is not: it has 2 of them");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams as Vitis C++") {
    const std::string text = vitis_source(build(all()).module);
    has(text, "template <int depth> static void load(const ap_int<16>* from,\n"
              "    hls::stream<ap_int<16>, depth> (&out)[2]) {");
    has(text, "hls::stream<ap_int<16>, 2> s[3][2];");
    has(text, "LATHE_PROCESS(load(x, s[0]));");
    has(text, "LATHE_PROCESS_AT((1), pass(s[1][1], s[2][1]));");
    has(text, "out[l].write(from[i * 2 + l]);");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams as arguments: their extents are numbers") {
    Param N("N");
    CHECK(refusal(here(), [&] { InStream("s", Int(16), {N}); }) ==
          "an extent of s is N: it must be a number. Make the kernel in a function that takes it");
    CHECK(refusal(here(), [&] { OutBlockStream("s", Int(16), {4}, {2, N + 1}); }) ==
          "an extent of s is N + 1: it must be a number. Make the kernel in a function that takes it");
    CHECK(refusal(here(), [&] { OutStream("s", Int(16), {1.5}); }) ==
          "an extent of the streams s is Real: it must be an integer");
    CHECK(refusal(here(), [&] { OutStream("s", Int(16), {2, 0}); }) ==
          "an extent of the streams s is 0: it is at least 1");
    CHECK(refusal(here(), [&] { InBlockStream("s", Int(16), {4}, {Expr(-1)}); }) ==
          "an extent of the streams s is -1: it is at least 1");
    CHECK(refusal(here(), [&] { InStream("s", Int(16), {256, 257}); }) ==
          "the streams s are too many: at most 65536");
    CHECK(refusal(here(), [&] { InStream("s", Int(16), {int64_t{1} << 40, int64_t{1} << 40}); }) ==
          "the streams s are too many: at most 65536");
    CHECK(InStream("s", Int(16), {Expr(2) * 4, 3}).name() == "s");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams: others than are taken are refused") {
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {3});
              b.call(load, {x, s});
          }) == "load takes 2 streams of Int(16) for out, and s is 3 streams of Int(16)");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {2, 3});
              b.call(load, {x, s(1)});
          }) == "load takes 2 streams of Int(16) for out, and what it is given of s is 3 streams of Int(16)");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {2});
              b.call(load, {x, s(1)});
          }) == "load takes 2 streams of Int(16) for out, and what it is given of s is a stream of Int(16)");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {3, 2});
              b.call(drop, {s});
          }) == "drop takes 2x3 streams of Int(16) for wide, and s is 3x2 streams of Int(8)");
    CHECK(refused(here(),
                  [&](KernelBody& b) {
                      BlockStream s = b.blocks("s", Int(16), {4}, 2, {2});
                      b.call(load, {x, s});
                  }) ==
          "load takes 2 streams of Int(16) for out, and s is 2 streams of blocks of 4 elements of Int(16)");
    Param N("N");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {N});
              b.call(load, {x, s});
          }) == "an extent of s is N: it must be a number. Make the kernel in a function that takes it");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {2, 2});
              b.call(load, {x, s(2)});
          }) == "s[2] is passed, and dimension 0 of the streams s has 2 of them");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {2});
              b.call(load, {x, s});
              b.call(load, {x, s});
          }) == "two processes write s[0]: load and load. A stream has one writer and one reader");
    CHECK(refused(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16), {2, 2});
              b.call(load, {x, s(1)});
              b.call(pass, {s(1, 0), s(0, 0)});
          }) == "pass writes s[0][0], and no process reads it");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams: one of them is named by all subscripts") {
    const auto kernel = [&](unsigned line, const std::function<void(KernelBody&)>& body) {
        return refusal(line, [&] { build(Kernel("k", {wide, out}, body)); });
    };
    CHECK(kernel(here(), [&](KernelBody& b) { b.push(out, 1); }) ==
          "the streams out take 1 subscripts, and one of them is named by 0");
    CHECK(kernel(here(), [&](KernelBody& b) { b.pop(wide(1)); }) ==
          "the streams wide take 2 subscripts, and one of them is named by 1");
    CHECK(kernel(here(), [&](KernelBody& b) { b.pop(wide(1, 2, 0)); }) ==
          "the streams wide take 2 subscripts, and one of them is named by 3");
    CHECK(kernel(here(), [&](KernelBody& b) { b.push(out(1.5), 1); }) ==
          "a subscript of the streams out is Real: it must be an integer");
}

TEST_CASE_FIXTURE(Lanes, "arrays of streams of a dataflow around: stream by stream") {
    const auto network = [&](const std::function<void(KernelBody&)>& body) {
        const Kernel inner("inner", {from, out}, [&](KernelBody& b) { b.dataflow([&] { body(b); }); });
        return loaded(inner);
    };
    const Kernel half("half", {from, to_one},
                      [&](KernelBody& b) { each([&] { b.push(to_one, from(i, 0)); }, b); });
    check_everywhere(Schedule(network([&](KernelBody& b) {
        b.call(half, {from, out(1)});
        b.call(half, {from, out(0)});
    })));
    const Kernel first("first", {from, out},
                       [&](KernelBody& b) { each([&] { b.push(out(0), from(i, 0)); }, b); });
    CHECK(refusal([&] {
              build(network([&](KernelBody& b) {
                  b.call(first, {from, out});
                  b.call(half, {from, out(1)});
              }));
          }) == "two processes are given out[1]: first and half. A stream has one writer and one reader");
    CHECK(refusal([&] { build(network([&](KernelBody& b) { b.call(half, {from, out(0)}); })); }) ==
          "inner writes 0 tokens into s[1], and store reads 6: they must be equal");
    CHECK(refusal([&] { build(network([&](KernelBody& b) { b.spawn({{p, 3}}, half, {from, out(p)}); })); }) ==
          "inner may name a stream of out that there is not: it has 2 of them");
}
