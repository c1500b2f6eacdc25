// stream: what it makes, what it refuses, and random producers and consumers in all backends.

#include "deep.h"
#include "drawn.h"
#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "random_pair.h"
#include "refusal.h"
#include "streams_of.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("stream: random producers and consumers, against orders that were recorded") {
    int streamed = 0, refused = 0, needless = 0;
    for (int seed = 0; seed < count(400, 2000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomPair pair = random_pair(random);
        Schedule s(pair.algorithm);
        random_pair_schedule(s, pair, random);
        const std::string before = print(s);
        CAPTURE(before);
        const std::string why = why_no_stream(s.module(), pair.tensor);
        CAPTURE(why);
        if (why == "read before it is written") continue; // the program is wrong
        try {
            s.stage(pair.producer).stream(StageRef(pair.consumer, {}));
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            REQUIRE(print(s) == before);
            ++refused;
            const std::string message = e.what();
            CAPTURE(message);
            if (why.empty() && !pair.others) {
                ++needless;
                MESSAGE("needless: ", message);
            }
            continue;
        }
        ++streamed;
        const std::string text = print(s);
        CAPTURE(text);
        if (!pair.others) REQUIRE(why == "");
        verify(s.module());
        random_pair_schedule(s, pair, random); // what may come afterwards
        REQUIRE(check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 7)) == "");
        expect_same_with_stalls(s);
    }
    MESSAGE(streamed, " streamed, ", refused, " refused, ", needless, " needlessly");
    CHECK(streamed > count(80, 400));
    CHECK(refused > count(80, 400));
    CHECK(needless * 20 <= refused);
}

TEST_CASE("stream: random pairs as machine code and as Vitis C++, 20 a file") {
    int seed = 0;
    for (int file = 0; file < count(1, 3); ++file) {
        VitisKernels kernels;
        std::vector<Module> references;
        while (references.size() < 20) {
            std::mt19937 random(static_cast<unsigned>(10000 + seed++));
            const RandomPair pair = random_pair(random);
            Schedule s(pair.algorithm);
            random_pair_schedule(s, pair, random);
            try {
                s.stage(pair.producer).stream(StageRef(pair.consumer, {}));
            } catch (const InternalError&) {
                throw;
            } catch (const Error&) {
                continue;
            }
            random_pair_schedule(s, pair, random);
            CAPTURE(seed);
            expect_same_as_code(s);
            kernels.add(s.module());
            references.push_back(s.reference());
        }
        kernels.compile();
        kernels.expect_right_stalled(references, 10);
    }
}

namespace {

struct Chain {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(16), {10, 12}};
    Func a{"a", Int(20), {10, 12}}, b{"b", Int(24), {8, 12}}, c{"c", Int(32), {8, 12}};

    Chain() {
        a(y, x) = in(y, x) * 3;
        b(y, x) = a(y, x) + a(y + 1, x) - a(y + 2, x);
        c(y, x) = select(x > 0, b(y, x), 7) + select(x > 0, cast(Int(24), 1), b(y, x));
    }
};

} // namespace

TEST_CASE("stream with a line buffer, tiles, pipelines and banks, under a select") {
    Chain p;
    Schedule s(p.c);
    const TensorRef line = s.reuse_at(p.a, p.b, p.y);
    auto [yo, yi] = s[p.c].split(p.y, 4, Tail::exact);
    s[p.b].pipeline(p.x);
    s.stream(p.a, p.b).stream(p.b, p.c, 3);
    s[p.a].pipeline(p.x);
    s[p.c].pipeline(yi); // names stay
    s[p.c].unroll(p.x, 3);
    CHECK(streams_of(s) == 2);
    const std::string text = print(s);
    CAPTURE(text);
    CHECK(text.find("alloc(a:") == std::string::npos);
    CHECK(text.find("alloc(b:") == std::string::npos);
    CHECK(text.find("stream b_to_c: Int(24), depth 3") != std::string::npos);
    check_everywhere(s);
    expect_same_with_stalls(s);
    Schedule again(p.c);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    s.quantize(p.a, Int(18)); // steps are repeated with other types
    CHECK(print(s).find("stream a_to_b: Int(18)") != std::string::npos);
    check_everywhere(s);
}

