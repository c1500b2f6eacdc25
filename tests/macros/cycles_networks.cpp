// The cycle simulator on networks of kernels: each of its rules, by the numbers.

#include "cycles.h"
#include "dataflow_programs.h"
#include "deep.h"
#include "random_network.h"
#include "refusal.h"

#include "lathe/ir/depths.h"
#include "lathe/lathe.h"

#include <algorithm>

using namespace lathe;

namespace {

CycleReport simulated(const Module& m, const CycleOptions& options = {}) {
    return simulate_cycles(m, inputs_of(m), options);
}

/// Ends, with the interpreter's values.
CycleReport checked(const Module& m, const CycleOptions& options = {}) {
    CycleReport r = simulated(m, options);
    check_values(m, r);
    return r;
}

/// 16 numbers go through 8 adders.
struct Line {
    Var i{"i"}, p{"p"}, w{"w"};
    InStream in{"in", Int(32)};
    OutStream out{"out", Int(32)};
    Param N{"N"}, amount{"amount", Int(32)};
    Input from{"from", Int(32), {N}};
    Output to{"to", Int(32), {N}};
    Kernel load{"load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i)); }); }};
    Kernel add{"add", {in, out, amount, N}, [&](KernelBody& b) {
                   b.for_(i, 0, N, [&] { b.push(out, b.pop(in) + amount); });
               }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); }};
    Input x{"x", Int(32), {16}};
    Output y{"y", Int(32), {16}};
    Kernel top{"line", {x, y}, [&](KernelBody& b) {
                   b.dataflow([&] {
                       Stream s = b.stream("s", Int(32), {9}, 2);
                       b.call(load, {x, s(0)});
                       b.spawn({{p, 8}}, add, {s(p), s(p + 1), p, 16});
                       b.call(store, {s(8), y});
                   });
               }};
};

/// Every stream named, of this depth.
CycleOptions with_depths(const CycleReport& r, int64_t depth) {
    CycleOptions o;
    for (const FifoCycles& f : r.fifos)
        o.depths[f.name] = depth;
    return o;
}

} // namespace

TEST_CASE_FIXTURE(Line, "a hop a process, and a token a cycle") {
    const Module m = Schedule(top).module();
    const CycleReport r = checked(m, {.waves = true});
    CHECK(r.cycles == 16 + 9);
    CHECK(r.processes.size() == 11);
    CHECK(checked(m).busy.empty()); // when it is asked for
    CHECK(r.process("line").iterations == 0);
    for (int64_t n = 0; n < 8; ++n) {
        const ProcessCycles& a = r.process(fmt::format("add({})", n));
        CHECK(a.function == "add");
        CHECK(a.iterations == 16);
        CHECK(a.busy == 16);
        CHECK(a.first == n + 1);
        CHECK(a.last == n + 16);
        CHECK(a.empty_stalls == n + 1);
        CHECK(a.full_stalls == 0);
    }
    for (const FifoCycles& f : r.fifos) {
        CHECK(f.depth == 2);
        CHECK(f.tokens == 16);
        CHECK(f.fullest == 1);
        CHECK(f.writer_waits == 0);
    }
    CHECK(r.fifo("s[0]").writer == "load");
    CHECK(r.fifo("s[0]").reader == "add(0)");
    CHECK(r.fifo("s[8]").reader_waits == 9);
    REQUIRE(r.memory.size() == 2);
    CHECK(r.memory[0].name == "x");
    CHECK(r.memory[0].bytes_read == 64);
    CHECK(r.memory[0].most_reads == 1);
    CHECK(r.memory[1].bytes_written == 64);
    // The adders begin one after the other.
    const std::vector<BusyCycles>& busy = r.busy.at("add");
    CHECK(busy.front().cycle == 1);
    CHECK(std::ranges::max(busy, {}, &BusyCycles::busy).busy == 8);
    CHECK(busy.back().cycle == 24);
    CHECK(busy.back().busy == 0);
}

