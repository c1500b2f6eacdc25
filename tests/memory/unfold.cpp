// unfold and relay: iterations as processes, and what they hand on.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

struct Product {
    Var i{"i"}, j{"j"};
    RDom k{0, 6, "k"};
    Input A{"A", Int(16), {4, 6}}, B{"B", Int(16), {6, 8}};
    Func C{"C", Int(32), {4, 8}};
    Product() {
        C(i, j) = 0;
        C(i, j) += A(i, k) * B(k, j);
    }
};

} // namespace

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

TEST_CASE("unfold and relay refuse") {
    Product p;
    Schedule s(p.C);
    has(refusal([&] { s.unfold(p.C, p.k); }), "carried by k");
    has(refusal([&] { s.relay(p.B, p.C, p.i); }), "i is no array of processes: call unfold(i) first");
    Param N("N");
    Input line("line", Int(16), {N});
    Func g("g", Int(16), {N});
    g(p.i) = line(p.i) + 1;
    Schedule open(g);
    has(refusal([&] { open.unfold(g, p.i); }),
        "the extent of i is N: a process for each iteration needs a number");
    s.unfold(p.C, p.i);
    has(refusal([&] { s.relay(p.A, p.C, p.i); }), "when A is read depends on i");
    has(refusal([&] { s.relay(p.C, p.C, p.i); }), "the processes of i write C");
    has(refusal([&] { s[p.C].split(p.i, 2); }), "loop i is gone: unfold(i) at");
    Input at("at", UInt(3), {4});
    Func gather("gather", Int(32), {4});
    RDom r(0, 3, "r");
    gather(p.i) = 0;
    gather(p.i) += p.A(p.i, at(r));
    Schedule d(gather);
    d.unfold(gather, p.i);
    has(refusal([&] { d.relay(p.A, gather, p.i); }), "when A is read depends on");
    has(refusal([&] { d.relay(p.B, gather, p.i); }), "the processes of i are not given B");
}

TEST_CASE("relay: one element a statement, and one after the other") {
    Product p;
    Func two("two", Int(32), {4}), either("either", Int(32), {4});
    RDom r(0, 5, "r");
    Input line("line", Int(8), {6}), a("a", Int(8), {4});
    two(p.i) = a(p.i);
    two(p.i) += line(r) * 3 + line(r + 1);
    either(p.i) = select(a(p.i) > 3, line(1), line(2));
    for (const Func& f : {two, either}) {
        Schedule s(f);
        if (f.name() == "two") s[f].fuse_init(p.i);
        s.unfold(f, p.i);
        has(refusal([&] { s.relay(line, f, p.i); }), "line is read twice by one statement, at unfold.cpp");
    }
    Product q, v;
    Schedule parallel(q.C), vectors(v.C);
    parallel[q.C].fuse_init(q.j).parallel(q.j);
    parallel.unfold(q.C, q.i);
    has(refusal([&] { parallel.relay(q.B, q.C, q.i); }),
        "loop j is parallel, and B is read in it: elements come one after the other, so make it serial");
    vectors[v.C].fuse_init(v.j).vectorize(v.j, 4);
    vectors.unfold(v.C, v.i);
    has(refusal([&] { vectors.relay(v.B, v.C, v.i); }),
        "elements come one after the other, so make it serial");
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
