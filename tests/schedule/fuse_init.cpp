// fuse_init: the initialisation in the loops of the first update.

#include "drawn.h"
#include "primitives.h"
#include "refusal.h"

#include "lathe/codegen/jit.h"

using namespace lathe;

namespace {

/// f is set, g stands between, f is updated.
struct Between {
    Param N{"N"};
    Input a{"a", Int(8), {N}};
    Var i{"i"};
    Func f{"f", Int(16), {N}}, g{"g", Int(8), {N}};
    Between() {
        f(i) = 0;
        g(i) = a(i);
        f(i) += g(i);
    }
};

} // namespace

TEST_CASE("fuse_init outside of the reduction") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].reorder(io, jo, g.k, ii, ji).vectorize(ji).fuse_init(jo);
    CHECK(print(s).find("= 0") > print(s).find("for jo"));
    expect_right(s, Gemm::sizes());
    Gemm h;
    Schedule t(h.C);
    t[h.C].fuse_init();
    CHECK(print(t).find("= 0") > print(t).find("for j"));
    expect_right(t, Gemm::sizes());
}

TEST_CASE("fuse_init in the first iteration of the reduction") {
    Var i("i");
    Param N("N");
    Input a("a", Int(8), {N, 5});
    RDom k(0, 5, "k");
    Func f("f", Int(32), {N});
    f(i) = i;
    f(i) += a(i, k);
    Schedule s(f);
    auto [ko, ki] = s[f].split(k, 2);
    s[f].reorder(ko, i, ki);
    s[f].fuse_init(i);
    CHECK(print(s).find("if ko == 0") != std::string::npos);
    expect_right(s, {{{"N", 3}}, {{"N", 0}}});
}

TEST_CASE("a loop that runs over a reduction, too, initialises nothing when that is empty") {
    Param M("M"), N("N"), K("K");
    Input A("A", Int(32), {M, K});
    Var i("i"), j("j");
    RDom k(0, K, "k"), four(0, 4, "four");
    Func C("C", Int(32), {M, N}), D("D", Int(32), {M, N});
    C(i, j) = 7;
    C(i, j) += A(i, k);
    D(i, j) = 7;
    D(i, j) += A(i, four);
    const auto refusal = [&](Schedule& s, const auto& call) {
        const std::string before = print(s);
        std::string text;
        try {
            call();
        } catch (const Error& e) {
            text = e.message();
        }
        CHECK(print(s) == before);
        return text;
    };
    Schedule s(C), t(C), u(C), v(D);
    s[C].fuse(j, k);
    const std::string reason = "runs over a reduction, too, which may have no iterations";
    CHECK(refusal(s, [&] { s[C].fuse_init(i); }).find(reason) != std::string::npos);
    t[C].split(t[C].fuse(j, k), 4);
    CHECK(refusal(t, [&] { t[C].fuse_init(i); }).find(reason) != std::string::npos);
    u[C].fuse_init(i);
    u[C].fuse(j, k);
    v[D].fuse(j, four);
    v[D].fuse_init(i); // four is never empty
    Buffer<int32_t> a({2, 0}), b({2, 5}), x({2, 3}), y({2, 3});
    std::fill(b.begin(), b.end(), 1);
    jit(u)(a, x);
    jit(v)(b, y);
    CHECK(x(1, 2) == 7);
    CHECK(y(1, 2) == 11);
}

TEST_CASE("fuse_init of a Func with an accumulator of its own") {
    Param M("M"), K("K");
    Input A("A", Int(8), {M, K});
    Var i("i");
    RDom k(0, K, "k");
    Func C("C", Int(16), {M});
    C(i) = 3;
    C(i) += A(i, k);
    Schedule s(C);
    s.quantize(C, Int(16), {.accumulate = Int(24)});
    s[C].update(0).fuse_init(i);
    Buffer<int8_t> a({2, 4});
    std::fill(a.begin(), a.end(), int8_t{5});
    Buffer<int16_t> got({2});
    jit(s)(a, got);
    CHECK(got(1) == 23);
}

