// Every call that a schedule refuses: the message, the user's line, and that nothing changed.

#include "refused.h"

#include <lathe/dsl/kernel.h>

using namespace lathe;

TEST_CASE("refused: definitions that are not there") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "C has no update 1: it has 1", s[g.C].update(1));
    REFUSED(s, "C has no accumulator of its own, so nothing is written back", s[g.C].write_back());
    REFUSED(s, "compute_at needs one definition of C", s[g.C].compute_at(s[g.C].all(), g.i));
}

TEST_CASE("refused: quantize") {
    Gemm g;
    Schedule s(g.C);
    Gemm other;
    REFUSED(s, "A is no Func or Input of this schedule's algorithm", s.quantize(other.A, Int(8)));
    REFUSED(s, "A has no update, so it has no accumulator",
            s.quantize(g.A, Int(8), {.accumulate = Accumulate::exact}));
    s.quantize({g.A, g.B}, Fixed(16, 12));
    unsigned line = 0;
    try {
        s.quantize(g.C, Fixed(32, 16), {.accumulate = Accumulate::exact});
    } catch (const Error& e) {
        line = e.loc().line;
        CHECK(e.message().find("an exact sum over k needs a constant bound on its K iterations") !=
              std::string::npos);
    }
    CHECK(line != 0);
    s.quantize(g.A, Int(3000));
    Schedule t = s;
    CHECK_THROWS_AS(t.quantize(g.B, Int(3000)), Error);
    CHECK(print(t) == print(s));
}

TEST_CASE("refused: an exact accumulator for what is not a sum") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N, 4});
    RDom k(0, 4, "k");
    Func f("f", Int(8), {N});
    f(i) = 1;
    f(i) *= a(i, k);
    Schedule s(f);
    REFUSED(s, "an exact accumulator is for sums, and * at schedule.cpp:",
            s.quantize(f, Int(8), {.accumulate = Accumulate::exact}));
}

TEST_CASE("refused: bind") {
    Gemm g;
    Param other("other"), scale("scale", Float(32));
    Var i("i");
    Func f("f", Float(32), {4});
    f(i) = scale;
    Schedule s(g.C), t(f);
    REFUSED(s, "other is no parameter of this schedule's algorithm", s.bind(other, 4));
    REFUSED(s, "bind(M, -1): a size is not negative", s.bind(g.M, -1));
    REFUSED(t, "scale is of Float(32), and bind gives a size a value. A scalar stays an argument",
            t.bind(scale, 4));
    s.bind(g.M, 4);
    REFUSED(s, "M is bound to 4 already", s.bind(g.M, 8));
    s[g.C].separate(s[g.C].split(g.j, 8)[0]);
    REFUSED(s, "makes an earlier step fail: separate(jo)", s.bind(g.N, 16));
}

TEST_CASE("refused: what an entry check of a Func would need more than parameters for") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N});
    Func f("f", Int(16), {N});
    f(i) = a(i);
    Schedule s(f);
    REFUSED(s, "f was built, and takes no more requirements: state them before that", f.require(N >= 8));
    Func g("g", Int(16), {N});
    g(i) = a(i);
    REFUSED(s, "g.require(a[Index(0)] > 1) names more than parameters", g.require(a(0) > 1));
    REFUSED(s, "the condition of require is Int(32): it must be a Bool; compare with 0", g.require(N));
    g.require(N >= 8 && floor_mod(N, 4) == 0, "whole blocks");
    Schedule t(g);
    t[g].split(i, 4, Tail::exact);
    Schedule u(g);
    u[g].split(i, 8, Tail::shift_inwards);
    expect_right(t, {{{"N", 8}}, {{"N", 12}}});
    expect_right(u, {{{"N", 12}}});
    CHECK_THROWS_WITH_AS(run(t.module(), {{"N", 10}}, 1), doctest::Contains("whole blocks"), Error);
}

TEST_CASE("refused: quantize of tensors that steer the program") {
    Var i("i");
    Input a("a", Int(16), {100}), at("at", Int(16), {8}), chosen("chosen", Bool(), {8});
    Func f("f", Int(16), {8});
    f(i) = select(chosen(i), a(clamp(at(i), 0, 99)), 0);
    Schedule s(f);
    s.quantize({a, at}, Int(12)); // through a clamp it is a number
    REFUSED(s, "chosen is a condition at schedule.cpp:", s.quantize(chosen, UInt(2)));
    Func g("g", Int(16), {8});
    g(i) = a(at(i));
    Schedule t(g);
    REFUSED(t, "at is a subscript at schedule.cpp:", t.quantize({a, at}, Int(12)));
    REFUSED(t, "at is a subscript at schedule.cpp:", t.downsize(at, Int(12)));
}