TEST_CASE_FIXTURE(Line,
                  "a full FIFO refuses a write in the cycle in which it is read: one token is half as fast") {
    const Module m = Schedule(top).module();
    const CycleReport r = checked(m, with_depths(simulated(m), 1));
    CHECK(r.cycles == 2 * 15 + 9 + 1);
    CHECK(r.process("load").full_stalls == 15);
    CycleOptions more;
    more.more_depth = 6;
    const CycleReport deeper = checked(m, more);
    CHECK(deeper.cycles == 16 + 9);
    CHECK(deeper.fifo("s[3]").depth == 8);
    more.more_depth = -1;
    CHECK(checked(m, more).cycles == r.cycles);
}

TEST_CASE_FIXTURE(Line, "a slow source: nobody waits for room, and no FIFO is full") {
    Schedule s(top);
    s[load].pipeline(i, 2);
    const CycleReport r = checked(s.module());
    CHECK(r.cycles == 2 * 15 + 9 + 1);
    CHECK(r.process("load").busy == 31);
    for (const FifoCycles& f : r.fifos) {
        CHECK(f.writer_waits == 0);
        CHECK(f.fullest == 1);
    }
    // One slow adder: those in front of it wait for room.
    Schedule t(top);
    t[store].pipeline(i, 3);
    const CycleReport slow = checked(t.module());
    CHECK(slow.cycles == 9 + 3 * 15 + 1);
    CHECK(slow.fifo("s[8]").fullest == 2);
    CHECK(slow.process("add(7)").full_stalls > 20);
    CHECK(slow.fifo("s[8]").writer_waits == slow.process("add(7)").full_stalls);
}

TEST_CASE_FIXTURE(Line, "a latency is a wait for the first token, and costs no room") {
    const Module m = Schedule(top).module();
    CycleOptions o;
    o.latency["add"] = 5;
    const CycleReport r = checked(m, o);
    CHECK(r.cycles == 16 + 1 + 8 * 5);
    CHECK(r.process("load").full_stalls == 0);
}

TEST_CASE("unrolled and inner loops: what is one step") {
    Var i("i"), j("j");
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Input from("from", Int(8), {4, 6});
    Output to("to", Int(8), {4, 6});
    Kernel load("load", {from, out}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.for_(j, 0, 6, [&] { b.push(out, from(i, j)); }); });
    });
    Kernel store("store", {in, to}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.for_(j, 0, 6, [&] { to(i, j) = b.pop(in); }); });
    });
    Kernel top("top", {from, to}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {}, 2);
            b.call(load, {from, s});
            b.call(store, {s, to});
        });
    });
    CHECK(checked(Schedule(top).module()).cycles == 25);
    // A pipelined loop around the other: six tokens a step, one a cycle.
    Schedule rows(top);
    rows[load].pipeline(i, 1);
    const CycleReport r = checked(rows.module());
    CHECK(r.cycles == 25);
    CHECK(r.process("load").busy == 24);
    Schedule slow(top);
    slow[load].pipeline(i, 8);
    CHECK(checked(slow.module()).process("load").busy == 3 * 8 + 6);
    CHECK(checked(slow.module()).cycles == 3 * 8 + 6 + 1);
}

