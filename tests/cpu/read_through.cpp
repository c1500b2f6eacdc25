// Buffers of reuse_at in machine code: those that hold nothing but what memory holds are not made, and the
// loops that filled them run as often as without.

#include "compiled.h"
#include "lathe/codegen/lower.h"
#include "lathe/dsl/kernel.h"
#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

using namespace lathe;
using namespace lathe::ir;

namespace {

const Target avx2("x86-64-linux-avx2");

struct Sum {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(16), {34, 66}};
    Func out{"out", Int(32), {32, 64}};
    Sum() { out(y, x) = cast(Int(32), in(y, x)) + in(y, x + 1) * 2 + in(y + 1, x + 2) * 4 + in(y + 2, x); }
};

/// The tensors that the code makes.
std::set<std::string> made(const Schedule& s) {
    std::set<std::string> names;
    for_each(
        codegen::lower(s.module(), avx2).top().body,
        [&](const Stmt& st) {
            if (const auto* a = st.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    names.insert(t.symbol.name());
        },
        nullptr);
    return names;
}

/// "y 0 32": the loops of the code, the outermost first.
std::string loops(const Schedule& s) {
    std::string all;
    for_each(
        codegen::lower(s.module(), avx2).top().body,
        [&](const Stmt& st) {
            if (const auto* f = st.as<For>())
                all += fmt::format("{}{} {} {}", all.empty() ? "" : ", ", f->var.name(), print(f->min),
                                   print(f->extent));
        },
        nullptr);
    return all;
}

} // namespace

TEST_CASE_FIXTURE(Sum, "read_through: a line buffer, a window, and both") {
    const std::string plain = loops(Schedule(out));
    CHECK(plain == "y 0 32, x 0 64");
    for (const int which : {1, 2, 3}) {
        Schedule s(out);
        TensorRef held = in;
        if (which != 2) held = s.reuse_at(held, out, y);
        if (which != 1) s.reuse_at(held, out, x);
        CHECK(made(s).empty());
        CHECK(loops(s) == plain);
        expect_compiled(s, {{}});
        if (which == 1) s[out].vectorize(x, 8);
        expect_compiled(s, {{}});
    }
}

TEST_CASE("read_through: strides, borders, tiles and sizes that are parameters") {
    Var y("y"), x("x");
    Input in("in", Int(16), {41, 30});
    Func even("even", Int(32), {20, 30}), edge("edge", Int(32), {41, 30});
    even(y, x) = in(2 * y, x) + in(2 * y + 1, x) * 3 - in(2 * y + 2, x);
    Schedule s(even);
    s.reuse_at(in, even, y);
    CHECK(made(s).empty());
    CHECK(loops(s) == "y 0 20, x 0 30");
    expect_compiled(s, {{}});

    const Bounded around = repeat_edge(in);
    edge(y, x) = around(y - 1, x) + around(y + 1, x - 1) * 5 + around(y, x + 2);
    Schedule t(edge);
    t.reuse_at(t.reuse_at(in, edge, y), edge, x);
    CHECK(made(t).empty());
    CHECK(loops(t) == "y 0 41, x 0 30");
    expect_compiled(t, {{}});

    Param H("H"), W("W");
    Input a("a", Int(16), {H, W});
    Func f("f", Int(32), {H, W});
    const Bounded border = repeat_edge(a);
    f(y, x) = border(y - 1, x) + border(y + 1, x + 1);
    Schedule u(f);
    auto [yo, xo, yi, xi] = u[f].tile({y, x}, {4, 3});
    u.reuse_at(a, f, yi);
    CHECK(made(u).empty());
    expect_compiled(u, {{{"H", 9}, {"W", 13}}, {{"H", 1}, {"W", 1}}, {{"H", 0}, {"W", 3}}});
}

TEST_CASE_FIXTURE(
    Sum, "read_through: a buffer of what is computed where it is filled stays, and buffer_at's copies") {
    Func twice("twice", Int(16), {34, 66}), sum("sum", Int(32), {32, 66});
    twice(y, x) = in(y, x) * 2 + 1;
    sum(y, x) = twice(y, x) + twice(y + 1, x) + twice(y + 2, x);
    Schedule s(sum);
    s.reuse_at(twice, sum, y);
    CHECK(made(s) == std::set<std::string>{"twice"});
    s.compute_at(twice, sum, y);
    CHECK(made(s).contains("twice_y"));
    expect_compiled(s, {{}});
    Schedule t(out);
    t.buffer_at(in, out, y);
    CHECK(made(t) == std::set<std::string>{"in_buffer"});
    expect_compiled(t, {{}});
}

TEST_CASE("read_through: what is stored under other conditions than the tensor's ends is no copy") {
    Var y("y"), x("x");
    Input in("in", Int(16), {10, 12});
    for (const int which : {0, 1, 2}) {
        CAPTURE(which);
        Func f("f", Int(16), {10, 12}), g("g", Int(32), {8, 12});
        const Expr some = which == 0 ? x % 2 == 0 : which == 1 ? x < 7 : in(y, x) > 0;
        f(y, x) = select(some, in(y, x), 0);
        g(y, x) = f(y, x) + f(y + 1, x) * 3 + f(y + 2, x) * 5;
        Schedule s(g);
        s[f].compute_root();
        s.reuse_at(f, g, y);
        s[f].inline_();
        CHECK(made(s) == std::set<std::string>{"f_y"});
        expect_compiled(s, {{}});
    }
}

TEST_CASE("read_through: a condition that guards what the next one reads stays around it") {
    Var x("x"), first("first");
    Input in("in", Int(16), {22}), big("big", Int(16), {11});
    Output out("out", Int(16), {20});
    const Kernel kernel("kernel", {in, big, out}, [&](KernelBody& b) {
        b.for_(first, 0, 20, [&] { out(first) = 0; });
        b.for_(x, 0, 20, [&] {
            b.if_(x / 3 < 1, [&] { b.if_(big(x * 5) > 2, [&] { out(x) = in(x) + in(x + 1) + in(x + 2); }); });
        });
    });
    Schedule s(kernel);
    s.reuse_at(in, kernel, x);
    CHECK(made(s).empty());
    expect_compiled(s, {{}});
}

TEST_CASE("read_through: an unrolled loop keeps its constant number of iterations") {
    Var x("x");
    Param X("X");
    Input in("in", Int(16), {X + 3});
    Func out("out", Int(32), {X});
    out(x) = in(x) + in(x + 1) * 3 + in(x + 3) * 5;
    for (const Tail tail : {Tail::guard, Tail::peel}) {
        Schedule t(out);
        t.reuse_at(in, out, x);
        auto [xo, xi] = t[out].split(x, 3, tail);
        t[out].unroll(xi);
        expect_compiled(t, {{{"X", 7}}, {{"X", 1}}, {{"X", 0}}});
    }
}

TEST_CASE("read_through: a condition on what the loop stores is asked in each iteration") {
    Var x("x");
    Input in("in", Int(16), {22});
    InOut limit("limit", Int(16), {1});
    Output out("out", Int(16), {20});
    const Kernel kernel("kernel", {in, limit, out}, [&](KernelBody& b) {
        b.for_(x, 0, 20, [&] {
            b.if_(x <= limit(0), [&] {
                out(x) = in(x) + in(x + 1) + in(x + 2);
                limit(0) = 12 - x;
            });
        });
    });
    Schedule s(kernel);
    s.reuse_at(in, kernel, x);
    CHECK(made(s).empty());
    expect_compiled(s, {{}});
}
