// What a call was allowed for must hold in the end: where Funcs move, where expressions move, where
// initialisation moves.

#include "compiled.h"

#include <lathe/lathe.h>

using namespace lathe;

namespace {

/// The message of the Error that the call throws, which leaves the schedule as it was.
template <class F> std::string refusal_of(const Schedule& s, F&& call) {
    const std::string before = print(s);
    try {
        call();
    } catch (const InternalError& e) {
        return "internal: " + e.message();
    } catch (const Error& e) {
        CHECK(print(s) == before);
        return e.message();
    }
    return "accepted";
}

void says(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
}

/// In the interpreter and compiled.
void expect_same(const Schedule& s, const std::vector<Sizes>& all) {
    expect_right(s, all);
    expect_compiled(s, all);
}

} // namespace

TEST_CASE("a tag is asked again where its Func is computed over more") {
    Var i("i"), j("j"), y("y");
    RDom r(0, 8, "r");
    Func P("P", Int(32), {8, 24}), C("C", Int(32), {24});
    P(i, j) = i + j;
    P(i, r) = P(i, r + 8 - i);
    C(y) = P(0, y);
    Schedule s(C);
    s[P].compute_at(C, y);
    s[P].update(0).parallel(r);
    says(refusal_of(s, [&] { s[P].compute_root(); }), "r is parallel, and would no longer be legal");
    s[P].update(0).serial(r);
    s[P].compute_root();
    expect_same(s, {{}});
}

TEST_CASE("an order that was proved for a part is not taken along") {
    Var i("i"), j("j"), y("y");
    RDom r(0, 8, "r"), q(0, 8, "q");
    Func P("P", Int(32), {8, 24}), C("C", Int(32), {24});
    P(i, j) = i + j;
    P(i, r) = P(i, r + 8 - i);
    C(y) = P(0, y);
    Schedule s(C);
    s[P].compute_at(C, y);
    s[P].update(0).reorder(r, i);
    says(refusal_of(s, [&] { s[P].compute_root(); }), "was allowed where P is computed now");
}

TEST_CASE("memory that was sized under a condition grows when the condition is gone") {
    Param N("N");
    Var x("x");
    RDom r({{0, N}, {0, 2}}, "r");
    r.where(r.x + N < 8);
    Func f("f", Int(32)), g("g", Int(32)), h("h", Int(32), {N});
    f(x) = x * 3;
    g(x) = f(x) + f(x + 1);
    h(x) = 0;
    h(r.x) += g(r.x) * r.y;
    Schedule s(h);
    s[g].compute_at(h, r.x);
    s[f].compute_at(g, x);
    s[g].compute_root();
    expect_same(s, {{{"N", 10}}, {{"N", 3}}, {{"N", 0}}});
}

TEST_CASE("memory under a condition on the loops that are inside") {
    Param N("N");
    Var x("x"), z("z");
    RDom r({{0, N}, {0, 2}}, "r");
    r.where(r.x + N < 8);
    Func f("f", Int(32)), g("g", Int(32), {N, N}), h("h", Int(32), {N});
    f(x) = x * 3;
    g(z, x) = f(x) + f(x + 1);
    h(x) = 0;
    h(r.x) += g(r.x, r.x) * r.y + g(0, N - 1);
    Schedule s(h);
    s[g].compute_at(h, r.y);
    s[f].compute_at(g, z);
    s[g].compute_root();
    expect_same(s, {{{"N", 10}}, {{"N", 3}}, {{"N", 1}}});
}

TEST_CASE("a Func that needs more makes those that it reads do so, too") {
    Param N("N");
    Var x("x"), y("y");
    RDom r(0, N, "r");
    r.where(r + y < N);
    Func e("e", Int(32)), f("f", Int(32)), g("g", Int(32)), h("h", Int(32), {N});
    e(x) = x * 3 + 1;
    f(x) = e(x) + e(x + 1);
    g(x) = f(x) * 2;
    h(y) = 7;
    h(y) += g(r);
    const std::vector<Sizes> sizes{{{"N", 10}}, {{"N", 3}}, {{"N", 0}}};
    for (const bool inside : {false, true}) {
        Schedule s(h);
        s[g].compute_at(h, y);
        s[f].compute_at(h, y);
        inside ? s[e].compute_at(f, x) : s[e].compute_at(h, y);
        s[g].compute_at(h, r); // outside of the condition
        expect_same(s, sizes);
        s[g].compute_at(h, y);
        expect_same(s, sizes);
    }
}

TEST_CASE("an order that was proved for a part is asked again where more is needed") {
    Var i("i"), j("j"), y("y");
    RDom r({{1, 7}, {0, 7}}, "r"), q(0, 8, "q");
    q.where(q + y < 1);
    Func f("f", Int(32), {8, 8, 72}), g("g", Int(32), {8}), h("h", Int(32), {24});
    Var k("k");
    f(i, j, k) = i * 100 + j * 10 + k;
    f(i, r.x, r.y + 56) = f(i, r.x - 1, r.y + 65 - i * 8);
    g(i) = f(i, 7, 60);
    h(y) = 7;
    h(y) += g(q);
    Schedule s(h);
    s[g].compute_at(h, y);
    s[f].compute_at(h, y); // of it, only the first row is needed
    s[f].update(0).reorder(r.y, r.x);
    says(refusal_of(s, [&] { s[g].compute_at(h, q); }),
         "was allowed for the part of f that is computed now. Call compute_at before that");
    expect_same(s, {{}});
}