TEST_CASE("blocks are handed over as wholes: ping-pong overlaps, one block alternates") {
    Var i("i"), r("r");
    OutBlockStream out("out", Int(8), {8});
    InBlockStream in("in", Int(8), {8});
    Input from("from", Int(8), {4, 8});
    Output to("to", Int(8), {4, 8});
    Kernel load("load", {from, out}, [&](KernelBody& b) {
        b.for_(r, 0, 4, [&] { b.fill(out, [&](Array t) { b.for_(i, 0, 8, [&] { t(i) = from(r, i); }); }); });
    });
    Kernel store("store", {in, to}, [&](KernelBody& b) {
        b.for_(r, 0, 4,
               [&] { b.drain(in, [&](Array t) { b.for_(i, 0, 8, [&] { to(r, i) = t(7 - i); }); }); });
    });
    Kernel top("top", {from, to}, [&](KernelBody& b) {
        b.dataflow([&] {
            BlockStream s = b.blocks("s", Int(8), {8}, 2);
            b.call(load, {from, s});
            b.call(store, {s, to});
        });
    });
    const Module m = Schedule(top).module();
    const CycleReport both = checked(m);
    CHECK(both.cycles == 8 * 5);
    CHECK(both.process("load").full_stalls == 0);
    CHECK(both.process("store").iterations == 32);
    CHECK(both.fifo("s").tokens == 4);
    CHECK(both.fifo("s").fullest == 1);
    CycleOptions one;
    one.depths["s"] = 1;
    CHECK(checked(m, one).cycles == 2 * 8 * 4);
}

TEST_CASE("a request and its answer in one step") {
    Var i("i");
    InStream ask("ask", Int(8)), answer("answer", Int(8));
    OutStream asked("asked", Int(8)), answered("answered", Int(8));
    Input from("from", Int(8), {5});
    Output to("to", Int(8), {5});
    Kernel client("client", {from, asked, answer, to}, [&](KernelBody& b) {
        b.for_(i, 0, 5, [&] {
            b.push(asked, from(i));
            to(i) = b.pop(answer);
        });
    });
    Kernel server("server", {ask, answered},
                  [&](KernelBody& b) { b.for_(i, 0, 5, [&] { b.push(answered, b.pop(ask) + 1); }); });
    Kernel top("top", {from, to}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {2}, 2);
            b.call(client, {from, s(0), s(1), to});
            b.call(server, {s(0), s(1)});
        });
    });
    const CycleReport r = checked(Schedule(top).module());
    CHECK(r.process("client").iterations == 5);
    CHECK(r.fifo("s[0]").fullest == 1);
}

TEST_CASE_FIXTURE(Line, "a region ends before the next one begins, in loops and in processes too") {
    Output z("z", Int(32), {3, 16});
    Var r("r");
    Kernel rounds("rounds", {x, z}, [&](KernelBody& b) {
        b.for_(r, 0, 3, [&] {
            b.dataflow([&] {
                Stream s = b.stream("s", Int(32), {2}, 2);
                b.call(load, {x, s(0)});
                b.call(add, {s(0), s(1), r, 16});
                b.call(store, {s(1), view(z, {r, Range(0, 16)})});
            });
        });
    });
    const CycleReport three = checked(Schedule(rounds).module());
    CHECK(three.cycles == 3 * 18);
    CHECK(three.process("add").iterations == 48);
    CHECK(three.process("add").last == 3 * 18 - 2);
    CHECK(three.fifos.size() == 2);
    CHECK(three.memory[0].most_reads == 3);

    Kernel pair("pair", {in, out}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream t = b.stream("t", Int(32), {}, 2);
            b.call(add, {in, t, 1, 16});
            b.call(add, {t, out, 2, 16});
        });
    });
    Kernel nested("nested", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(32), {3}, 2);
            b.call(load, {x, s(0)});
            b.spawn({{p, 2}}, pair, {s(p), s(p + 1)});
            b.call(store, {s(2), y});
        });
    });
    const CycleReport deep = checked(Schedule(nested).module());
    CHECK(deep.cycles == 16 + 5);
    CHECK(deep.process("pair(1)/add #1").first == 4);
    CHECK(deep.fifo("pair(0)/t").tokens == 16);
    CHECK(deep.fifo("s[1]").writer == "pair(0)/add #1");
    CHECK(deep.fifo("s[1]").reader == "pair(1)/add #0");
}

