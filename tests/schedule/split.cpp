// split: tails, loops that begin elsewhere or run nothing, and what it refuses.

#include "contains.h"
#include "drawn.h"
#include "refusal.h"
#include "refused.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;

namespace {

/// i from `first` on, over n iterations: a loop whose min is not zero.
struct Shifted {
    Param N{"N"};
    Var i{"i"};
    RDom r{3, N, "r"};
    Func f{"f", Int(32), {Operand(N + 4)}};
    Shifted() {
        f(i) = 7;
        f(r) = r * 2;
    }
};

} // namespace

TEST_CASE("split guards the tail") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    CHECK(io.name() == "io");
    CHECK(ii.name() == "ii");
    std::string text = print(s);
    CHECK(contains(text, "for io in range((M + 3) // 4):"));
    CHECK(contains(text, "for ii in range(4):"));
    CHECK(contains(text, "io * 4 + ii < M"));
    expect_right(s, Gemm::sizes());
    auto [koo, koi] = s[g.C].split(g.k, 2, Tail::guard, {"koo", "koi"});
    CHECK(koo.name() == "koo");
    s[g.C].split(koi, 3);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("split of a loop that does not start at zero") {
    for (Tail tail : {Tail::guard, Tail::peel}) {
        Shifted p;
        Schedule s(p.f);
        s[p.f].split(p.r, 4, tail);
        expect_right(s, {{{"N", 0}}, {{"N", 1}}, {{"N", 4}}, {{"N", 11}}});
    }
}

TEST_CASE("split of a loop whose extent may be negative") {
    for (Tail tail : {Tail::guard, Tail::peel}) {
        Param N("N");
        Var i("i");
        RDom r(0, N - 5, "r");
        Func f("f", Int(32), {N});
        f(i) = 1;
        f(r) = 2;
        Schedule s(f);
        s[f].split(r, 4, tail);
        s[f].init().split(i, 3, Tail::peel);
        expect_right(s, {{{"N", 0}}, {{"N", 1}}, {{"N", 4}}, {{"N", 5}}, {{"N", 6}}, {{"N", 17}}});
    }
}

TEST_CASE("split without a tail") {
    Var i("i");
    Input a("a", Int(8), {24});
    Func f("f", Int(16), {24});
    f(i) = a(i) + 1;
    Schedule s(f);
    s[f].split(i, 8, Tail::exact);
    CHECK_FALSE(contains(print(s), "if"));
    expect_right(s, {{}});
}

TEST_CASE("shift_inwards repeats iterations instead of guarding") {
    Var i("i");
    Input a("a", Int(8), {29});
    Func f("f", Int(16), {29});
    f(i) = a(i) + 1;
    Schedule s(f);
    auto [io, ii] = s[f].split(i, 8, Tail::shift_inwards);
    CHECK(contains(print(s), "min(io * 8, 21)"));
    CHECK_FALSE(contains(print(s), "if"));
    s[f].vectorize(ii);
    expect_right(s, {{}});
}

TEST_CASE("shift_inwards repeats what reads earlier iterations, or elements that none writes") {
    Param N("N");
    Var i("i");
    InOut v("v", Int(16), {N + 12});
    const auto kernel = [&](const std::function<void()>& body) {
        return Kernel("k", {v}, [&](KernelBody& k) { k.for_(i, 0, 10, body); });
    };
    const std::vector<Sizes> sizes{{{"N", 3}}};
    const Kernel recurrence = kernel([&] { v(i + 1) = v(i) * 3 + 1; }),
                 far = kernel([&] { v(i) = v(i + 12) + 1; }), next = kernel([&] { v(i) = v(i + 1) + 1; }),
                 itself = kernel([&] { v(i) = v(i) + v(11); });
    for (const Kernel& k : {recurrence, far}) {
        Schedule s(k);
        s[k].split(i, 4, Tail::shift_inwards);
        expect_right(s, sizes);
    }
    for (const Kernel& k : {next, itself}) {
        Schedule s(k);
        CHECK_THROWS_WITH_AS(s[k].split(i, 4, Tail::shift_inwards), doctest::Contains("running one twice"),
                             Error);
    }
    const Kernel told("told", {v}, [&](KernelBody& k) { k.for_(i, 0, 10, [&] { k.print("{}", {i}); }); });
    Schedule s(told);
    CHECK_THROWS_WITH_AS(s[told].split(i, 4, Tail::shift_inwards), doctest::Contains("running one twice"),
                         Error);
}

