#include "programs.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

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
    CHECK(has(text, "for io in range((M + 3) // 4):"));
    CHECK(has(text, "for ii in range(4):"));
    CHECK(has(text, "io * 4 + ii < M"));
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
    CHECK_FALSE(has(print(s), "if"));
    expect_right(s, {{}});
}

TEST_CASE("shift_inwards repeats iterations instead of guarding") {
    Var i("i");
    Input a("a", Int(8), {29});
    Func f("f", Int(16), {29});
    f(i) = a(i) + 1;
    Schedule s(f);
    auto [io, ii] = s[f].split(i, 8, Tail::shift_inwards);
    CHECK(has(print(s), "min(io * 8, 21)"));
    CHECK_FALSE(has(print(s), "if"));
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

TEST_CASE("a statement that does the same in all iterations may run in any order of them") {
    Param N("N");
    Var i("i"), j("j");
    InOut v("v", Int(16), {8}), w("w", Int(16), {8, 8});
    const auto kernel = [&](const std::function<void()>& body) {
        return Kernel("k", {v, w, N}, [&](KernelBody& k) {
            k.require(N <= 8);
            k.for_(i, 0, N, [&] { k.for_(j, 0, 5, body); });
        });
    };
    const Kernel same = kernel([&] { v(1) = v(v(0) & 3) * 3 + 1; });
    const Kernel seen = kernel([&] {
        v(1) = v(1) * 3 + 1;
        w(i, j) = v(1);
    });
    Schedule s(same), t(seen);
    s[same].reorder(j, i);
    expect_right(s, {{{"N", 0}}, {{"N", 7}}});
    CHECK_THROWS_WITH_AS(s[same].parallel(i), doctest::Contains("v["), Error);
    CHECK_THROWS_WITH_AS(t[seen].reorder(j, i), doctest::Contains("would run in another order"), Error);
}

TEST_CASE("peel gives the rest a loop, and copies what is inside") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].reorder(g.i, g.j, g.k);
    s[g.C].split(g.i, 4, Tail::peel);
    CHECK(has(print(s), "for it in range(M // 4 * 4"));
    CHECK_THROWS_WITH_AS(s[g.C].parallel(g.j),
                         doctest::Contains("loop j has 2 copies since split(i, 4, peel)"), Error);
    s[g.C].parallel(all(g.j));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("tile") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    CHECK(has(loop_tree(s), "ji"));
    expect_right(s, Gemm::sizes());
    s[g.C].reorder(io, jo, g.k, ii, ji).parallel(io).unroll(ii).vectorize(ji);
    expect_right(s, Gemm::sizes());
    s[g.C].init().tile({g.i, g.j}, {3, 5}, Tail::guard);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("reorder keeps guards as far out as they can be") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].reorder(io, g.j, ii, g.k);
    std::string text = print(s);
    CHECK(text.find("if ") > text.find("for ii"));
    CHECK(text.find("if ") < text.find("for k"));
    expect_right(s, Gemm::sizes());
    std::string before = print(s);
    s[g.C].reorder(io, g.j, ii, g.k);
    CHECK(print(s) == before);
    s[g.C].reorder(g.k, ii); // only these two change places
    expect_right(s, Gemm::sizes());
}

TEST_CASE("reductions that commute are free, others keep their order") {
    Var i("i");
    Param N("N");
    Input a("a", Int(8), {N, N, N});
    for (Type t : {Int(32), Fixed(32, 0), Float(32), Fixed(32, 0, Round::trn, Overflow::sat)}) {
        RDom r({{0, N}, {0, N}}, "r");
        Func f("f", t, {N});
        f(i) = 0;
        f(i) += a(i, r.x, r.y);
        Schedule s(f);
        std::string before = print(s);
        if (t == Int(32) || t == Fixed(32, 0)) {
            s[f].reorder(r.y, r.x).vectorize(r.x, 4);
            CHECK_THROWS_AS(s[f].parallel(r.y), Error);
        } else {
            CHECK_THROWS_AS(s[f].reorder(r.y, r.x), Error);
            CHECK_THROWS_AS(s[f].vectorize(r.y, 4), Error);
            CHECK(print(s) == before);
            s[f].reorder(r.x, r.y, i);
        }
        expect_right(s, {{{"N", 5}}, {{"N", 0}}, {{"N", 1}}});
    }
}

