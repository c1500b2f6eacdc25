// dataflow: stages side by side as processes.

#include "drawn.h"
#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "refusal.h"
#include "streams_of.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("dataflow: streams where they can be, else blocks; a kernel's loops and a Func's stages") {
    Var i("i"), j("j"), u("u"), v("v"), z("z"), w("w");
    Input x("x", Int(16), {6, 7});
    Output y("y", Int(16), {6, 7});
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {6, 7}), m = b.array("m", Int(16), {6, 7});
        b.for_(i, 0, 6, [&] { b.for_(j, 0, 7, [&] { t(i, j) = x(i, j) + 1; }); });
        b.for_(u, 0, 6, [&] { b.for_(v, 0, 7, [&] { m(u, v) = t(5 - u, v) * 2; }); });
        b.for_(z, 0, 6, [&] { b.for_(w, 0, 7, [&] { y(z, w) = m(z, w) - 4; }); });
    });
    Schedule s(top);
    s.dataflow(top);
    has(print(s), "stream t_to_top_u: Int(16) blocks of (6, 7)");
    has(print(s), "stream m_to_top_z: Int(16)\n");
    s[top].pipeline(j).pipeline(w).unroll(v, 2); // loops go by their names
    check_everywhere(s);
    expect_same_with_stalls(s);
    Schedule again(top);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));

    Func a("a", Int(16), {6, 7}), c("c", Int(16), {7, 6}), d("d", Int(32), {7, 6});
    a(i, j) = x(i, j) + 3;
    c(j, i) = a(i, j) * 2;
    d(j, i) = c(j, i) + a(5 - i, j);
    Schedule r(d);
    has(refusal([&] { r.dataflow(d); }),
        "as a block (d reads it, too, and a block has one reader: copy it to an array for each)");
    Func e("e", Int(32), {7, 6});
    e(j, i) = c(j, i) - 1;
    Schedule q(e);
    q.dataflow(e);
    CHECK(streams_of(q) == 2);
    check_everywhere(q);
}

TEST_CASE("dataflow refuses one process alone, a second dataflow, and what is no process") {
    Var i("i"), j("j");
    Input x("x", Int(16), {6});
    Output y("y", Int(16), {6});
    const auto why = [&](const Kernel& k) { return refusal([&] { Schedule(k).dataflow(k); }); };
    has(why(Kernel("one", {x, y}, [&](KernelBody& b) { b.for_(i, 0, 6, [&] { y(i) = x(i); }); })),
        "nothing stands beside one: one process alone waits for nobody");
    has(why(Kernel("checked", {x, y},
                   [&](KernelBody& b) {
                       b.require(x(0) > 0);
                       b.for_(i, 0, 6, [&] { y(i) = x(i); });
                   })),
        "there is one process alone, checked_i");
    has(why(Kernel("beside", {x, y},
                   [&](KernelBody& b) {
                       b.for_(i, 0, 6, [&] { y(i) = x(i); });
                       y(0) = 3;
                   })),
        "is no loop, stage or call of a kernel: move it into a kernel of its own");
    const Kernel pass("pass", {x, y}, [&](KernelBody& b) { b.for_(i, 0, 6, [&] { y(i) = x(i); }); });
    has(why(Kernel("twofold", {x, y},
                   [&](KernelBody& b) {
                       b.for_(j, 0, 6, [&] { y(j) = 0; });
                       b.dataflow([&] { b.call(pass, {x, y}); });
                   })),
        "twofold has a dataflow already, at dataflow.cpp");
}

TEST_CASE("dataflow refuses two calls of one kernel, two orders, and what is read under a condition") {
    Var i("i"), j("j"), x("x");
    const Input in("in", Int(16), {12}), a("a", Int(16), {12});
    const Output out("out", Int(16), {12}), b("b", Int(16), {12});
    const Kernel pass("pass", {a, b}, [&](KernelBody& k) { k.for_(i, 0, 12, [&] { b(i) = a(i); }); });
    const auto why = [&](const std::function<void(KernelBody&, const Array&)>& body) {
        const Kernel k("k", {in, out}, [&](KernelBody& k) { body(k, k.array("mid", Int(16), {12})); });
        return refusal([&] { Schedule(k).dataflow(k); });
    };
    has(why([&](KernelBody& k, const Array& mid) {
            k.call(pass, {in, mid});
            k.call(pass, {mid, out});
        }),
        "pass is called several times: make it a Function of one call by s[caller].call(pass, n)");
    const std::string asked =
        "mid is read only when j < 12, and that is asked where something else begins: make it "
        "a let of its own, in an if";
    has(why([&](KernelBody& k, const Array& mid) {
            k.for_(i, 0, 12, [&] { mid(i) = in(i); });
            k.for_(j, 0, 13, [&] { k.if_(select(j < 12, mid(j), 0) > 3, [&] { out(min(j, 11)) = 1; }); });
        }),
        asked);
    Func f("f", Int(16), {12}), r("r", Int(16), {12});
    f(x) = in(x) * 2;
    r(x) = f(11 - x);
    const std::string both = refusal([&] { Schedule({in}, {f, r}).dataflow(r); });
    has(both, "f passes from f to r neither as a stream (f[x] written at dataflow.cpp");
    has(both, ") nor as a block (it is an argument)");
}

TEST_CASE("dataflow is drawn") {
    drawn("dataflow");
}

TEST_CASE("dataflow: what processes touch other elements of") {
    Var i("i"), x("x"), y("y"), u("u");
    Input in("in", Int(16), {12});
    InOut io("io", Int(16), {2, 12});
    Output out("out", Int(16), {12}), more("more", Int(16), {12});
    const Kernel rows("rows", {in, out, more}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {2, 12});
        b.for_(i, 0, 12, [&] { t(0, i) = in(i); });
        b.for_(x, 0, 12, [&] { t(1, x) = in(x) * 2; });
        b.for_(y, 0, 12, [&] { out(y) = t(0, y); });
        b.for_(u, 0, 12, [&] { more(u) = t(1, u); });
    });
    has(refusal([&] { Schedule(rows).dataflow(rows); }),
        "rows_i writes t, and rows_u reads other elements of it: nothing passes from the one to the other, "
        "and processes share no tensor that one of them writes. Give what rows_u reads an array of its own");
    const Kernel one("one", {in, io, out}, [&](KernelBody& b) {
        b.for_(y, 0, 12, [&] { io(0, y) = in(y); });
        b.for_(i, 0, 12, [&] { out(i) = io(1, i); });
    });
    has(refusal([&] { Schedule(one).dataflow(one); }),
        "one_y writes io, and one_i reads other elements of it");
    const Kernel joined("joined", {in, out}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {2, 12});
        b.for_(i, 0, 12, [&] { t(0, i) = in(i); });
        b.for_(x, 0, 12, [&] { t(1, x) = in(x) * 2; });
        b.for_(y, 0, 12, [&] { out(y) = t(0, y) + t(1, y); });
    });
    has(refusal([&] { Schedule(joined).dataflow(joined); }),
        "neither as a stream (t is written by joined_i and by joined_x: a stream has one writer. Give what "
        "each of them writes an array of its own) nor as a block (joined_x writes it, too)");
}