TEST_CASE("stream to two consumers, and a diamond") {
    Var i("i");
    Input in("in", Int(16), {20});
    Func f("f", Int(24), {20}), g("g", Int(24), {20}), h("h", Int(32), {20}), m("m", Int(40), {20});
    f(i) = in(i) * 5;
    g(i) = f(i) + 1;
    h(i) = f(i) * 2;
    m(i) = g(i) * h(i);
    Schedule fork(std::vector{g, h});
    fork.stream(f, g).stream(f, h);
    CHECK(streams_of(fork) == 2);
    check_everywhere(fork);
    Schedule kept(m); // the array stays for the reader outside
    kept.stream(f, g);
    has(print(kept), "alloc(f: ");
    check_everywhere(kept);
    Schedule s(m);
    s.stream(f, g).stream(f, h).stream(g, m); // m brings h's stream with it
    CHECK(streams_of(s) == 4);
    s.stream(h, m, 5);
    has(print(s), "stream h_to_m: Int(32), depth 5");
    check_everywhere(s);
    expect_same_with_stalls(s);
}

TEST_CASE("a daisy chain of eight, and its output is an argument, too") {
    Var i("i");
    Input in("in", Int(16), {15});
    std::vector<Func> all;
    for (int n = 0; n < 8; ++n) {
        all.emplace_back("f" + std::to_string(n), Int(40), Shape{15});
        if (n == 0)
            all[0](i) = cast(Int(40), in(i));
        else
            all[static_cast<size_t>(n)](i) = all[static_cast<size_t>(n) - 1](i) * 3 - n;
    }
    Schedule s(std::vector{all[4], all[7]});
    for (size_t n = 0; n + 1 < all.size(); ++n)
        s.stream(all[n], all[n + 1]);
    CHECK(streams_of(s) == 7);
    check_everywhere(s);
    expect_same_with_stalls(s);
}

TEST_CASE("stream between called kernels, tiles in the same order") {
    Var i("i"), j("j"), u("u"), v("v");
    Input from("from", Int(16), {8, 12});
    Output to("to", Int(16), {8, 12});
    Kernel first("first", {from, to}, [&](KernelBody& b) {
        b.for_(i, 0, 8, [&] { b.for_(j, 0, 12, [&] { to(i, j) = from(i, j) + 1; }); });
    });
    Kernel second("second", {from, to}, [&](KernelBody& b) {
        b.for_(u, 0, 8, [&] { b.for_(v, 0, 12, [&] { to(u, v) = from(u, v) * 2; }); });
    });
    Input x("x", Int(16), {8, 12});
    Output y("y", Int(16), {8, 12});
    Kernel top("top", {x, y}, [&](KernelBody& b) {
        Array t = b.array("t", Int(16), {8, 12});
        b.call(first, {x, t});
        b.call(second, {t, y});
    });
    Schedule s(top);
    s[first].tile({i, j}, {4, 3});
    has(refusal([&] { s.stream(first, second); }), "in another order than");
    s[second].tile({u, v}, {4, 3});
    s.stream(first, second);
    CHECK(streams_of(s) == 1);
    check_everywhere(s);
    expect_same_with_stalls(s);
}

