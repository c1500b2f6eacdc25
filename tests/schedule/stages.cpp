#include "programs.h"
#include "refusal.h"

#include "lathe/codegen/jit.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

const Tensor* allocation(const Module& m, const std::string& name) {
    const Tensor* found = nullptr;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            const Allocate* a = s.as<Allocate>();
            for (size_t n = 0; a && n < a->tensors.size(); ++n)
                if (a->tensors[n].symbol.name() == name) found = &a->tensors[n];
        },
        nullptr);
    return found;
}

} // namespace

TEST_CASE("compute_at computes the rows that one row of the consumer needs") {
    Blur b;
    Schedule s(b.out);
    s.compute_at(b.rows, b.out, b.y);
    const Tensor* rows = allocation(s.module(), "rows");
    REQUIRE(rows);
    CHECK(as_int(rows->dims[0].extent) == 3);
    expect_right(s, Blur::sizes());
    s[b.rows].vectorize(b.x, 8);
    s[b.out].vectorize(b.x, 8).parallel(b.y);
    expect_right(s, Blur::sizes());
}

TEST_CASE("compute_at in tiles, on the stack") {
    Blur b;
    Schedule s(b.out);
    auto [yo, xo, yi, xi] = s[b.out].tile({b.y, b.x}, {4, 8});
    s.compute_at(b.rows, b.out, xo).store_in(b.rows, MemorySpace::stack());
    const Tensor* rows = allocation(s.module(), "rows");
    REQUIRE(rows);
    CHECK(as_int(rows->dims[0].extent) == 6);
    CHECK(as_int(rows->dims[1].extent) == 8);
    CHECK(rows->space == MemorySpace::stack());
    expect_right(s, Blur::sizes());
    s.compute_at(b.rows, b.out, yi);
    CHECK(allocation(s.module(), "rows")->space == MemorySpace::stack());
    expect_right(s, Blur::sizes());
}

TEST_CASE("compute_root undoes compute_at") {
    Blur b;
    Schedule s(b.out);
    std::string before = print(s);
    s.compute_at(b.rows, b.out, b.y).compute_root(b.rows);
    CHECK(print(s) == before);
}

TEST_CASE("compute_root of what both an accumulator's update and a later Func read") {
    Param N("N");
    Var i("i");
    Input a("a", Int(8), {Operand(N + 2)});
    RDom r(0, 3, "r");
    Func p("p", Int(9)), q("q", Int(16), {N}), out("out", Int(32), {N});
    p(i) = a(i) + 1;
    q(i) = 1;
    q(i) += p(i + r);
    out(i) = q(i) - p(i);
    Schedule s(out);
    s.compute_root(p).quantize(q, Int(16), {.accumulate = Int(33)});
    expect_right(s, {{{"N", 6}}, {{"N", 0}}});
}

TEST_CASE("a chain of producers in one loop") {
    Param N("N");
    Var i("i");
    Input a("a", Int(16), {Operand(N + 4)});
    Func p("p"), q("q"), r("r", Int(32), {N});
    p(i) = a(i) * 3;
    q(i) = p(i) + p(i + 2);
    r(i) = q(i) - q(i + 1) + p(i);
    Schedule s(r);
    auto [io, ii] = s[r].split(i, 4);
    s.compute_at(q, r, io).compute_at(p, r, io);
    expect_right(s, {{{"N", 13}}, {{"N", 0}}, {{"N", 1}}, {{"N", 4}}});
    Schedule t(r);
    t[r].split(i, 4);
    CHECK_THROWS_AS(t.compute_at(p, r, i), Error);
}

TEST_CASE("compute_at of a Func with updates moves all of them") {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
    s.compute_at(g.P, g.C, jo).store_in(g.P, MemorySpace::registers());
    s[g.P].reorder(g.k, g.i, g.j);
    const Tensor* p = allocation(s.module(), "P");
    REQUIRE(p);
    CHECK(as_int(p->dims[0].extent) == 6);
    CHECK(as_int(p->dims[1].extent) == 16);
    expect_right(s, Gemm::sizes());
}

TEST_CASE("compute_at of a Func between whose definitions another one stands") {
    Param N("N");
    Input a("a", Int(8), {N});
    Var i("i");
    Func f("f", Int(16), {N}), between("between", Int(8), {N}), out("out", Int(16), {N});
    f(i) = 0;
    between(i) = a(i);
    f(i) += between(i);
    out(i) = 2 * f(i);
    Schedule s(out);
    s[f].compute_at(out, i);
    expect_right(s, {{{"N", 5}}});
    s[between].compute_at(out, i);
    expect_right(s, {{{"N", 5}}});
    s.compute_root(between).compute_root(f);
    s[between].compute_at(f, i);
    expect_right(s, {{{"N", 5}}});
}

