// Networks that are wrong are refused, with the line and what would work.

#include "lathe/ir/inline_calls.h"
#include "lathe/lathe.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// Kernels of eight tokens, to be joined wrongly.
struct Parts {
    Var i{"i"};
    InStream in{"in", Int(8)}, in2{"in2", Int(8)};
    OutStream out{"out", Int(8)}, out2{"out2", Int(8)};
    Input from{"from", Int(8), {8}};
    Output to{"to", Int(8), {8}};
    Kernel load{"load", {from, out}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { b.push(out, from(i)); }); }};
    Kernel pass{"pass", {in, out}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { b.push(out, b.pop(in)); }); }};
    Kernel store{"store", {in, to}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { to(i) = b.pop(in); }); }};
    Kernel short_store{"short_store", {in, to}, [&](KernelBody& b) {
                           b.for_(i, 0, 8, [&] { to(i) = 0; });
                           b.for_(i, 0, 7, [&] { to(i) = b.pop(in); });
                       }};
    Input x{"x", Int(8), {8}};
    Output y{"y", Int(8), {8}}, z{"z", Int(8), {8}};

    std::string network(unsigned line, const std::function<void(KernelBody&)>& body) {
        return refusal(line, [&] {
            build(Kernel("top", {x, y, z}, [&](KernelBody& b) { b.dataflow([&] { body(b); }); }));
        });
    }
    std::string kernel(unsigned line, const std::vector<KernelArgument>& arguments,
                       const std::function<void(KernelBody&)>& body) {
        return refusal(line, [&] { build(Kernel("k", arguments, body)); });
    }
};

} // namespace

TEST_CASE_FIXTURE(Parts, "a stream has one writer and one reader") {
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {}, 2);
              b.call(load, {x, s});
              // The second one:
              b.call(load, {x, s});
              b.call(store, {s, y});
          }) == "two processes write s: load and load. A stream has one writer and one reader");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {}, 2);
              b.call(load, {x, s});
              b.call(store, {s, y});
              b.call(store, {s, z});
          }) == "two processes read s: store and store. A stream has one writer and one reader");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {2}, 2);
              b.call(load, {x, s(1)});
          }) == "load writes s[1], and no process reads it");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8));
              b.call(store, {s, y});
          }) == "store reads s, and no process writes it");
    CHECK(network(here(), [&](KernelBody& b) {
              Var p("p");
              Stream s = b.stream("s", Int(8), {3});
              b.spawn({{p, 3}}, pass, {s(p), s(p + 1)});
          }) == "s[3] is passed, and dimension 0 of the streams s has 3 of them");
}

TEST_CASE_FIXTURE(Parts, "how many processes and streams there are is known when the kernel is made") {
    Param P("P");
    Var p("p");
    CHECK(network(here(),
                  [&](KernelBody& b) {
                      Stream s = b.stream("s", Int(8), {3});
                      b.spawn({{p, P}}, pass, {s(p), s(p + 1)});
                  }) == "the number of processes of pass is P: it must be a number. Make the kernel in a "
                        "function that takes it");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {P});
              b.call(load, {x, s(0)});
              b.call(store, {s(0), y});
          }) == "an extent of s is P: it must be a number. Make the kernel in a function that takes it");
}

TEST_CASE_FIXTURE(Parts, "writer and reader pass equally many tokens, whatever the data") {
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {}, 2);
              b.call(load, {x, s});
              b.call(short_store, {s, y});
          }) == "load writes 8 tokens into s, and short_store reads 7: they must be equal");
    unsigned line = here() + 2;
    Kernel positive("positive", {from, out}, [&](KernelBody& b) {
        b.for_(i, 0, 8, [&] { b.if_(from(i) > 0, [&] { b.push(out, from(i)); }); });
    });
    CHECK(network(line,
                  [&](KernelBody& b) {
                      Stream s = b.stream("s", Int(8), {}, 2);
                      b.call(positive, {x, s});
                      b.call(store, {s, y});
                  }) ==
          "how many tokens positive passes through out cannot be counted: it happens under a condition "
          "that reads data");
    line = here() + 3;
    Kernel until("until", {in, to}, [&](KernelBody& b) {
        Scalar n = b.scalar("n", Int(8), 0);
        b.while_([&] { return n < 8; }, [&] { n += b.pop(in); });
        b.for_(i, 0, 8, [&] { to(i) = n; });
    });
    CHECK(network(line,
                  [&](KernelBody& b) {
                      Stream s = b.stream("s", Int(8), {}, 2);
                      b.call(load, {x, s});
                      b.call(until, {s, y});
                  }) ==
          "how many tokens until passes through in cannot be counted: a while runs as often as its data "
          "say");
}

TEST_CASE_FIXTURE(Parts, "processes share nothing that one of them writes") {
    Kernel two("two", {from, to}, [&](KernelBody& b) { b.for_(i, 0, 8, [&] { to(i) = from(i); }); });
    CHECK(network(here(),
                  [&](KernelBody& b) {
                      b.call(two, {x, y});
                      b.call(two, {x, y});
                  }) ==
          "two and two run at the same time, and both are given y, which one of them writes: pass it from "
          "one to the other through a stream, or give each a view of its own part");
    Param at("at", Int(8));
    Output one("one", Int(8), {4});
    Kernel put("put", {one, at}, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { one(i) = at; }); });
    CHECK(network(here(),
                  [&](KernelBody& b) {
                      b.call(put, {view(y, {Range(0, 4)}), 1});
                      b.call(put, {view(y, {Range(3, 4)}), 2});
                  }) ==
          "put and put run at the same time, and both are given y, which one of them writes: pass it from "
          "one to the other through a stream, or give each a view of its own part");
    CHECK(network(0, [&](KernelBody& b) {
              b.call(put, {view(y, {Range(0, 4)}), 1});
              b.call(put, {view(y, {Range(4, 4)}), 2});
          }) == "not refused");
}