TEST_CASE("a dataflow between loops of its function") {
    Var i("i");
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Input from("from", Int(8), {5});
    Output to("to", Int(8), {5});
    Kernel load("load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, 5, [&] { b.push(out, from(i)); }); });
    Kernel store("store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, 5, [&] { to(i) = b.pop(in); }); });
    Kernel top("top", {from, to}, [&](KernelBody& b) {
        Array a = b.array("a", Int(8), {5});
        b.for_(i, 0, 5, [&] { a(i) = from(i) + 1; });
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {}, 2);
            b.call(load, {a, s});
            b.call(store, {s, to});
        });
        to(0) = to(0) * 2;
    });
    const CycleReport r = checked(Schedule(top).module());
    CHECK(r.cycles == 5 + 6 + 1);
    CHECK(r.process("top").iterations == 6);
    CHECK(r.process("load").first == 5);
    REQUIRE(r.memory.size() == 3);
    CHECK(r.memory[2].name == "a"); // lies outside of the processes, too
    CHECK(r.memory[1].most_writes == 2);
}

TEST_CASE("a deadlock: who waits, for what, from when") {
    Var i("i");
    InStream in("in", Int(8)), more("more", Int(8));
    OutStream out("out", Int(8)), other("other", Int(8));
    Input from("from", Int(8), {160});
    Output to("to", Int(8), {80});
    // 80 tokens into one, then 80 into the other; the reader takes one of each.
    Kernel split("split", {from, out, other}, [&](KernelBody& b) {
        b.for_(i, 0, 80, [&] { b.push(out, from(i)); });
        b.for_(i, 0, 80, [&] { b.push(other, from(i + 80)); });
    });
    Kernel join("join", {in, more, to},
                [&](KernelBody& b) { b.for_(i, 0, 80, [&] { to(i) = b.pop(in) + b.pop(more); }); });
    Kernel top("top", {from, to}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {2}, 4);
            b.call(split, {from, s(0), s(1)});
            b.call(join, {s(0), s(1), to});
        });
    });
    const Module m = Schedule(top).module();
    const CycleReport r = simulated(m);
    REQUIRE(r.deadlock);
    CHECK(r.deadlock->cycle == 4);
    CHECK(r.cycles == 4);
    CHECK(r.deadlock->str() == "from cycle 4 on all processes wait for each other:\n"
                               "  split waits to write s[0], which holds 4 of 4\n"
                               "  join waits to read s[1], which holds 0 of 4");
    CHECK(r.text().find(r.deadlock->str()) == 0);
    CHECK(r.json().find("\"deadlock\"") != std::string::npos);
    CHECK(r.results[0].shape() == std::vector<int64_t>{80}); // computed all the same
    CycleOptions o;
    o.depths["s[0]"] = 80;
    CHECK(simulated(m, o).cycles == 161);
    o.depths["s[0]"] = 0; // as many as it needs
    const CycleReport open = simulated(m, o);
    CHECK(open.cycles == 161);
    CHECK(open.fifo("s[0]").fullest == 80);
    CHECK(open.text().find("none") != std::string::npos);
}

TEST_CASE_FIXTURE(Line, "reports as text and JSON") {
    const CycleReport r = checked(Schedule(top).module(), {.waves = true});
    const std::string text = r.text(), json = r.json();
    CHECK(text.find("25 cycles (estimated)\n") == 0);
    for (const ProcessCycles& p : r.processes)
        CHECK(json.find("\"name\": \"" + p.name + "\"") != std::string::npos);
    for (const char* part : {"\"cycles\": 25", "\"s[8]\"", "\"bytes_read\": 64", "\"busy\"", "\"waves\""})
        CHECK(json.find(part) != std::string::npos);
    for (const char* part : {"process", "FIFO", "memory", "add(7)", "s[8]"})
        CHECK(text.find(part) != std::string::npos);
}