TEST_CASE("shift_inwards repeats iterations that store to one element, which keeps its last value") {
    Var i("i"), j("j");
    InOut v("v", Int(16), {40});
    const Kernel k("k", {v}, [&](KernelBody& k) {
        k.for_(i, 0, 7, [&] { k.for_(j, 0, 3, [&] { v(i + j) = v(i + 30) + j; }); });
    });
    Schedule s(k);
    const auto [io, ii] = s[k].split(i, 4, Tail::shift_inwards);
    expect_right(s, {{}});
    CHECK_THROWS_WITH_AS(s[k].parallel(io), doctest::Contains("is written as v["), Error);
}

TEST_CASE("peel gives the rest a loop, and copies what is inside") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].reorder(g.i, g.j, g.k);
    s[g.C].split(g.i, 4, Tail::peel);
    CHECK(contains(print(s), "for it in range(M // 4 * 4"));
    CHECK_THROWS_WITH_AS(s[g.C].parallel(g.j),
                         doctest::Contains("loop j has 2 copies since split(i, 4, peel)"), Error);
    s[g.C].parallel(all(g.j));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("refused: splits") {
    Gemm g;
    Schedule s(g.C);
    Var other("other");
    REFUSED(s, "split(i, 0) at split.cpp:", s[g.C].split(g.i, 0));
    REFUSED(s, "the factor 0 must be at least 1", s[g.C].split(g.i, 0));
    REFUSED(s, "4 is not proved to divide the extent M. Try Tail::guard", s[g.C].split(g.i, 4, Tail::exact));
    REFUSED(s, "the extent M is not proved to be at least 4", s[g.C].split(g.i, 4, Tail::shift_inwards));
    REFUSED(s, "other is no loop of update 0 of C, which has i, j, k", s[g.C].split(other, 4));
    REFUSED(s, "k is no loop of C, which has i, j", s[g.C].init().split(g.k, 4));
    REFUSED(s, "split makes new loops, so it works on one definition of C at a time",
            s[g.C].all().split(g.i, 4));
    s[g.C].parallel(g.i);
    REFUSED(s, "loop i is parallel; split, fuse and tag loops before that, or call serial(i) first",
            s[g.C].split(g.i, 4));
    REFUSED(s, "the factor -1 must be at least 1", s[g.C].tile({g.j, g.k}, {4, -1}));
}

TEST_CASE("refused: shift_inwards where repeating an iteration matters") {
    Var i("i");
    RDom k(0, 20, "k");
    Func f("f", Int(16), {20});
    f(i) = 0;
    f(k) += 1;
    Schedule s(f);
    REFUSED(s, "running one twice changes the result", s[f].split(k, 8, Tail::shift_inwards));
    s[f].init().split(i, 8, Tail::shift_inwards);
}

TEST_CASE("refused: a tail that is none") {
    Gemm g;
    Schedule s(g.C);
    schedule::Step step;
    step.primitive = schedule::find_primitive("split");
    step.func = g.C.symbol();
    step.definition = 1;
    step.loops = {g.i.symbol()};
    step.numbers = {4};
    step.words = {"melt", "", ""};
    CHECK(contains(refusal([&] { s.call(step); }), "there is no tail melt"));
}

TEST_CASE("split is drawn") {
    drawn("split");
}
