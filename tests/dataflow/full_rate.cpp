// Depths at full rate: as fast as streams without limits, and with one less slower.

#include "lathe/ir/full_rate.h"
#include "dataflow_programs.h"
#include "lathe/ir/depths.h"
#include "programs.h"
#include "random_network.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

constexpr int64_t tokens = 64;

/// A source to two ways that meet again: one through `middle`, one straight, in `interval` cycles a token.
Schedule two_ways(const Kernel& middle, Type t, int64_t interval = 1) {
    static const Var i("i");
    InStream a("a", t), b("b", t);
    OutStream c("c", t), d("d", t);
    Input from("from", t, {tokens}), x("x", t, {tokens});
    Output to("to", t, {tokens}), y("y", t, {tokens});
    const Kernel split("split", {from, c, d}, [&](KernelBody& k) {
        k.for_(i, 0, tokens, [&] {
            k.push(c, from(i));
            k.push(d, from(i));
        });
    });
    const Kernel join("join", {a, b, to},
                      [&](KernelBody& k) { k.for_(i, 0, tokens, [&] { to(i) = k.pop(a) + k.pop(b); }); });
    const Kernel top("top", {x, y}, [&](KernelBody& k) {
        k.dataflow([&] {
            Stream there = k.stream("there", t), back = k.stream("back", t), past = k.stream("past", t);
            k.call(split, {x, there, past});
            k.call(middle, {there, back});
            k.call(join, {back, past, y});
        });
    });
    Schedule s(top);
    s[split].pipeline(i, interval);
    s[join].pipeline(i, interval);
    return s;
}

struct Middle {
    Type t = Float(32);
    Var i{"i"}, j{"j"};
    InStream in{"in", t};
    OutStream out{"out", t};
    Kernel polynomial{"polynomial", {in, out}, [&](KernelBody& b) {
                          b.for_(i, 0, tokens, [&] {
                              const Expr v = b.pop(in);
                              b.push(out, (v * 3.0f + 1.0f) * v);
                          });
                      }};
    Kernel blocks{"blocks", {in, out}, [&](KernelBody& b) {
                      Array kept = b.array("kept", t, {8});
                      b.for_(i, 0, tokens / 8, [&] {
                          b.for_(j, 0, 8, [&] { kept(j) = b.pop(in); });
                          b.for_(j, 0, 8, [&] { b.push(out, kept(7 - j)); });
                      });
                  }};
};

std::map<std::string, int64_t> depths_of(const CycleReport& r) {
    std::map<std::string, int64_t> all;
    for (const FifoCycles& f : r.fifos)
        all[f.name] = f.depth;
    return all;
}

/// With the depths computed it is as fast as without limits, and with one less of any above 2 slower.
CycleReport check_full_rate(const Module& m, const CycleOptions& options = {}) {
    std::vector<AnyBuffer> inputs;
    const std::vector<AnyBuffer> given = make_arguments(m, {}, 1);
    for (size_t a = 0; a < given.size(); ++a)
        if (m.top().arguments[a].direction != Direction::out) inputs.push_back(given[a]);
    const Module deep = with_full_rate_depths(m, {}, options);
    const CycleProgram open(m, inputs), program(deep, inputs);
    const CycleReport r = program.run(options);
    CHECK(!r.deadlock);
    const CycleReport unlimited = open.run(options);
    CHECK(r.cycles == unlimited.cycles);
    std::set<std::string> arrays;
    for (const FifoCycles& f : r.fifos) {
        CycleOptions less = options;
        const std::string array = f.name.substr(0, f.name.find('['));
        if (unlimited.fifo(f.name).depth > 0 || f.depth <= 2 || !arrays.insert(array).second) continue;
        for (const FifoCycles& other : r.fifos)
            if (other.name.substr(0, other.name.find('[')) == array) less.depths[other.name] = f.depth - 1;
        const CycleReport slower = program.run(less);
        CHECK_MESSAGE((slower.deadlock || slower.cycles > r.cycles), f.name);
    }
    return r;
}

} // namespace

