// stream and dataflow where calls pass parts, numbers or a tensor twice, where tensors do not begin at 0, and
// where later steps meet processes.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "lathe/hls/emit.h"
#include "refusal.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Two kernels that another one calls, with an array between them.
struct Calls {
    Var i{"i"}, j{"j"};
    Input from{"from", Int(16), {4}}, mid{"mid", Int(16), {4}};
    Output to{"to", Int(16), {4}}, out{"out", Int(16), {4}};
    Kernel write{"write", {from, to}, [&](KernelBody& b) { b.for_(i, 0, 4, [&] { to(i) = from(i) + 1; }); }};
    Kernel read{
        "read", {mid, out}, [&](KernelBody& b) { b.for_(j, 0, 4, [&] { out(j) = mid(3 - j) * 2; }); }};
    Input x{"x", Int(16), {4}};
    Output y{"y", Int(16), {4}};
};

} // namespace

TEST_CASE("a block is the whole tensor, and one argument of each call") {
    Calls p;
    Kernel top("top", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {6});
        b.for_(p.i, 4, 6, [&] { t(p.i) = cast(Int(16), p.i); });
        b.call(p.write, {p.x, view(t, {Range(0, 4)})});
        b.call(p.read, {view(t, {Range(2, 4)}), p.y});
    });
    Schedule s(top);
    has(refusal([&] { s.dataflow(top); }), "nor as a block (write writes it, too)");
    Kernel views("views", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {4});
        b.call(p.write, {p.x, view(t, {Range(0, 4)})});
        b.call(p.read, {view(t, {Range(0, 4)}), p.y});
    });
    has(refusal([&] { Schedule(views).dataflow(views); }), "as a block (a part of it is passed)");

    Param N("N");
    Input from("from", Int(16), {N}), mid("mid", Int(16), {N});
    Output to("to", Int(16), {N}), out("out", Int(16), {N});
    Kernel write("write", {from, to},
                 [&](KernelBody& b) { b.for_(p.i, 0, N, [&] { to(p.i) = from(p.i) + 1; }); });
    Kernel read("read", {mid, out},
                [&](KernelBody& b) { b.for_(p.j, 0, N, [&] { out(p.j) = mid(N - 1 - p.j) * 2; }); });
    Kernel sized("sized", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {4});
        b.call(write, {p.x, t});
        b.call(read, {t, p.y});
    });
    Schedule whole(sized);
    whole.dataflow(sized);
    has(print(whole), "blocks of (4)");
    check_everywhere(whole);

    Input m1("m1", Int(16), {4}), m2("m2", Int(16), {4});
    Kernel both("both", {m1, m2, p.out},
                [&](KernelBody& b) { b.for_(p.j, 0, 4, [&] { p.out(p.j) = m1(p.j) * m2(p.j); }); });
    Kernel twice("twice", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {4});
        b.call(p.write, {p.x, t});
        b.call(both, {t, t, p.y});
    });
    has(refusal([&] { Schedule(twice).stream(p.write, both); }), "both is given t twice");
    has(refusal([&] { Schedule(twice).dataflow(twice); }), "both is given t twice");

    Param k("k", Int(16));
    Kernel scaled("scaled", {p.mid, p.out, k},
                  [&](KernelBody& b) { b.for_(p.j, 0, 4, [&] { p.out(p.j) = p.mid(p.j) * k; }); });
    Kernel number("number", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {4});
        b.call(p.write, {p.x, t});
        b.call(scaled, {t, p.y, t(3)});
    });
    has(refusal([&] { Schedule(number).dataflow(number); }), "scaled is given a number that it reads from t");
}

TEST_CASE("a block of a tensor that does not begin at 0, of one element, of none, and of a number") {
    Var x("x");
    Input in("in", Int(16), {20});
    Func p("p"), c("c", Int(32), {8});
    p(x) = in(x + 2) * 3;
    c(x) = p(5 - x) + p(3);
    Schedule s(c);
    s.dataflow(c);
    has(print(s), "blocks of");
    check_everywhere(s);
    Func q("q", Int(16), {}), d("d", Int(32), {8});
    q() = in(3) * 3;
    d(x) = q() + 1;
    has(refusal([&] { Schedule(d).dataflow(d); }), "as a block (it is a number)");
    Func none("none", Int(16), {0}), e("e", Int(16), {0});
    none(x) = in(x);
    e(x) = none(-1 - x) + none(x);
    has(refusal([&] { Schedule(e).dataflow(e); }), "as a block (it has no element)");
}