TEST_CASE("a tensor on the stack inside a loop around a parallel one") {
    Param N("N");
    Var x("x"), y("y");
    Input a("a", Int(16), {Operand(N + 2), 16});
    Func f("f", Int(32), {Operand(N + 2), 16}), g("g", Int(32), {N, 16});
    f(y, x) = a(y, x) + 1;
    g(y, x) = f(y, x) + f(y + 1, x) + f(y + 2, x);
    Schedule s(g);
    s[f].compute_at(g, y).store_in(MemorySpace::stack());
    s[f].parallel(x);
    s[g].parallel(x);
    expect_same(s, {{{"N", 5}}});
    Buffer<int16_t> in({7, 16});
    for (int n = 0; n < 7; ++n)
        for (int m = 0; m < 16; ++m)
            in(n, m) = static_cast<int16_t>(n * m);
    Buffer<int32_t> out({5, 16});
    jit(s)(in, out);
    CHECK(out(2, 3) == 3 * (2 + 3 + 4) + 3);
    CHECK(out(4, 15) == 15 * (4 + 5 + 6) + 3);
}

TEST_CASE("separate asks its condition only where that can be asked") {
    Var x("x"), y("y"), i("i"), j("j");
    Func f("f", Int(32), {8, 8});
    f(x, y) = y + 2;
    RDom r({{0, 2}, {0, min(f(x, 0), 3)}}, "r");
    f(x, r.y) -= 1 + r.x * 0;
    Schedule s(f);
    says(refusal_of(s, [&] { s[f].separate(x); }), "there is no guard and no clipped bound");

    Func n("n", Int(32), {8}), g("g", Int(32), {8, 8});
    n(x) = x % 5;
    g(x, y) = 1;
    RDom q(0, min(n(x), 3), "q");
    g(x, q) += q;
    Schedule t(g);
    t[n].compute_at(t[g].update(0), x);
    says(refusal_of(t, [&] { t[g].separate(x); }), "n is");
}

TEST_CASE("fuse_init covers what is updated, before anything reads it") {
    Var x("x");
    Input a("a", Int(32), {12});
    RDom q(0, 3, "q");
    Func f("f", Int(32), {8});
    f(x) = 7;
    f(x) += sum(q, a(x + q));
    Schedule s(f);
    s[f].fuse_init(x);
    expect_same(s, {{}});

    RDom r(0, 4, "r");
    r.where(r + x > 5);
    Func g("g", Int(32), {8});
    g(x) = 7;
    g(x) += a(r);
    Schedule t(g);
    const Loop both = t[g].fuse(x, r);
    auto [outer, inner] = t[g].split(both, 2);
    says(refusal_of(t, [&] { t[g].fuse_init(outer); }), "runs over a reduction, too");
    expect_same(t, {{}});
}

TEST_CASE("fuse_init is not put where the bounds read the Func, nor in one branch") {
    Var x("x");
    Input a("a", Int(32), {12});
    Func f("f", Int(32), {8});
    f(x) = x % 3 + 1;
    RDom r(0, clamp(f(x), 1, 3), "r");
    f(x) += a(r);
    Schedule s(f);
    says(refusal_of(s, [&] { s[f].fuse_init(r); }), "f is read");
    s[f].fuse_init(x);
    expect_same(s, {{}});

    RDom q(0, 5, "q");
    Func g("g", Int(32), {10});
    g(x) = 7;
    g(x) += a(x + q % 2) * q;
    Schedule t(g);
    auto [outer, inner] = t[g].split(x, 4);
    t[g].separate(outer);
    says(refusal_of(t, [&] { t[g].fuse_init(outer); }), "several places");
    Schedule u(g);
    auto [first, rest] = u[g].split(x, 4);
    u[g].fuse_init(first);
    u[g].separate(first);
    expect_same(u, {{}});
}

TEST_CASE("a loop over two dimensions gets no range of one of them") {
    Var x("x"), y("y");
    Input a("a", Int(32), {6, 6});
    RDom r(0, 6, "r");
    Func f("f", Int(32), {6, 6}), g("g", Int(32), {6, 6});
    f(x, y) = a(x, y);
    f(r, r) += 1;
    g(x, y) = f(x, y) * 2;
    for (const Var& at : {x, y}) {
        Schedule s(g);
        s[f].compute_at(g, at);
        expect_same(s, {{}});
    }
}

TEST_CASE("vectors of a scatter are refused by the call that cannot have them") {
    Var x("x");
    Input a("a", UInt(8), {32}), m("m", Int(8), {32, 4});
    RDom r(0, 32, "r"), q(0, 4, "q");
    Func h("h", Int(32), {8});
    h(x) = 0;
    h(a(r) % 8) += sum(q, m(r, q));
    Schedule s(h);
    s[h].vectorize(r, 8);
    expect_same(s, {{}});
    Buffer<uint8_t> in({32});
    for (int n = 0; n < 32; ++n)
        in(n) = static_cast<uint8_t>(n * 5 % 8);
    Buffer<int8_t> of({32, 4});
    std::fill(of.begin(), of.end(), int8_t{2});
    Buffer<int32_t> out({8});
    jit(s)(in, of, out);
    CHECK(out(3) == 32);

    InOut t("t", Int(32), {32}), c("c", Int(32), {8});
    Input b("b", UInt(3), {32});
    Var i("i");
    const Kernel k("k", {b, t, c}, [&](KernelBody& body) {
        body.for_(i, 0, 32, [&] {
            body.if_(t(i) == 0, [&] {
                t(i) = 1;
                c(b(i)) += 1;
            });
        });
    });
    Schedule u(k);
    says(refusal_of(u, [&] { u[k].vectorize(i, 8); }), "one after the other, and the condition");
}
