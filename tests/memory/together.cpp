// reuse_at and buffer_at with other calls before and after them: right, or refused.

#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "refusal.h"
#include "vitis_compiled.h"

#include "lathe/hls/emit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

void expect_refused(const std::string& message, const std::string& part) {
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
}

struct Chain {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(16), {14}}, in2{"in2", Int(16), {14, 14}};
    Func g{"g", Int(16), {11}}, out{"out", Int(32), {10}};
    Chain() {
        g(y) = in(y) + in(y + 1);
        out(y) = cast(Int(32), g(y)) + g(y + 1);
    }
};

} // namespace

TEST_CASE("a Func whose loops fill a buffer stays where it is") {
    Chain c;
    Schedule s(c.out);
    s.reuse_at(c.in, c.g, c.y);
    expect_refused(refusal([&] { s.compute_at(c.g, c.out, c.y); }), "gave its loops other ranges");
    expect_same_as_code(s);
    Schedule t(c.out);
    t.buffer_at(c.g, c.y);
    expect_refused(refusal([&] { t.compute_at(c.g, c.out, c.y); }), "gave its loops other ranges");
    Schedule before(c.out);
    before.compute_at(c.g, c.out, c.y);
    before.reuse_at(c.in, c.g, c.y);
    expect_same_as_code(before);
}

TEST_CASE("what a loop computes for its own iterations is not computed while it only fills") {
    Chain c;
    Func o("o", Int(32), {10});
    o(c.y) = cast(Int(32), c.g(c.y)) + c.g(c.y + 1) + c.in(c.y + 1) + c.in(c.y);
    for (const bool first : {false, true}) {
        Schedule s(o);
        auto [yo, yi] = s[o].split(c.y, 4);
        if (first) s.compute_at(c.g, o, yi);
        try {
            s.reuse_at(c.in, o, yi);
            s.compute_at(c.g, o, yi);
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) {
        }
        expect_same_as_code(s);
    }
}

TEST_CASE("a ring that is stored to twice is no shift register") {
    Var y("y"), x("x");
    Input in("in", Int(16), {5, 10});
    Func out("out", Int(16), {4, 10});
    out(y, x) = in(y, x) - in(y + 1, x);
    VitisKernels kernels;
    std::vector<Module> all;
    for (const Tail tail : {Tail::shift_inwards, Tail::guard, Tail::peel}) {
        Schedule s(out);
        s.reuse_at(in, out, y);
        try {
            s[out].split(x, 8, tail);
        } catch (const Error&) {
            continue;
        }
        expect_same_as_code(s);
        kernels.add(s.module());
        all.push_back(s.reference());
    }
    kernels.compile();
    for (size_t k = 0; k < all.size(); ++k)
        kernels.expect_right(k, all[k], {{}});
    CHECK(all.size() >= 2);
}

TEST_CASE("only fills become part of a loop that reuses") {
    Input in("in", Int(16), {14}), w("w", Int(16), {14});
    InOut a("a", Int(16), {30});
    Output out("out", Int(16), {30});
    Var c("c"), d("d"), x("x");
    const auto program = [&](const std::function<void(KernelBody&, Array&)>& before) {
        return Kernel("ke", {in, w, a, out}, [&](KernelBody& k) {
            Array t = k.array("t", Int(16), {14});
            k.for_(d, 0, 14, [&] { t(d) = 1; });
            before(k, t);
            k.for_(x, 0, 10, [&] { a(x + 2) = in(x) + in(x + 1) + t(x + 1); });
            k.for_(d, 0, 30, [&] { out(d) = 0; });
        });
    };
    for (const Kernel& k :
         {program([&](KernelBody& b, Array& t) { b.for_(c, 0, 11, [&] { t(c) = a(c); }); }),
          program([&](KernelBody& b, Array& t) { b.for_(c, 0, 11, [&] { t(floor_div(c, 2)) = w(c); }); }),
          program([&](KernelBody& b, Array& t) { b.for_(c, 0, 11, [&] { t(c) = t(c + 1) + 1; }); })}) {
        Schedule s(k);
        s.reuse_at(in, k, x);
        expect_same_as_code(s);
    }
}