TEST_CASE_FIXTURE(Line, "what the simulator refuses") {
    const Module m = Schedule(top).module();
    const CycleProgram p(m, inputs_of(m));
    const auto refused = [&](const std::function<void(CycleOptions&)>& set) {
        return refusal([&] {
            CycleOptions o;
            set(o);
            p.run(o);
        });
    };
    CHECK(refused([](auto& o) { o.depths["q"] = 2; }) == "a depth is given for q, and there is no such FIFO");
    CHECK(refused([](auto& o) { o.depths["s[0]"] = -1; }) ==
          "the depth of s[0] is -1 and 0 more, and it holds 1 to 1099511627776 tokens");
    CHECK(refused([](auto& o) { o.more_depth = -2; }) ==
          "the depth of s[0] is 2 and -2 more, and it holds 1 to 1099511627776 tokens");
    CHECK(refused([](auto& o) { o.more_depth = INT64_MAX; }).find("is 2 and 9223372036854775807 more") !=
          std::string::npos);
    CHECK(refused([](auto& o) { o.latency["pe"] = 2; }) ==
          "a latency is given for pe, and no process is a call of it");
    CHECK(refused([](auto& o) { o.latency["add"] = 0; }) ==
          "the latency of add is 0, and a token needs 1 to 1000000 cycles");
    CHECK(refused([](auto& o) { o.latency["add"] = INT64_MAX; }).find("a token needs 1 to 1000000 cycles") !=
          std::string::npos);
    CHECK(refused([](auto& o) { o.most_cycles = 20; }) ==
          "line has not ended after 20 cycles: CycleOptions::most_cycles says how many it may");
    const CycleReport r = p.run();
    CHECK(refusal([&] { r.process("sub"); }) == "the report has no process sub");
    CHECK(refusal([&] { r.fifo("t"); }) == "the report has no FIFO t");
    CHECK(refusal([&] { waves_svg(r); }) == "there is nothing to draw: ask for it by CycleOptions::waves");
    CycleReport large = r;
    large.cycles = 2001;
    CHECK(refusal([&] { waves_svg(large); }) ==
          "a picture shows at most 2000 cycles, and this run has 2001: simulate a smaller one");
    CHECK(refusal([&] { simulate_cycles(m, {}); }) == "line takes 1 inputs and is given 0");
    CHECK(refusal([&] { simulate_cycles({}, {}); }) == "the module has no function to simulate");
}

TEST_CASE("sizes and scalars: from the inputs, or given") {
    Var i("i");
    Param N("N"), gain("gain", Int(8));
    Input from("from", Int(8), {N});
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Param M("M");
    Input a("a", Int(8), {M});
    Output z("z", Int(16), {M});
    Param g("g", Int(8));
    Kernel load("load", {a, out, M}, [&](KernelBody& b) { b.for_(i, 0, M, [&] { b.push(out, a(i)); }); });
    Kernel store("store", {in, z, g, M},
                 [&](KernelBody& b) { b.for_(i, 0, M, [&] { z(i) = b.pop(in) * g; }); });
    Output to("to", Int(16), {N});
    Kernel top("top", {from, to, gain}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {}, 2);
            b.call(load, {from, s, N});
            b.call(store, {s, to, gain, N});
        });
    });
    const Module m = Schedule(top).module();
    Buffer<int8_t> x({7});
    x.fill(Value::from_raw(Int(8), 5));
    CHECK(refusal([&] { simulate_cycles(m, {x}); }) ==
          "the parameter gain of top has no value: no input's extent gives one, so pass it as a scalar");
    const CycleReport r = simulate_cycles(m, {x}, {}, {{"gain", Value::from_raw(Int(8), 3)}});
    CHECK(r.cycles == 8);
    CHECK(r.results[0].get({6}).as_int64() == 15);
}

