// relay: what a row of processes hands on.

#include "drawn.h"
#include "product.h"

#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("relay refuses") {
    Product p;
    Schedule s(p.C);
    has(refusal([&] { s.relay(p.B, p.C, p.i); }), "i is no array of processes: call unfold(i) first");
    s.unfold(p.C, p.i);
    has(refusal([&] { s.relay(p.A, p.C, p.i); }), "when A is read depends on i");
    has(refusal([&] { s.relay(p.C, p.C, p.i); }), "the processes of i write C");
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
        has(refusal([&] { s.relay(line, f, p.i); }), "line is read twice by one statement, at relay.cpp");
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

TEST_CASE("relay refuses what a process gives away") {
    Var p("p"), n("n"), j("j");
    Param N("N");
    Input line("line", Int(8), {N}), query("query", Int(8), {16});
    Output to("to", Int(16), {N}), best("best", Int(16), {4});
    const Kernel scale("scale", {line, to},
                       [&](KernelBody& b) { b.for_(j, 0, N, [&] { to(j) = line(j) * 3; }); });
    const Kernel k("k", {query, best}, [&](KernelBody& b) {
        b.for_(p, 0, 4, [&] {
            Array own = b.array("own", Int(16), {16});
            b.call(scale, {query, own});
            best(p) = 0;
            b.for_(n, 0, 16, [&] { best(p) += own(n); });
        });
    });
    Schedule s(k);
    s.unfold(k, p);
    has(refusal([&] { s.relay(query, k, p); }),
        "query is given to a Function that k_p calls: inline_call that first");
}

TEST_CASE("relay is drawn") {
    drawn("relay");
}