TEST_CASE("stream refuses, and says why") {
    Var i("i"), j("j");
    Param N("N");
    Input in("in", Int(16), {12, 12}), at("at", UInt(3), {12}), line("line", Int(16), {N});
    const auto pair = [&](auto&& write, auto&& read, const Shape& shape = {12}) {
        Func p("p", Int(24), {12}), c("c", Int(32), shape);
        write(p);
        read(p, c);
        Schedule s(c);
        const std::string before = print(s);
        const std::string why = refusal([&] { s.stream(p, c); });
        CHECK(print(s) == before);
        return why;
    };
    const auto plain = [&](Func& p) { p(i) = in(i, 0) * 2; };
    const auto take = [&](Func& p, Func& c) { c(i) = p(i); };
    has(pair([&](Func& p) { p(i) = in(i, 0) * 2, p(i) += in(i, 1); }, take), "p[i] is updated at stream.cpp");
    RDom k(0, 3, "k");
    has(pair([&](Func& p) { p(i) = 0, p(i) += in(i, k); }, take),
        "what it holds there is not its last value");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = p(i) + p(11 - i); }), "are read by one statement");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = p(i), c(i) += p(i); }), "is read again at stream.cpp");
    has(pair(plain, [&](Func& p, Func& c) { c(i, j) = p(i); }, {12, 2}),
        "is read again (i = 0, j = 0 and i = 0, j = 1)");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = p(i); }, {11}), "p[11] is written and never read there");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = p(11 - i); }),
        "comes in another order than p[11 - i] read at");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = select(in(i, 0) > 3, p(i), 1); }), "is not known here");
    has(pair(plain, [&](Func& p, Func& c) { c(i) = p(at(i)); }), "is not known here");

    Func p("p", Int(24), {12}), c("c", Int(32), {12}), d("d", Int(32), {12});
    p(i) = in(i, 0);
    c(i) = p(i) + 1;
    d(i) = c(i) * 2 + p(i);
    Schedule s(d);
    has(refusal([&] { s.stream(p, p); }), "a stage does not wait for itself");
    has(refusal([&] { s.stream(d, p); }), "p comes before d: what d computes is not what p reads");
    has(refusal([&] { s.stream(p, c, -2); }), "a stream holds 1 to 16777216 elements, not -2");
    has(refusal([&] { s.stream(p, d); }), "between p and d stands what needs p and what d needs");
    Schedule lanes(d);
    lanes[p].vectorize(i, 4);
    has(refusal([&] { lanes.stream(p, c); }), "ii is vectorized, and p is written in it");
    Func q("q", Int(24), {12}), e("e", Int(32), {12});
    q(i) = in(i, 0);
    e(i) = q(i) + 1;
    Schedule inside(e);
    inside.compute_at(q, e, i);
    has(refusal([&] { inside.stream(q, e); }), "q is computed inside e: call compute_root(q)");
    Schedule gone(d);
    gone.inline_(c);
    has(refusal([&] { gone.stream(p, c); }), "c was inlined: there is no stage any more");
    s.stream(p, c);
    s.partition(p); // d reads it
    s.stream(c, d);
    has(refusal([&] { s.partition(c); }), "c has no memory any more: stream(c, d) at stream.cpp");
    has(refusal([&] { s.reuse_at(c, d, i); }), "c has no memory any more");
    has(refusal([&] { s.compute_at(p, c, i); }), "is a Function of its own: call compute_at before that");
    has(refusal([&] { s[c].parallel(i); }), "pop p_to_c");
    has(refusal([&] { s[c].vectorize(i); }), "pop p_to_c");
}

TEST_CASE("stream refuses two that share nothing, and definitions that do not stand side by side") {
    Var x("x");
    const Input in("in", Int(16), {12});
    Func e("e", Int(16), {12}), f("f", Int(16), {12}), g("g", Int(16), {12}), h("h", Int(16), {12}),
        never("never", Int(16), {12}), last("last", Int(16), {12});
    RDom r(0, 12, "r"), none(0, 0, "none");
    e(x) = in(x) + 1;
    g(x) = in(x) * 3;
    f(x) = e(x) * 2;
    f(r) += g(r);
    h(x) = f(x);
    never(x) = e(x) * 2;
    never(none) = g(none);
    last(x) = never(x);
    has(refusal([&] { Schedule(h).stream(e, g); }), "g reads nothing that e writes");
    // A network of what the update reads stands behind the first definition.
    Schedule reader(h), writer(last);
    reader.stencil(g);
    has(refusal([&] { reader.stream(e, f); }), "the definitions of f do not stand side by side");
    writer.stencil(g);
    has(refusal([&] { writer.stream(never, last); }), "the definitions of never do not stand side by side");
}

