// call: what a Function is, and which of its calls a schedule means.

#include "twice.h"

using namespace lathe;
using namespace lathe::ir;

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

TEST_CASE("call is drawn") {
    drawn("call");
}