TEST_CASE("refused: fuse_init") {
    Gemm g;
    Schedule s(g.C);
    REFUSED(s, "C has no update", s[g.C].init().fuse_init());
    REFUSED(s, "the reduction loop k may have no iterations, and then nothing would be initialised",
            s[g.C].fuse_init(g.k));
    s[g.C].init().split(g.i, 4);
    REFUSED(s, "the initialisation is not one store, or was scheduled", s[g.C].fuse_init(g.j));
    Schedule t(g.C);
    t[g.C].reorder(g.k, g.i, g.j);
    REFUSED(t, "k is a reduction loop, and outermost. Name a loop, or reorder first", t[g.C].fuse_init());
    Scan p;
    Schedule u(p.out);
    REFUSED(u, "update 0 of s does not run through every", u[p.s].fuse_init(p.r));
    Param N("N");
    Var i("i");
    Func f("f", Int(32), {N});
    RDom r(0, N, "r"), half(0, N, "half");
    f(i) = 1;
    f(i) += r;
    f(i) += half;
    Schedule v(f);
    REFUSED(v, "update 1 of f is not its first", v[f].fuse_init(i));
}

TEST_CASE("refused: fuse_init where it would change what is initialised") {
    Between b;
    Schedule between(b.f);
    REFUSED(between, "other definitions stand between f's initialisation and its update",
            between[b.f].fuse_init(b.i));

    Gemm g;
    Schedule copies(g.C);
    copies[g.C].split(g.i, 4);
    copies[g.C].separate(copies[g.C].split(g.j, 4)[0]);
    REFUSED(copies, "the update writes C at several places", copies[g.C].fuse_init());

    Input a("a", Int(8), {20, 20});
    Var i("i");
    RDom r({{0, 20}, {0, 20}}, "r"), q(0, 20, "q"), p({{0, 20}, {0, 20}}, "p");
    Func scatter("scatter", Int(16), {20}), guarded("guarded", Int(16), {20}), twice("twice", Int(16), {20});
    scatter(i) = 0;
    scatter(q % 5) += a(q, 0);
    Schedule scattered(scatter);
    REFUSED(scattered, "update 0 of scatter does not write every element", scattered[scatter].fuse_init(q));
    p.where(p.x != 3);
    guarded(i) = 0;
    guarded(i) += a(p.x, p.y);
    Schedule conditions(guarded);
    conditions[guarded].reorder(p.x, i, p.y).split(p.x, 8);
    REFUSED(conditions, "around the place depends on", conditions[guarded].fuse_init(i));
    twice(i) = 0;
    twice(i) = a(i, 0);
    Schedule before(twice);
    before[twice].init().split(i, 4, Tail::exact);
    REFUSED(before, "the initialisation's loops were scheduled: call fuse_init before that",
            before[twice].fuse_init());
    Param N("N");
    RDom w(0, 20, "w");
    w.where(N > 3);
    Func sized("sized", Int(16), {20});
    sized(i) = 0;
    sized(i) += a(i, w);
    Schedule whole(sized);
    REFUSED(whole, "update 0 of sized leaves out elements by a condition", whole[sized].fuse_init(i));
    PackedGemm packed;
    Schedule tiles(packed.C);
    auto [to, jo, ti, ji] = tiles[packed.C].tile({packed.i, packed.j}, {4, 8});
    tiles[packed.C].reorder(jo, to, ti, ji);
    tiles[packed.P].compute_at(packed.C, to);
    tiles[packed.C].separate(jo, to);
    REFUSED(tiles, "P has copies or was inlined", tiles[packed.P].fuse_init(packed.i));
    Schedule repeated(twice);
    auto [io, ii] = repeated[twice].split(i, 8, Tail::shift_inwards);
    REFUSED(repeated, "an element would be initialised in several iterations of io",
            repeated[twice].fuse_init(io));
}

TEST_CASE("refused: fuse_init at the loop of an inline reduction") {
    Var x("x");
    Input a("a", Int(32), {12});
    RDom q(0, 3, "q");
    Func f("f", Int(32), {8});
    f(x) = 7;
    f(x) += sum(q, a(x + q));
    Schedule s(f);
    REFUSED(s, "loop q is not around the update of f", s[f].fuse_init(q));
}

TEST_CASE("fuse_init where a condition is around an inline reduction only") {
    Var x("x");
    Input a("a", Int(8), {16}), c("c", Bool(), {8});
    RDom q(0, 3, "q");
    q.where(q != 1);
    Func f("f", Int(32), {8});
    f(x) = 7;
    f(x) += sum(q, a(x + q)) + select(c(x), sum(q, a(q)), 0);
    Schedule s(f);
    s[f].fuse_init(x);
    expect_right(s, {{}});
}

TEST_CASE("fuse_init is drawn") {
    drawn("fuse_init");
}
