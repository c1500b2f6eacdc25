// Computed depths: the network runs through with them, and with one less on a critical stream it does not.

#include "lathe/ir/depths.h"
#include "dataflow_programs.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/visit.h"
#include "programs.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// The streams' depths, by name.
std::map<std::string, int64_t> depths_of(const Module& m) {
    std::map<std::string, int64_t> depths;
    for (const Function& f : m.functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                if (const auto* d = s.as<DeclareStream>()) depths[d->stream.symbol.name()] = d->stream.depth;
            },
            nullptr);
    return depths;
}

Module with_depths(const Module& m, const std::map<std::string, int64_t>& depths) {
    class SetDepth : public Mutator {
      public:
        explicit SetDepth(const std::map<std::string, int64_t>& d) : depths(d) {}

      protected:
        using Mutator::mutate;
        Stmt mutate(const Stmt& s) override {
            const Stmt r = Mutator::mutate(s);
            const auto* d = r.as<DeclareStream>();
            if (!d) return r;
            StreamDeclaration stream = d->stream;
            stream.depth = depths.at(stream.symbol.name());
            return DeclareStream::make(stream, d->body);
        }

      private:
        const std::map<std::string, int64_t>& depths;
    };
    Module result = m;
    for (Function& f : result.functions)
        f.body = SetDepth(depths)(f.body);
    return result;
}

bool runs_through(const Module& m) {
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, 3);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : buffers)
        pointers.push_back(&b);
    const std::string text = refusal([&] { interpret(m, pointers); });
    if (text != "not refused") CHECK(text.find("the processes wait for each other for ever") == 0);
    return text == "not refused";
}

/// A source to two ways, one of which collects `held` tokens before it passes them on, in rounds.
Kernel bypass(int64_t held, int64_t rounds) {
    Var i("i"), r("r");
    const Type t = Int(8);
    InStream in("in", t), more("more", t);
    OutStream out("out", t), other("other", t);
    const int64_t n = held * rounds;
    Input from("from", t, {n}), x("x", t, {n});
    Output to("to", Int(9), {n}), y("y", Int(9), {n});
    Kernel split("split", {from, out, other}, [&](KernelBody& b) {
        b.for_(i, 0, n, [&] {
            b.push(out, from(i));
            b.push(other, from(i));
        });
    });
    Kernel collect("collect", {in, out}, [&](KernelBody& b) {
        Array kept = b.array("kept", t, {held});
        b.for_(r, 0, rounds, [&] {
            b.for_(i, 0, held, [&] { kept(i) = b.pop(in); });
            b.for_(i, 0, held, [&] { b.push(out, kept(held - 1 - i)); });
        });
    });
    Kernel join("join", {in, more, to},
                [&](KernelBody& b) { b.for_(i, 0, n, [&] { to(i) = b.pop(in) + b.pop(more); }); });
    return Kernel("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream fast = b.stream("fast", t), slow = b.stream("slow", t), late = b.stream("late", t);
            b.call(split, {x, fast, slow});
            b.call(collect, {slow, late});
            b.call(join, {fast, late, y});
        });
    });
}

} // namespace

TEST_CASE("with the computed depths networks run through, with one less on a critical stream they do not") {
    for (const auto& [held, rounds] : {std::pair(3, 1), {5, 2}, {8, 3}, {13, 1}, {21, 2}}) {
        CAPTURE(held);
        const Module m = build(bypass(held, rounds)).module;
        const std::map<std::string, int64_t> computed = depths_of(with_safe_depths(m));
        CHECK(runs_through(with_depths(m, computed)));
        std::map<std::string, int64_t> least;
        for (const auto& [name, depth] : computed) {
            std::map<std::string, int64_t> tried = computed;
            for (tried[name] = 1; !runs_through(with_depths(m, tried)); ++tried[name])
                REQUIRE(tried[name] < depth);
            least[name] = tried[name];
        }
        MESSAGE("fast: computed ", computed.at("fast"), ", least ", least.at("fast"),
                "; slow: ", computed.at("slow"), ", ", least.at("slow"), "; late: ", computed.at("late"),
                ", ", least.at("late"));
        CHECK(computed.at("fast") == least.at("fast"));
        std::map<std::string, int64_t> less = computed;
        --less["fast"];
        CHECK(!runs_through(with_depths(m, less)));
    }
}

TEST_CASE("designs run through with the computed depths") {
    for (const DataflowProgram& p : dataflow_designs()) {
        CAPTURE(p.name);
        CHECK(runs_through(with_safe_depths(build(p.kernel).module)));
    }
}