TEST_CASE_FIXTURE(Middle, "full rate: what passes by waits as long as the other way takes") {
    Schedule s = two_ways(polynomial, t);
    s[polynomial].pipeline(i);
    const Module m = s.module();
    const auto latencies = operator_latencies(m);
    // A product, a sum and a product behind each other; a sum of two tokens.
    const int64_t way = latencies.at("polynomial");
    CHECK(way > 6);
    CHECK(latencies.at("split") == 1);
    CycleOptions options;
    options.latency["polynomial"] = way;
    const CycleReport r = check_full_rate(m, options);
    CHECK(depths_of(r) == std::map<std::string, int64_t>{{"there", 2}, {"back", 2}, {"past", way + 2}});
    for (const ProcessCycles& p : r.processes)
        CHECK_MESSAGE(p.full_stalls == 0, p.name);
    // Safe depths let it run, and not at full rate.
    const CycleReport safe = simulate_cycles(with_safe_depths(m), {make_arguments(m, {}, 1)[0]}, options);
    CHECK(safe.cycles > r.cycles);
    CHECK(depths_of(check_full_rate(m)).at("past") == 3);
}

TEST_CASE_FIXTURE(Middle, "full rate: with intervals, with blocks and with depths that are given") {
    Schedule slow = two_ways(polynomial, t, 3);
    slow[polynomial].pipeline(i, 3);
    CycleOptions options;
    options.latency["polynomial"] = 12;
    CHECK(depths_of(check_full_rate(slow.module(), options)).at("past") == 5);
    const Schedule kept = two_ways(blocks, t);
    const CycleReport r = check_full_rate(kept.module());
    CHECK(depths_of(r).at("past") > depths_of(simulate_cycles(with_safe_depths(kept.module()),
                                                              {make_arguments(kept.module(), {}, 1)[0]}))
                                        .at("past"));
    // A stream keeps the depth that it was given.
    const Module given = with_safe_depths(kept.module());
    CHECK(equal(with_full_rate_depths(given).top().body, given.top().body));
}

TEST_CASE("full rate: the designs, and random networks") {
    for (const DataflowProgram& p : dataflow_designs()) {
        CAPTURE(p.name);
        check_full_rate(Schedule(p.kernel).module());
    }
    for (unsigned n = 0; n < 20; ++n) {
        CAPTURE(n);
        std::mt19937 random(n + 1);
        check_full_rate(Schedule(random_network(random).kernel).module());
    }
}

TEST_CASE("full rate: sizes without values are refused") {
    Param N("N"), M("M");
    Var i("i");
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Input from("from", Int(8), {N}), more("more", Int(8), {M});
    Output to("to", Int(8), {N});
    const Kernel load("load", {from, more, out},
                      [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i) + more(0)); }); });
    const Kernel store("store", {in, to},
                       [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); });
    const auto refused = [&](const Expr& n) {
        Input x("x", Int(8), {n}), z("z", Int(8), {M});
        Output y("y", Int(8), {n});
        const Kernel top("top", {x, z, y}, [&](KernelBody& b) {
            b.dataflow([&] {
                Stream s = b.stream("s", Int(8));
                b.call(load, {x, z, s});
                b.call(store, {s, y});
            });
        });
        return refusal([&] { with_full_rate_depths(Schedule(top).module()); });
    };
    CHECK(refused(N).starts_with("no depth of the streams can be computed while N has no value"));
    CHECK(refused(8) == "the depths of the streams depend on M, which has no value: give it");
}

TEST_CASE("full rate: a depth that was given and that lets no step pass") {
    Var i("i");
    InStream a("a", Int(8)), b("b", Int(8));
    OutStream c("c", Int(8)), d("d", Int(8));
    Input from("from", Int(8), {8}), x("x", Int(8), {8});
    Output to("to", Int(8), {8}), y("y", Int(8), {8});
    const Kernel load("load", {from, c, d}, [&](KernelBody& k) {
        k.for_(i, 0, 8, [&] {
            k.push(d, from(i));
            k.push(c, from(i));
        });
    });
    const Kernel store("store", {a, b, to}, [&](KernelBody& k) {
        k.for_(i, 0, 3, [&] { to(i) = k.pop(b); });
        k.for_(i, 0, 5, [&] {
            to(i) = k.pop(a);
            to(i + 3) = k.pop(b);
        });
        k.for_(i, 5, 8, [&] { to(i) = k.pop(a); });
    });
    const Kernel top("top", {x, y}, [&](KernelBody& k) {
        k.dataflow([&] {
            Stream s = k.stream("s", Int(8), {}, 2), t = k.stream("t", Int(8));
            k.call(load, {x, s, t});
            k.call(store, {s, t, y});
        });
    });
    const Module m = Schedule(top).module();
    CHECK_NOTHROW(with_safe_depths(m)); // tokens alone pass
    CHECK(refusal([&] { with_full_rate_depths(m); }) ==
          "whatever the depths of the streams without one, from cycle 3 on all processes wait for each "
          "other:\n  load "
          "waits to write s, which holds 2 of 2\n  store waits to read t, which holds 0");
}
