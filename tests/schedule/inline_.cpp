// inline_: a value computed where it is used, and how large that may become.

#include "contains.h"
#include "drawn.h"
#include "refusal.h"
#include "refused.h"

#include "lathe/codegen/jit.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

/// links Funcs that each read the one before at i − 1, i and i + 1.
struct Chain {
    Param N{"N"};
    Var i{"i"};
    Input a{"a", Int(8), {N}};
    std::vector<Func> funcs;
    Chain(int links, bool clamped) {
        Expr before = a(clamp(i, 0, N - 1));
        for (int n = 0; n < links; ++n) {
            funcs.push_back(n + 1 < links ? Func("f" + std::to_string(n)) : Func("out", Int(32), {N}));
            const auto from = [&](const Expr& x) -> Expr {
                const Expr at = clamped ? clamp(x, 0, N - 1) : x;
                return n == 0 ? Expr(a(clamp(x, 0, N - 1))) : Expr(funcs[static_cast<size_t>(n) - 1](at));
            };
            funcs.back()(i) = cast(Int(32), from(i - 1) + from(Expr(i)) + from(i + 1));
        }
    }
};

} // namespace

TEST_CASE("inline_") {
    Blur b;
    Schedule s(b.out);
    s.inline_(b.rows);
    CHECK_FALSE(tensor_named(s.module(), "rows"));
    expect_right(s, Blur::sizes());
    Blur c;
    Schedule t(c.out);
    t.inline_all_pure();
    CHECK(print(t) == print(s));
}

TEST_CASE("an inlined value is rounded as its tensor would round it") {
    Var i("i");
    Param N("N");
    Input a("a", Fixed(16, 8), {N});
    Func p("p", Fixed(8, 2, Round::rnd, Overflow::sat)), out("out", Fixed(32, 10), {N});
    p(i) = a(i) * a(i);
    out(i) = p(i) + p(i) * 2;
    Schedule s(out);
    s.inline_(p);
    expect_right(s, {{{"N", 40}}});
}

TEST_CASE("chains of Funcs that read the one before twice stay small when they are inlined") {
    Param N("N");
    Input a("a", Int(32), {N});
    Var x("x");
    Func last("f", Int(32), {N});
    last(x) = a(x);
    for (int n = 0; n < 60; ++n) {
        Func next("f", Int(32), {N});
        next(x) = last(x) - last(x) * 2;
        last = next;
    }
    Schedule s(last);
    s.inline_all_pure();
    Buffer<int32_t> in({3}), out({3});
    in(2) = 5;
    jit(s)(in, out);
    CHECK(out(2) == 5); // −1 to the 60th
}

TEST_CASE("inlined chains of stencils share their terms, in whatever order they are inlined") {
    for (const int links : {3, 20}) {
        Chain c(links, false), d(links, false);
        Schedule s(c.funcs.back()), backwards(d.funcs.back());
        s.inline_all_pure();
        for (size_t n = d.funcs.size() - 1; n-- > 0;)
            backwards.inline_(d.funcs[n]);
        CHECK(s.steps().size() == d.funcs.size() - 1);
        s[c.funcs.back()].vectorize(c.i, 8);
        Buffer<int8_t> x({30});
        Buffer<int32_t> expected({30}), y({30}), z({30});
        for (int64_t k = 0; k < 30; ++k)
            x(k) = static_cast<int8_t>(k * k);
        interpret(s.reference(), {&x, &expected});
        interpret(s.module(), {&x, &y});
        CHECK(bit_equal(y, expected));
        jit(s).call({&x, &z});
        CHECK(bit_equal(z, expected));
        interpret(backwards.module(), {&x, &z});
        CHECK(bit_equal(z, expected));
    }
}

TEST_CASE("what would become too large is not inlined, and the message names what to keep") {
    Chain c(30, true);
    Schedule s(c.funcs.back());
    const std::string text = refusal(0, [&] { s.inline_all_pure(); });
    CHECK(contains(text, "would make one statement of more than 5000 operations: keep f"));
    CHECK(contains(text, "by compute_root(f"));
    CHECK(s.steps().empty());
    for (size_t n = 0; n + 1 < c.funcs.size(); ++n)
        if (n % 3 != 0) s.inline_(c.funcs[n]);
    CHECK(s.steps().size() == 19);
}

TEST_CASE("inline_all_pure leaves what cannot be inlined") {
    Param N("N");
    Var i("i");
    RDom r(0, 3, "r");
    Input a("a", Int(16), {N});
    Func plain("plain"), summed("summed"), updated("updated"), before("before"),
        out("out", Int(64), {Operand(N - 2)});
    before(i) = a(i) + 1;
    summed(i) = sum(r, a(i + r));
    updated(i) = cast(Int(32), 0);
    updated(i) += a(i + r);
    plain(i) = summed(i) + updated(i) + before(i);
    out(i) = plain(i) * 2;
    Schedule s(out);
    s.inline_(before);
    s.inline_all_pure();
    CHECK_FALSE(tensor_named(s.module(), "plain"));
    CHECK_FALSE(tensor_named(s.module(), "before"));
    CHECK(tensor_named(s.module(), "summed"));
    CHECK(tensor_named(s.module(), "updated"));
    expect_right(s, {{{"N", 9}}, {{"N", 2}}});
    const std::string text = print(s);
    s.inline_all_pure();
    CHECK(print(s) == text);
}

TEST_CASE("refused: inline_") {
    PackedGemm g;
    Schedule s(g.C);
    REFUSED(s, "P has updates. Try compute_at(P, …)", s.inline_(g.P));
    s[g.panel].split(g.j, 4);
    REFUSED(s, "panel is not one expression any more: it has inline reductions, or its loops were scheduled",
            s.inline_(g.panel));
    REFUSED(s, "C is an argument of the function", s.inline_(g.C));
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {N, 4});
    RDom k(0, 4, "k");
    Func p("p"), out("out", Int(32), {N});
    p(i) = sum(k, a(i, k));
    out(i) = p(i);
    Schedule t(out);
    REFUSED(t, "p is not one expression any more: it has inline reductions", t.inline_(p));
}

TEST_CASE("refused: inline_ of a Func whose loops were scheduled") {
    Var i("i");
    Func even("even", Int(8), {16}), out("out", Int(8), {16});
    even(i) = 2 * i;
    out(i) = even(i);
    Schedule s(out);
    s[even].split(i, 4, Tail::exact);
    REFUSED(s, "even's loops were scheduled: inline it before that", s.inline_(even));
}

TEST_CASE("inline_ is drawn") {
    drawn("inline_");
}
