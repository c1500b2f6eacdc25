// inline_call: what a Function does stands where it is called.

#include "twice.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE_FIXTURE(Twice, "a Function's body stands where it is called") {
    Schedule s(top);
    s[top].inline_call(picture);
    CHECK(functions(s) == Names{"top", "line"});
    s[top].unroll(r); // picture's loop
    check_everywhere(s);
    check_trace(top, s);
    s.inline_call(line);
    CHECK(functions(s) == Names{"top"});
    check_everywhere(s);
    CHECK(refusal([&] { s[line].unroll(i, 2); }).find("nobody calls line since inline_call(top, line)") !=
          std::string::npos);
    CHECK(refusal([&] { s[top].split(i, 2); }).find("loop i has ") != std::string::npos);
    s[top].vectorize(all(i), 4);
    check_everywhere(s);
    check_trace(top, s);
    // One of the calls alone; a handle made before.
    Schedule one(top);
    const auto [io, ii] = one[line].split(i, 4);
    one[top].inline_call(line, 0);
    CHECK(functions(one).size() == 3);
    one[top].unroll(ii);
    one[line].pipeline(io);
    check_everywhere(one);
    check_trace(top, one);
    // The loops keep their handles when their Function is gone.
    Schedule handles(top);
    const auto [ro, ri] = handles[picture].split(r, 2);
    handles[top].inline_call(picture).unroll(ri).parallel(ro);
    check_everywhere(handles);
}

TEST_CASE("tables of a Function that is inlined are its caller's") {
    Buffer<int8_t> numbers({4});
    for (int n = 0; n < 4; ++n)
        numbers(n) = static_cast<int8_t>(n * n);
    const Const table("table", numbers);
    InOut a("a", Int(8), {4}), b("b", Int(8), {3, 4});
    Var i("i"), r("r");
    Kernel add("add", {a}, [&](KernelBody& k) { k.for_(i, 0, 4, [&] { a(i) += table(i); }); });
    Kernel top("top", {b}, [&](KernelBody& k) {
        k.call(add, {view(b, {0, Range(0, 4)})});
        k.for_(r, 1, 3, [&] { k.call(add, {view(b, {r, Range(0, 4)})}); });
    });
    Schedule s(top), one(top), own(top);
    s.inline_call(add);
    CHECK(s.module().top().constants.size() == 1);
    check_everywhere(s);
    one[top].inline_call(add, 0);
    check_everywhere(one);
    own[top].call(add, 1).unroll(i);
    check_everywhere(own);
}

TEST_CASE("a process is no statement") {
    InStream in("in", Int(8));
    OutStream out("out", Int(8));
    Input x("x", Int(8), {6});
    Output y("y", Int(8), {6});
    Var i("i");
    Kernel load("load", {x, out}, [&](KernelBody& b) { b.for_(i, 0, 6, [&] { b.push(out, x(i)); }); });
    Kernel store("store", {in, y}, [&](KernelBody& b) { b.for_(i, 0, 6, [&] { y(i) = b.pop(in); }); });
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        b.dataflow([&] {
            Stream s = b.stream("s", Int(8), {}, 2);
            b.call(load, {x, s});
            b.call(store, {s, y});
        });
    });
    Schedule s(top);
    CHECK(refusal([&] {
              s[top].inline_call(load);
          }).find("load is a process of a dataflow: what it does cannot stand in its place") !=
          std::string::npos);
    CHECK(refusal([&] { s[load].outline(i, "piece"); }).find("it passes tokens by out, at ") !=
          std::string::npos);
    s[top].call(load, 0).pipeline(i);
    check_everywhere(s);
}

TEST_CASE("inline_call is drawn") {
    drawn("inline_call");
}
