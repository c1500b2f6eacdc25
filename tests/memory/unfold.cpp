// unfold: iterations as processes.

#include "drawn.h"
#include "product.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("a row of processes: each has its part, and hands on what all of them read") {
    Product p;
    Schedule s(p.C);
    s[p.C].fuse_init(p.j);
    s.unfold(p.C, p.i);
    has(print(s), "spawn C_i(A, B, inout C[i, 0:+8], i) for i in [0, 4)");
    check_everywhere(s);
    s.relay(p.B, p.C, p.i);
    has(print(s), "spawn C_i(A, inout C[i, 0:+8], i, B_relay[i], B_relay[i + 1]) for i in [0, 4)");
    has(print(s), "B_load(B, B_relay[0])");
    s[p.C].pipeline(p.k); // loops inside keep their names
    check_everywhere(s);
    expect_same_with_stalls(s, 10);
    Schedule again(p.C);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    s.quantize(p.B, Int(11));
    has(print(s), "stream B_relay: Int(11)[5]");
    check_everywhere(s);
}

TEST_CASE("processes that share a table, and write windows of several positions") {
    Var i("i"), j("j");
    Input x("x", UInt(3), {12, 5});
    Const table("table", std::vector<int16_t>{5, -3, 7, 100, 2, 9, -20, 1});
    Func f("f", Int(16), {12, 5});
    f(i, j) = table(x(i, j)) + i;
    Schedule s(f);
    auto [io, ii] = s[f].split(i, 3, Tail::exact);
    s.unfold(f, io);
    has(print(s), "f[3 * io:+3, 0:+5]");
    s[f].pipeline(j);
    check_everywhere(s);
}

TEST_CASE("a kernel's loop as processes, under a condition") {
    Var p("p"), n("n");
    Input query("query", Int(8), {16}), refs("refs", Int(8), {4, 16});
    Output best("best", Int(32), {4});
    Kernel k("distances", {query, refs, best}, [&](KernelBody& b) {
        b.for_(p, 0, 4, [&] {
            best(p) = 0;
            b.for_(n, 0, 16, [&] { b.if_(Expr(n) < 13, [&] { best(p) += abs(query(n) - refs(p, n)); }); });
        });
    });
    Schedule s(k);
    s.unfold(k, p).relay(query, k, p);
    has(print(s), "query_load(query, query_relay[0])");
    check_everywhere(s);
}

TEST_CASE("unfold refuses") {
    Product p;
    Schedule s(p.C);
    has(refusal([&] { s.unfold(p.C, p.k); }), "carried by k");
    Param N("N");
    Input line("line", Int(16), {N});
    Func g("g", Int(16), {N});
    g(p.i) = line(p.i) + 1;
    Schedule open(g);
    has(refusal([&] { open.unfold(g, p.i); }),
        "the extent of i is N: a process for each iteration needs a number");
    s.unfold(p.C, p.i);
    has(refusal([&] { s[p.C].split(p.i, 2); }), "loop i is gone: unfold(i) at");
}

TEST_CASE("unfold: a part that an idle iteration would not have") {
    Var i("i"), j("j");
    Input A("A", Int(8), {10, 6});
    Func C("C", Int(32), {10, 8}), D("D", Int(32), {8, 8});
    C(i, j) = A(i, 0) + j;
    D(i, j) = A(i, 0) + j;
    Schedule s(C), t(D);
    auto [io, ii] = s[C].split(i, 4);
    has(refusal([&] { s.unfold(C, ii); }),
        "and C may end before that: an iteration that does nothing there is a "
        "process, too. Let the iterations fit, as a split whose factor divides "
        "them");
    auto [to, ti] = t[D].split(i, 4);
    t.unfold(D, ti);
    check_everywhere(t);
}

TEST_CASE("unfold refuses parts that are given away, and none") {
    Var i("i"), j("j");
    Param N("N");
    InOut row("row", Int(16), {N}), z("z", Int(16), {4, 8}), y("y", Int(16), {16});
    const Kernel twice("twice", {row}, [&](KernelBody& b) { b.for_(j, 0, N, [&] { row(j) *= 2; }); });
    const Kernel rows("rows", {z}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.call(twice, {view(z, {i, Range(0, 8)})}); });
    });
    has(refusal([&] { Schedule(rows).unfold(rows, i); }),
        "z is given to a Function in i: inline_call that first");
    const Kernel triangle("triangle", {y}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.for_(j, 0, Expr(i) + 1, [&] { y(i * 4 + j) = j; }); });
    });
    has(refusal([&] { Schedule(triangle).unfold(triangle, i); }),
        "the part of y that an iteration of i has goes from 4 * i to 5 * i in dimension 0: processes of a "
        "row are "
        "alike, and have parts of one constant size. Let each iteration have as many elements, or a row of a "
        "further dimension");
    const Kernel all("all", {y}, [&](KernelBody& b) {
        b.for_(i, 0, 4, [&] { b.for_(j, 0, 4, [&] { y((j * 4 + i + 1) % 16) = j; }); });
    });
    has(refusal([&] { Schedule(all).unfold(all, i); }),
        "y is written in each iteration of i, and none has a part of its own: give it a dimension");
}

TEST_CASE("unfold is drawn") {
    drawn("unfold");
}