TEST_CASE("buffer_at: loops that may run nothing, and what memory says") {
    Param K("K");
    Output out("out", Int(16), {8});
    InOut a("a", Int(16), {16});
    Input t("t", UInt(4), {16});
    Var x("x"), i("i"), k("k"), j("j");
    const Kernel empty("empty", {out, K}, [&](KernelBody& b) {
        b.for_(x, 0, 2, [&] { b.for_(i, 0, 8, [&] { b.for_(k, 0, K, [&] { out(i) = 5; }); }); });
    });
    expect_refused(refusal([&] { Schedule(empty).buffer_at(out, empty, x); }), "may hold nothing yet");
    const Kernel guarded("guarded", {a, t}, [&](KernelBody& b) {
        b.for_(x, 0, 2, [&] {
            b.for_(i, -5, 10, [&] { b.if_(i >= 0, [&] { b.if_(t(i) > 5, [&] { a(i) = 1; }); }); });
        });
    });
    expect_refused(refusal([&] { Schedule(guarded).buffer_at(a, guarded, x); }), "depends on what t holds");
    const Kernel scattered("scattered", {a, t}, [&](KernelBody& b) {
        b.for_(x, 0, 2, [&] {
            b.for_(i, 0, 5, [&] {
                const Expr q = b.let(t(i));
                a(q) = 1;
            });
        });
    });
    expect_refused(refusal([&] { Schedule(scattered).buffer_at(a, scattered, x); }), "depends on");
    const Kernel some("some", {a, t}, [&](KernelBody& b) {
        b.for_(x, 0, 2, [&] {
            b.for_(i, 0, t(3), [&] { a(i) = 3; });
            b.for_(j, 0, 9, [&] { a(j) = a(j) + 1; });
        });
    });
    expect_refused(refusal([&] { Schedule(some).buffer_at(a, some, x); }), "depends on");
}

TEST_CASE("reuse_at: windows that memory moves, elements that hold nothing, values of a tuple") {
    Input in("in", Int(16), {40}), t("t", UInt(2), {8});
    Output out("out", Int(16), {8});
    Var x("x"), y("y"), p("p");
    const Kernel moved("moved", {in, t, out}, [&](KernelBody& b) {
        b.for_(y, 0, 8, [&] {
            const Expr q = b.let(t(0));
            out(y) = in(y + q) + in(y + q + 1);
        });
    });
    expect_refused(refusal([&] { Schedule(moved).reuse_at(in, moved, y); }), "depends on");
    const Kernel partly("partly", {in, out}, [&](KernelBody& b) {
        Array a = b.array("a", Int(16), {12});
        b.for_(p, 1, 11, [&] { a(p) = in(p); });
        b.for_(x, 0, 8, [&] { out(x) = a(x + 1) + select(x > 0, a(x), 7); });
    });
    Schedule s(partly);
    const Symbol array = [&] {
        Symbol found;
        for_each(
            s.module().top().body,
            [&](const Stmt& n) {
                if (const auto* a = n.as<Allocate>()) found = a->tensors[0].symbol;
            },
            nullptr);
        return found;
    }();
    expect_refused(refusal([&] { s.reuse_at(TensorRef(array), partly, x); }),
                   "that is copied may hold nothing");
    Param H("H");
    Input h("h", Int(16), {H + 1});
    Func g("g"), o("o", Int(32), {H});
    g(y) = h(y) * 3;
    o(y) = cast(Int(32), g(y)) + g(y + 1);
    Schedule tiles(o);
    auto [yo, yi] = tiles[o].split(y, 3);
    tiles.compute_at(g, o, yo);
    expect_refused(refusal([&] { tiles.reuse_at(g, o, yi); }), "that is copied may hold nothing");
    Func pair("pair", Types{Int(16), Int(16)}, {9}), sum("sum", Int(32), {8});
    pair(y) = Tuple(in(y), in(y + 1));
    sum(y) = cast(Int(32), pair(y)[0]) + pair(y + 1)[0] + pair(y)[1];
    Schedule two(sum);
    expect_refused(refusal([&] { two.reuse_at(pair, sum, y); }), "pair holds 2 values: name one");
    two.reuse_at(TensorRef(pair, 0), sum, y);
    expect_same_as_code(two);
}

TEST_CASE("a Function is given what its caller stores, however that is stored later") {
    Var y("y"), x("x"), v("v"), u("u");
    Input in("in", Int(16), {9, 10});
    Func t("t", Int(16), {8, 10}), out("out", Int(16), {8, 10});
    t(y, x) = in(y, x) - in(y + 1, x);
    out(v, u) = t(v, u) * 2;
    Schedule s(out);
    s.partition(t, Partition::complete, 0);
    s[out].outline(v, "doubled");
    s.align_storage(t, 1, 4);
    expect_same_as_code(s);
    Schedule r(out);
    const TensorRef lines = r.reuse_at(in, t, y);
    expect_refused(refusal([&] { r[t].outline(x, "row"); }), "Call outline before that");
    expect_same_as_code(r);
}