TEST_CASE("a stream of a depth with which nobody goes on is refused") {
    Var i("i");
    Param N("N");
    Input in("in", Int(16), {9}), line("line", Int(16), {N});
    Func f("f", Int(24), {9}), r("r", Int(24), {9}), z("z", Int(32), {9});
    f(i) = in(i) * 2;
    r(i) = f(8 - i) + 1;
    z(i) = r(i) + f(i);
    Schedule s(z);
    s.dataflow(z);
    const std::string before = print(s);
    has(refusal([&] { s.stream(f, z, 7); }), "f waits to write f_to_z, which holds 7 of 7");
    CHECK(print(s) == before);
    s.stream(f, z, 8);
    check_everywhere(s);
    expect_same_with_stalls(s);
    Func a("a", Int(24), {N}), c("c", Int(24), {N});
    a(i) = line(i) + 1;
    c(i) = a(i) * 3;
    Schedule open(c);
    open.stream(a, c);
    open.stream(a, c, 4); // nobody else joins the two
    expect_same_as_code(open, {{{"N", 0}}, {{"N", 7}}});
    open.bind(N, 6).stream(a, c, 1);
    check_everywhere(open);
}

TEST_CASE("tensors of called kernels are named by their own handles and by the caller's") {
    Var i("i"), u("u"), v("v");
    Input row("row", Int(16), {10});
    Output sums("sums", Int(16), {8});
    Kernel line("line", {row, sums},
                [&](KernelBody& b) { b.for_(u, 0, 8, [&] { sums(u) = row(u) + row(u + 1) + row(u + 2); }); });
    Input x("x", Int(16), {10}), x2("x2", Int(16), {10});
    Output y("y", Int(16), {8}), y2("y2", Int(16), {8});
    Kernel top("top", {x, x2, y, y2}, [&](KernelBody& b) {
        b.call(line, {x, y});
        b.call(line, {x2, y2});
    });
    Schedule s(top);
    s.reuse_at(row, line, u);
    check_everywhere(s);
    Schedule one(top);
    StageHandle second = one[top].call(line, 1);
    second.reuse_at(row, u);
    has(print(one), "row_u");
    check_everywhere(one);
    Schedule again(top);
    again.apply_trace(one.trace_json());
    CHECK(print(again) == print(one));
    Schedule caller(top);
    caller.reuse_at(x, line, u); // what a call passes
    check_everywhere(caller);
    has(refusal([&] { caller.partition(row); }), "row is an argument of line");
}

TEST_CASE("whether a stream of a given depth is deep enough needs sizes") {
    Var i("i");
    Param N("N");
    Input line("line", Int(16), {N});
    Func f("f", Int(24), {N}), g("g", Int(24), {N}), h("h", Int(24), {N});
    f(i) = line(i) + 1;
    g(i) = f(i) * 2;
    h(i) = g(i) + f(i);
    Schedule open(h);
    open.dataflow(h).stream(g, h);
    has(refusal([&] { open.stream(f, h, 3); }), "is not known while N has no value: bind it before");
    has(refusal([&] { open.stream(f, h, int64_t(1) << 40); }), "a stream holds 1 to 16777216 elements");
}

TEST_CASE("stream is drawn") {
    drawn("stream");
}

TEST_CASE("a condition around two arms that load the same element counts as around one that does") {
    Var x("x"), y("y");
    Input r("r", Int(16), {4}), ix("ix", UInt(8), {6}), in("in", Int(16), {11});
    Func out("out", Int(16), {6});
    const Expr q = cast(Int(32), ix(x)) & 7, v = r(q);
    out(x) = select(q < 4, select(v > 0, v, cast(Int(16), 0 - v)), 3);
    check_everywhere(Schedule(out));
    const auto refused = [&](const Expr& when, bool arms) {
        Func a("a", Int(16), {11}), b("b", Int(32), {11});
        a(y) = in(y) + 1;
        const Expr e = a(y);
        b(y) = select(when, arms ? select(e > 3, e, e * 2) : e, 0);
        return refusal([&] { Schedule(b).stream(a, b); });
    };
    for (const Expr& when : {Expr(y >= 1 && y < 10), Expr(in(y) > 0), Expr(y % 2 == 0)}) {
        CHECK(refused(when, false) != "not refused");
        CHECK(refused(when, true) != "not refused");
    }
}