TEST_CASE("networks that a schedule makes: streams, blocks, processes of a row, the device") {
    Var i("i"), j("j"), k("k"), u("u"), v("v"), z("z"), w("w");
    Input x("x", Int(16), {6, 7});
    Output y("y", Int(16), {6, 7});
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {6, 7}), m = b.array("m", Int(16), {6, 7});
        b.for_(i, 0, 6, [&] { b.for_(j, 0, 7, [&] { t(i, j) = x(i, j) + 1; }); });
        b.for_(u, 0, 6, [&] { b.for_(v, 0, 7, [&] { m(u, v) = t(5 - u, v) * 2; }); });
        b.for_(z, 0, 6, [&] { b.for_(w, 0, 7, [&] { y(z, w) = m(z, w) - 4; }); });
    });
    Schedule s(top);
    CHECK(checked(s.module()).cycles == 3 * 42); // one loop after the other
    s.dataflow(top);
    CHECK(checked(ir::with_safe_depths(s.module())).cycles == 2 * 42 + 1);
    s[top].pipeline(j, 3);
    CHECK(checked(ir::with_safe_depths(s.module())).cycles == 41 * 3 + 1 + 42 + 1);

    Input A("A", Int(8), {4, 6}), B("B", Int(8), {6, 8});
    Output C("C", Int(24), {4, 8});
    Kernel product("product", {A, B, C}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] {
            b.for_(j, 0, 8, [&] { C(i, j) = 0; });
            b.for_(k, 0, 6, [&] { b.for_(j, 0, 8, [&] { C(i, j) += A(i, k) * B(k, j); }); });
        });
    });
    Schedule alone(product), row(product);
    row.unfold(product, i).relay(B, product, i);
    const CycleReport serial = checked(alone.module()), four = checked(ir::with_safe_depths(row.module()));
    CHECK(serial.cycles == 4 * (8 + 48));
    CHECK(four.cycles < serial.cycles / 3);
    CHECK(serial.memory[1].most_reads == 4);
    CHECK(four.memory[1].most_reads == 1); // B is handed on

    Func a("a", Int(16), {40}), c("c", Int(32), {40}), d("d", Int(32), {40});
    Input q("q", Int(16), {40});
    a(i) = q(i) * 3;
    c(i) = a(i) + 1;
    d(i) = c(i) - a(i);
    Schedule on(d);
    on.to(c, Side::device);
    CHECK(checked(on.module()).cycles == 3 * 40);
}

TEST_CASE("golden networks and designs end with the computed depths, and compute the same") {
    std::vector<DataflowProgram> all = golden_dataflow_programs();
    std::ranges::move(dataflow_designs(), std::back_inserter(all));
    for (const DataflowProgram& p : all) {
        CAPTURE(p.name);
        const Schedule s(p.kernel);
        const Module m = ir::with_safe_depths(s.module());
        const CycleReport r = checked(m);
        CHECK(r.cycles > 0);
        for (const ProcessCycles& q : r.processes)
            CHECK(q.busy + q.empty_stalls + q.full_stalls <= r.cycles);
        // Twice as deep is never slower.
        CycleOptions more;
        more.more_depth = 50;
        CHECK(checked(m, more).cycles <= r.cycles);
    }
}

TEST_CASE("random networks compute the same, and end with a few more than the computed depths") {
    // These depths suffice for a process that writes one token after the other; one that writes several at
    // once waits until all have room.
    std::map<int64_t, int> needed;
    for (int n = 0; n < count(60, 1000); ++n) {
        CAPTURE(n);
        std::mt19937 random(static_cast<unsigned>(n) + 1);
        const Schedule s(random_network(random).kernel);
        const Module m = ir::with_safe_depths(s.module());
        CycleOptions o;
        while (simulated(m, o).deadlock && o.more_depth < 8)
            ++o.more_depth;
        ++needed[o.more_depth];
        const CycleReport r = checked(m, o);
        for (const FifoCycles& f : r.fifos)
            CHECK(f.fullest <= f.depth);
    }
    for (const auto& [more, networks] : needed)
        MESSAGE(networks, " networks need ", more, " more");
    CHECK(needed[0] > count(50, 900));
}