TEST_CASE_FIXTURE(Parts, "streams are used as what they are") {
    CHECK(kernel(here(), {in, to}, [&](KernelBody& b) { b.push(in, 1); }) ==
          "in is written by k: an InStream is popped");
    CHECK(kernel(here(), {out}, [&](KernelBody& b) { b.pop(out); }) ==
          "out is read by k: an OutStream is pushed");
    CHECK(kernel(here(), {in}, [&](KernelBody& b) { b.drain(in, [](Array) {}); }) ==
          "in passes values: push and pop them");
    InBlockStream blocks("blocks", Int(8), {4});
    CHECK(kernel(here(), {blocks}, [&](KernelBody& b) { b.pop(blocks); }) ==
          "blocks passes blocks: fill and drain them");
    CHECK(kernel(here(), {blocks}, [&](KernelBody& b) { b.drain(blocks, [&](Array t) { t(0) = 1; }); }) ==
          "blocks_block is a block that was drained: it is only read");
    CHECK(kernel(here(), {to}, [&](KernelBody& b) { b.pop(in); }) ==
          "in is used and not among the arguments of k: list it");
    CHECK(kernel(here(), {to}, [&](KernelBody& b) { static_cast<void>(b.stream("s", Int(8))); }) ==
          "the stream s joins the kernels of a dataflow: make it there");
    CHECK(kernel(here(), {to}, [&](KernelBody& b) { b.spawn({}, load, {}); }) ==
          "load is spawned outside of a dataflow: its processes run beside others there");
    CHECK(kernel(here(), {in, to}, [&](KernelBody& b) { to(0) = b.pop(in); }) ==
          "k has the stream in: it runs where a dataflow calls it");
    CHECK(kernel(here(), {x, out}, [&](KernelBody& b) { b.call(load, {x, out}); }) ==
          "load has streams: it runs in a dataflow, beside those who read and write them");
    CHECK(network(here(), [&](KernelBody& b) { b.for_(i, 0, 8, [&] {}); }) ==
          "a dataflow holds streams, arrays and calls of kernels: put this into a kernel of its own");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(16));
              b.call(load, {x, s});
          }) == "load takes a stream of Int(8) for out, and s is a stream of Int(16)");
    CHECK(network(here(), [&](KernelBody& b) { b.call(load, {x, y}); }) ==
          "load takes a stream for out, and is called with the tensor y");
    CHECK(network(here(), [&](KernelBody& b) { static_cast<void>(b.stream("s", Int(8), {}, -1)); }) ==
          "the depth of s is -1: it is at least 1, or 0 for as many tokens as it needs");
    CHECK(network(here(), [&](KernelBody& b) {
              Stream s = b.stream("s", Int(8), {2});
              b.call(load, {x, s});
          }) == "load takes a stream of Int(8) for out, and s is 2 streams of Int(8)");
}

TEST_CASE_FIXTURE(Parts, "streams keep their order") {
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {}, 2);
            b.call(load, {x, s});
            b.call(store, {s, y});
        });
    });
    Schedule s(top);
    CHECK(refusal([&] { s[load].parallel(i); }).find("push out") != std::string::npos);
    CHECK(refusal([&] { s[store].vectorize(i); }).find("pop in") != std::string::npos);
    s[load].split(i, 3);
    s[store].pipeline(i);
    CHECK(loop_tree(s).find("pipeline") != std::string::npos);
}

TEST_CASE("a deadlock names processes, streams, fills and lines") {
    Var i("i");
    InStream in("in", Int(8)), back("back", Int(8));
    OutStream out("out", Int(8));
    Output to("to", Int(8), {4});
    Kernel a("a", {back, out},
             [&](KernelBody& b) { b.for_(i, 0, 4, [&] { b.push(out, b.pop(back) + 1); }); });
    Kernel c("c", {in, out, to}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] {
            Expr v = b.pop(in);
            to(i) = v;
            b.push(out, v);
        });
    });
    Output y("y", Int(8), {4});
    Kernel top("top", {y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream there = b.stream("there", Int(8), {}, 2), here = b.stream("here", Int(8), {}, 2);
            b.call(a, {here, there});
            b.call(c, {there, here, y});
        });
    });
    AnyBuffer result(Int(8), {4});
    const std::string text = refusal([&] { ir::interpret(build(top).module, {&result}); });
    CHECK(text.find("the processes wait for each other for ever:") == 0);
    CHECK(text.find("a waits to read here, which holds 0 of 2 (refusals.cpp:") != std::string::npos);
    CHECK(text.find("c waits to read there, which holds 0 of 2 (refusals.cpp:") != std::string::npos);
    CHECK(refusal([&] { ir::inline_calls(build(top).module); }).find("in a cycle (a → c → a)") !=
          std::string::npos);
    CHECK(refusal([&] { jit(Schedule(top)).call({&result}); }) == text);
}