TEST_CASE("compute_at keeps whole the dimensions in which a Func depends on itself") {
    Param N("N"), M("M");
    Var i("i"), j("j");
    Input a("a", Int(8), {M, N});
    RDom r(1, N - 1, "r");
    Func scan("scan", Int(32), {M, N}), out("out", Int(32), {M, N});
    scan(i, j) = a(i, j);
    scan(i, r) = scan(i, r - 1) + a(i, r);
    out(i, j) = scan(i, j) * 2;
    Schedule s(out);
    s.compute_at(scan, out, i);
    const Tensor* t = allocation(s.module(), "scan");
    REQUIRE(t);
    CHECK(as_int(t->dims[0].extent) == 1);
    CHECK_FALSE(as_int(t->dims[1].extent));
    expect_right(s, {{{"M", 3}, {"N", 7}}, {{"M", 2}, {"N", 1}}, {{"M", 0}, {"N", 3}}});
    Schedule inner(out);
    inner.compute_at(scan, out, j);
    expect_right(inner, {{{"M", 3}, {"N", 7}}, {{"M", 2}, {"N", 1}}});
}

TEST_CASE("compute_at takes memory for this size, not for all that an Int(32) holds") {
    Param N("N");
    Var i("i"), j("j");
    RDom r(1, N - 1, "r");
    Func scan("scan", Int(32), {4, N}), out("out", Int(32), {4, N});
    scan(i, j) = j; // so N is at most 2^31
    scan(i, r) = scan(i, r - 1) + scan(i, r);
    out(i, j) = scan(i, j) * 2;
    Schedule s(out);
    s.compute_at(scan, out, i);
    const Tensor* t = allocation(s.module(), "scan");
    REQUIRE(t);
    CHECK_FALSE(as_int(t->dims[1].extent));
    expect_right(s, {{{"N", 7}}, {{"N", 1}}, {{"N", 0}}});
}

TEST_CASE("inline_") {
    Blur b;
    Schedule s(b.out);
    s.inline_(b.rows);
    CHECK_FALSE(allocation(s.module(), "rows"));
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

TEST_CASE("separate gives full tiles constant bounds and no conditions") {
    PackedGemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
    s[g.C].reorder(jo, io, ii, ji);
    s.compute_at(g.P, g.C, io).compute_at(g.panel, g.C, jo).store_in(g.P, MemorySpace::registers());
    s[g.P].init().unroll(g.i).vectorize(g.j);
    s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
    s[g.panel].vectorize(g.j);
    s[g.C].unroll(ii).vectorize(ji).parallel(jo);
    expect_right(s, Gemm::sizes());
    auto [full, edge] = s[g.C].separate(jo, io);
    std::string text = print(s);
    INFO(text);
    std::string inside = text.substr(text.find("0 <= "));
    inside = inside.substr(inside.find('\n'), inside.find("else") - inside.find('\n'));
    CHECK_FALSE(has(inside, "if "));
    CHECK_FALSE(has(inside, "min("));
    CHECK(has(inside, "for i in unrolled"));
    expect_right(s, Gemm::sizes());
    CHECK_THROWS_WITH_AS(s[g.C].serial(ji), doctest::Contains("2 copies since separate"), Error);
    s[g.C].serial(full(ji)).serial(edge(ji)).serial(ii.all());
    expect_right(s, Gemm::sizes());
}

TEST_CASE("separate where a full tile never runs one of the loops") {
    Param N("N");
    Var i("i");
    RDom r(0, i - N + 1, "r"); // empty, but that takes the full tile's condition to see
    Func f("f", Int(32), {N});
    f(i) = 1;
    f(i) += r;
    Schedule s(f);
    auto [io, ii] = s[f].split(i, 4);
    auto [full, edge] = s[f].separate(io);
    s[f].unroll(edge(ii));
    CHECK_THROWS_WITH_AS(full(ii), doctest::Contains("or this copy never runs it"), Error);
    expect_right(s, {{{"N", 11}}, {{"N", 4}}, {{"N", 0}}});
}

TEST_CASE("separate of two loops") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].reorder(io, jo, g.k, ii, ji);
    s[g.C].separate(io, jo);
    expect_right(s, Gemm::sizes());
    std::string text = print(s);
    CHECK(has(text, "else"));
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

TEST_CASE("steps that hold where a Func is computed do not move with it") {
    Param N("N");
    Var i("i");
    RDom r(1, N - 1, "r");
    Func g("g", Int(32), {N}), h("h", Int(32), {N});
    g(i) = i;
    g(r) += 100;
    h(i) = g(i);
    Schedule s(h);
    s.compute_at(g, h, i);
    s[g].split(r, 7, Tail::peel);
    const std::string before = print(s);
    CHECK_THROWS_WITH_AS(
        s.compute_root(g),
        doctest::Contains("was allowed where g is computed now. Call compute_root before that"), Error);
    CHECK(print(s) == before);
    Schedule root(h);
    root.compute_at(g, h, i).compute_root(g);
    root[g].split(r, 7, Tail::peel);
    Buffer<int32_t> none({0}), some({9});
    jit(root)(none);
    jit(root)(some);
    CHECK(some(0) == 0);
    CHECK(some(8) == 108);
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
    CHECK(has(text, "would make one statement of more than 5000 operations: keep f"));
    CHECK(has(text, "by compute_root(f"));
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
    CHECK_FALSE(allocation(s.module(), "plain"));
    CHECK_FALSE(allocation(s.module(), "before"));
    CHECK(allocation(s.module(), "summed"));
    CHECK(allocation(s.module(), "updated"));
    expect_right(s, {{{"N", 9}}, {{"N", 2}}});
    const std::string text = print(s);
    s.inline_all_pure();
    CHECK(print(s) == text);
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
