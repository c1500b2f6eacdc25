// call, inline_call and outline: what a Function is, and which of its calls a schedule means.

#include "everywhere.h"
#include "lines.h"
#include "refusal.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

struct Twice : LineKernels {
    Var c{"c"};
    Input x{"x", Int(8), {5, 12}};
    Output y{"y", Int(16), {5, 12}};
    InOut z{"z", Int(16), {5, 12}};
    Input u{"u", Int(8), {7}};
    Output v{"v", Int(16), {7}};
    Kernel top{"top", {x, u, y, v}, [&](KernelBody& b) {
                   b.call(picture, {x, y});
                   b.call(line, {u, v, -2});
                   b.for_(c, 0, 2, [&] {
                       b.call(line, {view(x, {c, Range(1, 9)}), view(y, {c + 2, Range(2, 9)}), c + 1});
                   });
               }};
};

/// A trace makes the same schedule again.
void check_trace(const Kernel& top, const Schedule& s) {
    Schedule again(top);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    CHECK(again.trace() == s.trace());
}

std::vector<std::string> functions(const Schedule& s) {
    std::vector<std::string> names;
    for (const Function& f : s.module().functions)
        names.push_back(f.name);
    return names;
}

using Names = std::vector<std::string>;

} // namespace

TEST_CASE_FIXTURE(Twice, "a call of a kernel stays a call, with whole tensors too") {
    Schedule s(top);
    CHECK(functions(s) == Names{"top", "picture", "line"});
    check_everywhere(s);
    s[line].split(i, 4, Tail::guard);
    s[picture].parallel(r);
    check_everywhere(s);
    check_trace(top, s);
}

TEST_CASE_FIXTURE(Twice, "dependences are those of what a call does") {
    Schedule s(top);
    s[picture].parallel(r); // every call has a row of its own
    s[top].unroll(c);
    check_everywhere(s);
    Kernel twofold("twofold", {z}, [&](KernelBody& b) {
        b.for_(i, 0, 5, [&] { b.for_(c, 0, 12, [&] { z(i, c) = z(i, c) * 2; }); });
    });
    Kernel prefix("prefix", {z}, [&](KernelBody& b) { b.for_(r, 0, 3, [&] { b.call(twofold, {z}); }); });
    Schedule p(prefix);
    CHECK(refusal([&] { p[prefix].parallel(r); }).find("carried by r") != std::string::npos);
}

TEST_CASE_FIXTURE(Twice, "a call gets a copy of its Function, which is scheduled alone") {
    Schedule s(top);
    StageHandle second = s[top].call(line, 1);
    CHECK(functions(s) == Names{"top", "picture", "line", "line_1"});
    const auto [io, ii] = second.split(i, 4);
    second.unroll(ii);
    s[line].split(i, 3, Tail::peel);
    CHECK(print(s.module().functions[3].body).find("for io") != std::string::npos);
    check_everywhere(s);
    CHECK(s.trace().find("0 call {top, 0} line 1") != std::string::npos);
    CHECK(s.trace().find("1 split {top, 1, line, 0} {top, 1, line, 0, i} 4") != std::string::npos);
    check_trace(top, s);
    // It is the same copy when it is named again.
    s[top].call(line, 1).rename(io, "block");
    CHECK(functions(s).size() == 4);
    // Handles of loops made before a copy mean the copy's own in it.
    Schedule before(top);
    const auto [jo, ji] = before[line].split(i, 4);
    before[top].call(line, 0).unroll(ji);
    before[line].pipeline(jo);
    check_everywhere(before);
    check_trace(top, before);
    // In the second level; and what nobody calls any more is gone.
    Schedule deep(top);
    deep[picture].call(line, 0).pipeline(i);
    deep[top].call(picture, 0).unroll(r, 2);
    deep[top].call(line, 0).unroll(i, 2);
    deep[top].call(line, 1).unroll(i, 3);
    CHECK(functions(deep).size() == 5);
    CHECK(refusal([&] { deep[line].unroll(i, 2); }).find("nobody calls line since call(top, line, 1)") !=
          std::string::npos);
    check_everywhere(deep);
    check_trace(top, deep);
}

TEST_CASE_FIXTURE(Twice, "copies of Functions that are not there") {
    Schedule s(top);
    const std::string before = print(s);
    CHECK(refusal([&] {
              s[top].call(line, 2);
          }).find("there is no call 2 of line in top: it has 2, from 0") != std::string::npos);
    CHECK(refusal([&] { s[top].call(line, -1); }).find("there is no call -1 of line in top") !=
          std::string::npos);
    CHECK(refusal([&] { s[line].call(picture, 0); }).find("line does not call picture") != std::string::npos);
    CHECK(refusal([&] { s[line].inline_call(picture); }).find("line does not call picture") !=
          std::string::npos);
    CHECK(refusal([&] { s[top].inline_call(line, 5); }).find("there is no call 5 of line in top") !=
          std::string::npos);
    CHECK(refusal([&] { s.inline_call(top); }) == "inline_call(top): nobody calls top");
    CHECK(print(s) == before);
}

TEST_CASE_FIXTURE(Twice, "steps on calls that are put together, and in traces") {
    Schedule s(top);
    schedule::Step step;
    step.primitive = schedule::find_primitive("call");
    step.func = top.symbol();
    step.target = line.symbol();
    CHECK(refusal([&] { s.call(step); }) ==
          "a step that call does not take: 0 loops, 0 numbers, 0 words, a callee");
    step.numbers = {0};
    step.target = Symbol();
    CHECK(refusal([&] { s.call(step); }) == "a step that call does not take: 0 loops, 1 numbers, 0 words");
    s[top].call(line, 0);
    std::string trace = s.trace_json();
    const std::string callee = "\"callee\": \"line\"";
    trace.insert(trace.find(callee), "\"consumer\": \"line\", \"consumer_definition\": 0, ");
    Schedule again(top);
    CHECK(refusal([&] { again.apply_trace(trace); }) == "the trace has a step with a consumer and a callee");
}

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