TEST_CASE("fuse") {
    Gemm g;
    Schedule s(g.C);
    Loop ij = s[g.C].fuse(g.i, g.j);
    CHECK(ij.name() == "ij");
    CHECK(has(print(s), "for ij in range(M * N):"));
    s[g.C].parallel(ij);
    expect_right(s, Gemm::sizes());

    Gemm h;
    Schedule t(h.C);
    auto [io, jo, ii, ji] = t[h.C].tile({h.i, h.j}, {4, 8});
    Loop tile = t[h.C].fuse(io, jo, "tile");
    Loop inside = t[h.C].fuse(ii, ji);
    CHECK(tile.name() == "tile");
    t[h.C].parallel(tile);
    expect_right(t, Gemm::sizes());
    t[h.C].unroll(inside, 4);
    expect_right(t, Gemm::sizes());
}

TEST_CASE("fuse of loops that may have negative extents") {
    Param N("N");
    RDom r({{0, N - 5}, {2, N - 7}}, "r");
    Var i("i"), j("j");
    Func f("f", Int(32), {N, N});
    f(i, j) = 1;
    f(r.x, r.y) = r.x + r.y;
    Schedule s(f);
    s[f].fuse(r.x, r.y);
    expect_right(s, {{{"N", 0}}, {{"N", 1}}, {{"N", 6}}, {{"N", 8}}, {{"N", 12}}});
}

TEST_CASE("vectorize and unroll with a bound that is not constant") {
    Gemm g;
    Schedule s(g.C);
    s[g.C].reorder(g.i, g.k, g.j).vectorize(g.j, 16).unroll(g.k, 2);
    CHECK(has(print(s), "vectorized"));
    CHECK(has(print(s), "unrolled"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("rename shows, and handles stay valid") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].rename(io, "block").parallel(io);
    CHECK(has(print(s), "for block in "));
    CHECK_FALSE(has(print(s), "io"));
    expect_right(s, Gemm::sizes());
}

TEST_CASE("serial undoes a tag") {
    Gemm g;
    Schedule s(g.C);
    std::string before = print(s);
    s[g.C].parallel(g.i).serial(g.i);
    CHECK(print(s) == before);
    s[g.C].all().parallel(g.i);
    CHECK(s.steps().size() == 4);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("handles work in copies of a schedule, which go their own ways") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    Schedule t = s;
    t[g.C].parallel(io);
    s[g.C].unroll(ii);
    CHECK(has(print(t), "parallel"));
    CHECK_FALSE(has(print(s), "parallel"));
    expect_right(s, Gemm::sizes());
    expect_right(t, Gemm::sizes());
}

TEST_CASE("the trace names loops by where they come from") {
    Gemm g;
    Schedule s(g.C);
    auto [io, ii] = s[g.C].split(g.i, 4);
    s[g.C].reorder(io, g.k, ii, g.j).parallel(io).vectorize(g.j, 16);
    CHECK(s.trace() == "0 split {C, 1} {C, 1, i} 4 guard - -\n"
                       "1 reorder {C, 1} {0, 0} {C, 1, k} {0, 1} {C, 1, j}\n"
                       "2 parallel {C, 1} {0, 0}\n"
                       "3 vectorize {C, 1} {C, 1, j} 16\n");
    Gemm h;
    Schedule t(h.C);
    auto [jo, ji] = t[h.C].split(h.i, 4);
    t[h.C].reorder(jo, h.k, ji, h.j).parallel(jo).vectorize(h.j, 16);
    CHECK(t.trace() == s.trace());
    CHECK(print(t) == print(s));
    CHECK(equal(t.module(), s.module()));
}