TEST_CASE("stream refuses a process among spawned ones, and what joins a ring") {
    Calls p;
    Var k("k");
    InOut row("row", Int(16), {4});
    Kernel more("more", {row}, [&](KernelBody& b) { b.for_(p.i, 0, 4, [&] { row(p.i) += 1; }); });
    Kernel copy("copy", {p.mid, p.out},
                [&](KernelBody& b) { b.for_(p.j, 0, 4, [&] { p.out(p.j) = p.mid(p.j); }); });
    Kernel spawns("spawns", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {2, 4});
        b.for_(k, 0, 2, [&] { b.for_(p.i, 0, 4, [&] { t(k, p.i) = p.x(p.i); }); });
        b.dataflow([&] { b.spawn({{k, 2}}, more, {view(t, {k, Range(0, 4)})}); });
        b.call(copy, {view(t, {1, Range(0, 4)}), p.y});
    });
    has(refusal([&] { Schedule(spawns).stream(more, copy); }),
        "more is spawned: which of its processes is meant is not said");
    InStream in("in", Int(16)), in2("in2", Int(16));
    OutStream out("out", Int(16)), out2("out2", Int(16));
    Kernel ping("ping", {p.from, in, out, p.to}, [&](KernelBody& b) {
        b.for_(p.i, 0, 4, [&] {
            b.push(out, p.from(p.i));
            p.to(p.i) = b.pop(in);
        });
    });
    Kernel pong("pong", {in2, out2},
                [&](KernelBody& b) { b.for_(p.i, 0, 4, [&] { b.push(out2, b.pop(in2)); }); });
    Kernel ring("ring", {p.x, p.y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {4});
        b.dataflow([&] {
            Stream there = b.stream("there", Int(16)), back = b.stream("back", Int(16));
            b.call(ping, {p.x, back, there, t});
            b.call(pong, {there, back});
        });
        b.call(copy, {t, p.y});
    });
    has(refusal([&] { Schedule(ring).stream(ping, copy); }), "its processes would wait for each other: ");
}

TEST_CASE("a step after which nobody could count the tokens is refused") {
    Var i("i");
    Param N("N");
    Input in("in", Int(16), {N});
    Func p("p", Int(24), {N}), c("c", Int(24), {N});
    p(i) = in(i) * 2;
    c(i) = p(i) + 1;
    Schedule s(c);
    s.stream(p, c);
    const std::string before = print(s);
    has(refusal([&] { s[p].split(i, 4); }), "cannot be counted");
    CHECK(print(s) == before);
    s[p].split(i, 4, Tail::peel);
    s.bind(N, 10);
    s[c].split(i, 4);
    check_everywhere(s);
}

TEST_CASE("a stream in a loop, between arrays of that loop, also under a condition on data") {
    Calls p;
    Var n("n");
    Input a("a", Int(16), {3, 4});
    Output r("r", Int(16), {3, 4});
    Kernel take("take", {p.mid, p.out},
                [&](KernelBody& b) { b.for_(p.j, 0, 4, [&] { p.out(p.j) = p.mid(p.j) * 2; }); });
    Kernel top("top", {a, r}, [&](KernelBody& b) {
        b.for_(n, 0, 3, [&] {
            b.for_(p.i, 0, 4, [&] { r(n, p.i) = 0; });
            b.if_(a(n, 0) > 0, [&] {
                Array t = b.array("t", Int(16), {4});
                b.call(p.write, {view(a, {n, Range(0, 4)}), t});
                b.call(take, {t, view(r, {n, Range(0, 4)})});
            });
        });
    });
    Schedule s(top);
    s.stream(p.write, take);
    has(print(s), "stream t_to_take");
    check_everywhere(s);
}

TEST_CASE("a scalar argument does not keep depths from being computed") {
    Var i("i");
    Param K("K", Int(32));
    Input in("in", Int(16), {9});
    Func p("p", Int(48), {9}), c("c", Int(48), {9});
    p(i) = in(i)*K;
    c(i) = select(p(i) > 0, p(i), 0) + 1; // one token, whichever arm
    Schedule s(c);
    s.stream(p, c, 4);
    CHECK_NOTHROW(vitis_source(s.module()));
}

TEST_CASE("processes that may end the program, or print, have no order among each other") {
    Var i("i"), j("j");
    Input from("from", Int(16), {6}), mid("mid", Int(16), {6});
    Output to("to", Int(16), {6}), out("out", Int(16), {6});
    Kernel write("write", {from, to}, [&](KernelBody& b) {
        b.for_(i, 0, 6, [&] {
            b.require(from(i) < 5, "first");
            to(i) = from(i);
        });
    });
    Kernel read("read", {mid, out}, [&](KernelBody& b) {
        b.for_(j, 0, 6, [&] {
            const Expr v = b.let(mid(j));
            b.require(v > 0, "second");
            out(j) = v;
        });
    });
    Input x("x", Int(16), {6});
    Output y("y", Int(16), {6});
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {6});
        b.call(write, {x, t});
        b.call(read, {t, y});
    });
    Schedule s(top);
    has(refusal([&] { s.stream(write, read); }),
        "both print, require something, or call functions of others");
}

TEST_CASE("a bound that is one of two numbers is a bound in C++, too") {
    Var y("y"), x("x");
    Input in("in", Int(16), {4});
    Output o("o", Int(16), {4});
    Kernel k("choice", {in, o}, [&](KernelBody& b) {
        b.for_(y, 0, 4, [&] {
            o(y) = 0;
            b.for_(x, 0, select(Expr(y) % 2 == 0, 2, 1), [&] { o(y) += in(y); });
        });
    });
    check_everywhere(Schedule(k));
}