TEST_CASE("a Function with an array is called with two sizes") {
    Param N("N");
    InOut a("a", Int(16), {N}), b("b", Int(16), {4, 9});
    Var i("i"), j("j"), r("r");
    Kernel turn("turn", {a}, [&](KernelBody& k) {
        Array own = k.array("own", Int(16), {N});
        k.for_(i, 0, N, [&] { own(i) = a(i) * 2; });
        k.for_(j, 0, N, [&] { a(j) = own(N - 1 - j); });
    });
    Kernel both("both", {a}, [&](KernelBody& k) {
        k.call(turn, {a});
        k.call(turn, {view(a, {Range(0, N / 2)})});
    });
    Schedule s(Kernel("top", {b}, [&](KernelBody& k) {
        k.for_(r, 0, 4, [&] { k.call(both, {view(b, {r, Range(0, 9)})}); });
        k.for_(r, 1, 3, [&] { k.call(turn, {view(b, {r, Range(2, 4)})}); });
        k.call(both, {view(b, {0, Range(5, 4)})});
    }));
    CHECK(s.module().functions.size() == 3);
    s[turn].pipeline(i);
    check_everywhere(s); // Vitis C++ has copies for 9, 4 and 2
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

TEST_CASE_FIXTURE(Twice, "a loop nest becomes a Function") {
    Kernel whole("whole", {x, z}, [&](KernelBody& b) {
        Array sums = b.array("sums", Int(16), {12});
        Scalar most = b.scalar("most", Int(16), 0);
        b.for_(c, 0, 12, [&] { sums(c) = c; });
        b.for_(r, 0, 5, [&] {
            const Expr first = b.let(x(r, 0) + 1);
            b.for_(i, 0, r + 7, [&] {
                b.if_(z(r, i) > 900, [&] { b.break_(); });
                sums(i) += x(r, i) * first;
                most = max(most, sums(i));
            });
            z(r, 0) = most;
        });
        b.for_(c, 0, 12, [&] { z(0, c) = sums(c); });
    });
    Schedule inner(whole);
    StageHandle row = inner[whole].outline(i, "row");
    CHECK(functions(inner) == Names{"whole", "row"});
    row.pipeline(i);
    check_everywhere(inner);
    check_trace(whole, inner);
    CHECK(refusal([&] {
              inner[whole].unroll(i, 2);
          }).find("i is a loop of row, which is a Function of its own") != std::string::npos);
    // Two levels, and back again.
    Schedule outer(whole);
    StageHandle all_rows = outer[whole].outline(r, "rows");
    StageHandle one_row = all_rows.outline(i, "row");
    CHECK(functions(outer) == Names{"whole", "rows", "row"});
    one_row.split(i, 2);
    all_rows.unroll(r);
    check_everywhere(outer);
    check_trace(whole, outer);
    all_rows.inline_call(one_row);
    CHECK(functions(outer) == Names{"whole", "rows"});
    check_everywhere(outer);
    check_trace(whole, outer);
}

TEST_CASE("a loop of a Func becomes a Function") {
    Gemm g(Int(8), Int(32));
    Schedule s(g.C);
    const auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].parallel(io);
    StageHandle block = s[g.C].outline(ii, "block");
    block.vectorize(ji);
    CHECK(s.module().functions.size() == 2);
    expect_right(s, Gemm::sizes());
    Schedule again(g.C);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    for (const Sizes& sizes : Gemm::sizes()) {
        const std::vector<AnyBuffer> right = run(s.reference(), sizes, 2);
        CHECK(bit_equal(realize(s, {right[0], right[1]})[0], right[2]));
    }
    VitisKernels kernels;
    kernels.add(s);
    kernels.compile();
    kernels.expect_right(0, s.reference(), Gemm::sizes());
    Blur blur;
    Schedule t(blur.out);
    t.compute_at(blur.rows, blur.out, blur.y);
    CHECK(refusal([&] {
              t[blur.out].outline(blur.y, "all_of_it");
          }).find("rows is computed inside it: call outline before that") != std::string::npos);
    t[blur.out].outline(blur.x, "line");
    expect_right(t, Blur::sizes());
    CHECK(refusal([&] {
              t.compute_root(blur.rows);
          }).find("a stage, or a loop of one, is a Function of its own: call compute_root before") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(Twice, "names that a Function cannot have") {
    Schedule s(top);
    const std::string before = print(s);
    CHECK(refusal([&] { s[line].outline(i, "2nd"); }).find("\"2nd\" is no identifier") != std::string::npos);
    CHECK(refusal([&] { s[line].outline(i, ""); }).find("is no identifier") != std::string::npos);
    for (const char* name : {"top", "picture", "x", "from"})
        CHECK(refusal([&] { s[line].outline(i, name); }).find("is the name of something else here") !=
              std::string::npos);
    CHECK(print(s) == before);
}

TEST_CASE_FIXTURE(Twice, "a Function is given a let without a type") {
    Input w("w", Fixed(12, 4), {6});
    Output half("half", Fixed(12, 4), {6});
    Kernel halves("halves", {w, half}, [&](KernelBody& b) {
        const Expr factor = b.let(Expr(0.5));
        b.for_(i, 0, 6, [&] { half(i) = w(i) * factor; });
    });
    Schedule s(halves);
    s[halves].outline(i, "scale");
    check_everywhere(s);
}