TEST_CASE("a depth that depends on data or on sizes is refused") {
    Param N("N");
    Var i("i");
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Input from("from", Int(8), {N}), x("x", Int(8), {N});
    Output to("to", Int(8), {N}), y("y", Int(8), {N});
    Kernel load("load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i)); }); });
    Kernel store("store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); });
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8));
            b.call(load, {x, s});
            b.call(store, {s, y});
        });
    });
    Schedule s(top);
    CHECK(refusal([&] { with_safe_depths(s.module()); }) ==
          "no depth of the streams can be computed while N has no value: give it one by bind, or give each "
          "stream "
          "its depth");
    s.bind(N, 12);
    CHECK(depths_of(with_safe_depths(s.module())) == std::map<std::string, int64_t>{{"s", 2}});

    OutStream even("even", Int(8)), odd("odd", Int(8));
    InStream more("more", Int(8));
    Kernel either("either", {from, even, odd}, [&](KernelBody& b) {
        b.for_(i, 0, N, [&] {
            b.if_(from(i) > 0, [&] {
                 b.push(even, from(i));
                 b.push(odd, from(i));
             }).else_([&] {
                b.push(odd, from(i));
                b.push(even, from(i));
            });
        });
    });
    Kernel both("both", {in, more, to},
                [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in) + b.pop(more); }); });
    Kernel data("data", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream e = b.stream("e", Int(8)), o = b.stream("o", Int(8));
            b.call(either, {x, e, o});
            b.call(both, {e, o, y});
        });
    });
    Schedule d(data);
    d.bind(N, 12);
    CHECK(refusal([&] { with_safe_depths(d.module()); }) ==
          "no depth of the streams can be computed, since data decide what passes here: give each stream its "
          "depth");
}

namespace {

/// Three streams that hold 4, 9 and 2 tokens until they are read, as one array or each by itself.
Kernel held(bool one_array) {
    Var i("i");
    const Type t = Int(8);
    InStream a("a", t), b2("b2", t), c("c", t);
    OutStream d("d", t), e("e", t), f("f", t);
    Input from("from", t, {9}), x("x", t, {9});
    Output to("to", Int(10), {9}), y("y", Int(10), {9});
    Kernel split("split", {from, d, e, f}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.push(d, from(i)); });
        b.for_(i, 0, 9, [&] { b.push(e, from(i)); });
        b.for_(i, 0, 2, [&] { b.push(f, from(i)); });
    });
    Kernel join("join", {a, b2, c, to}, [&](KernelBody& b) {
        b.for_(i, 0, 2, [&] { to(i) = b.pop(c); });
        b.for_(i, 0, 9, [&] { to(i) = b.pop(b2); });
        b.for_(i, 0, 4, [&] { to(i) = b.pop(a); });
    });
    return Kernel("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            if (one_array) {
                Stream s = b.stream("s", t, {3});
                b.call(split, {x, s(0), s(1), s(2)});
                b.call(join, {s(0), s(1), s(2), y});
            } else {
                Stream s0 = b.stream("s0", t), s1 = b.stream("s1", t), s2 = b.stream("s2", t);
                b.call(split, {x, s0, s1, s2});
                b.call(join, {s0, s1, s2, y});
            }
        });
    });
}

} // namespace

TEST_CASE("an array of streams is as deep as the deepest of them must be, and no deeper") {
    using Depths = std::map<std::string, int64_t>;
    const Module apart = build(held(false)).module, array = build(held(true)).module;
    CHECK(depths_of(with_safe_depths(apart)) == Depths{{"s0", 4}, {"s1", 9}, {"s2", 2}});
    CHECK(depths_of(with_safe_depths(array)) == Depths{{"s", 9}});
    CHECK(runs_through(with_safe_depths(array)));
    CHECK(!runs_through(with_depths(array, {{"s", 8}})));
    CHECK(vitis_source(array).find("hls::stream<ap_int<8>, 9> s[3];") != std::string::npos);
}

TEST_CASE("depths that take too long to compute are refused") {
    const Module m = build(bypass(8, 3)).module;
    CHECK(refusal([&] { with_safe_depths(m, 60); }) ==
          "whether the streams' depths suffice is found by passing all tokens, without their data, and that "
          "takes "
          "more than 60 iterations of loops: give each stream its depth");
    CHECK(refusal([&] { with_safe_depths(m, 1000); }) == "not refused");
}
