// The macro `stencil`: the network computes what the stages do, in the interpreter, on a CPU and in simulated
// C++, whatever the lanes, the stages and the order of turns.

#include "contains.h"
#include "deep.h"
#include "drawn.h"
#include "stencils.h"

#include "lathe/codegen/jit.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/depths.h"
#include "lathe/ir/network.h"
#include "vitis_compiled.h"

using namespace lathe;

namespace {

/// The C++ without the function that joins the processes.
std::string kinds(const Schedule& s) {
    const std::string text = vitis_source(s.module());
    return text.substr(0, text.find("#pragma HLS dataflow"));
}

std::vector<Module> references_of(const std::vector<Schedule>& all) {
    std::vector<Module> references;
    for (const Schedule& s : all)
        references.push_back(s.reference());
    return references;
}

} // namespace

TEST_CASE("one stage") {
    for (const int64_t k : {1, 2, 3, 4, 8}) {
        CAPTURE(k);
        Var y("y"), x("x");
        Input in("in", Int(16), {9, 13});
        Func out("out", Int(16), {7, 11});
        out(y, x) = (in(y, x) + in(y + 1, x) + in(y + 2, x + 1) + in(y + 1, x + 2)) / 4;
        Schedule s(out);
        s.stencil(out, {.unroll = k});
        check_network(s);
    }
}

TEST_CASE("the benchmarks: Seidel, Gaussian and Jacobi with valid windows") {
    VitisKernels kernels;
    std::vector<Schedule> all;
    for (const Type t : {Float(32), Fixed(16, 8)})
        for (const int64_t k : {1, 8}) {
            all.push_back(seidel_valid(t, 12, 16, k));
            all.push_back(gaussian3_valid(t, 12, 16, k));
            all.push_back(jacobi_valid(t, 12, 16, k));
        }
    for (const Schedule& s : all) {
        check_network(s, false);
        kernels.add(s);
    }
    kernels.compile();
    kernels.expect_right_stalled(references_of(all), 10);
}

TEST_CASE("a CPU runs what the network was made of, and the network where it stands alone") {
    for (const Schedule& s : {seidel_valid(Float(32), 12, 16, 4), gaussian3_valid(Fixed(16, 8), 12, 16, 2)}) {
        check_machine_code(s, {s.module(), inline_calls(s.module()), without_origins(s.module())});
    }
}

TEST_CASE("steps in time: one kind of process for all of them") {
    std::string last;
    for (const int64_t steps : {1, 2, 5}) {
        const Schedule s = jacobi_steps(Float(32), 20, 24, 2, steps);
        check_network(s);
        CHECK(occurrences(vitis_source(s.module()), "static void pe_") == 1);
    }
}

TEST_CASE("the kinds' code does not grow with lanes, rows or stages") {
    // A word that is missing at an end makes a variant of a kind, and there are no more.
    const auto lines = [](int64_t W, int64_t k, int64_t steps) {
        return occurrences(kinds(jacobi_steps(Float(32), 24, W, k, steps)), "\n");
    };
    size_t few = 0, most = 0;
    for (const int64_t W : {48, 96, 384})
        for (const int64_t k : {4, 8, 16, 32}) {
            CAPTURE(W);
            CAPTURE(k);
            few = std::max({few, lines(W, k, 4), lines(W, k, 5)});
            const size_t more = std::max(lines(W, k, 10), lines(W, k, 11));
            most = std::max(most, more);
            CHECK(more < 300);
        }
    CHECK(most == few);
}

TEST_CASE("several stages, inputs and outputs") {
    for (const int64_t k : {1, 2, 4}) {
        CAPTURE(k);
        Var y("y"), x("x");
        Input a("a", UInt(8), {14, 16}), b("b", Int(12), {14, 16});
        Func blur("blur"), edge("edge", Int(16), {12, 14}), sharp("sharp", Int(24), {10, 12});
        blur(y, x) = a(y, x) + a(y, x + 1) + a(y, x + 2);
        edge(y, x) = blur(y + 2, x) - blur(y, x) + b(y + 1, x + 2);
        sharp(y, x) = edge(y, x) * 3 + a(y + 2, x + 2) - edge(y + 2, x + 1) + b(y, x);
        Schedule s({edge, sharp});
        s.stencil(sharp, {.unroll = k});
        check_network(s);
    }
}

TEST_CASE("an input whose last rows nobody needs is not read to the end") {
    Var y("y"), x("x");
    Input in("in", Int(8), {20, 9}), top("top", Int(8), {20, 9});
    Func rows("rows", Int(12), {16, 9}), out("out", Int(12), {8, 9});
    rows(y, x) = in(y, x) + in(y + 4, x);
    out(y, x) = rows(y, x) + rows(y + 8, x) + top(y + 1, x);
    Schedule s(out);
    s.stencil(out);
    CHECK(print(s).find("for i0 in range(9)") != std::string::npos); // of top
    CHECK(print(s).find("for i0 in range(20)") != std::string::npos);
    check_network(s);
}

TEST_CASE("one and three dimensions") {
    for (const int64_t k : {1, 2, 4}) {
        CAPTURE(k);
        Var z("z"), y("y"), x("x");
        Input a("a", Int(20), {37}), v("v", Float(32), {5, 6, 8});
        Func line("line", Int(24), {33}), heat("heat", Float(32), {3, 4, 6});
        line(x) = a(x) + a(x + 4) * 2 - a(x + 1);
        heat(z, y, x) = v(z + 1, y + 1, x + 1) * 0.5f + v(z, y + 1, x + 1) + v(z + 2, y + 1, x + 1) +
                        v(z + 1, y, x + 1) + v(z + 1, y + 2, x + 1) + v(z + 1, y + 1, x) +
                        v(z + 1, y + 1, x + 2);
        Schedule s(line), t(heat);
        s.stencil(line, {.unroll = k});
        t.stencil(heat, {.unroll = k});
        check_network(s);
        check_network(t);
    }
}

TEST_CASE("where a point lies, scalars and tables are values like others") {
    for (const int64_t k : {1, 3}) {
        CAPTURE(k);
        Var y("y"), x("x");
        Const table("table", Int(8), {10}, std::vector<int>{1, -2, 3, -4, 5, -6, 7, -8, 9, -10});
        Input in("in", Int(8), {8, 12});
        Func out("out", Int(32), {6, 10});
        out(y, x) = in(y, x) * table(x) + in(y + 2, x + 2) * y + table(3);
        Schedule s(out);
        s.stencil(out, {.unroll = k});
        check_network(s);
    }
    // What lies between two rows is no element: it may be no place in a table, nor divide, nor have an
    // integer.
    for (const int64_t k : {1, 4}) {
        CAPTURE(k);
        Var y("y"), x("x");
        Const table("table", Int(8), {5}, std::vector<int>{1, -2, 3, -4, 5});
        Input in("in", UInt(7), {8, 11});
        Func at("at", UInt(9), {8, 11}), out("out", Int(16), {6, 9}), whole("whole", Int(8), {6, 8});
        at(y, x) = clamp(in(y, x), 1, 5);
        out(y, x) = table(at(y + 2, x + 1) - 1) + at(y, x + 2);
        whole(y, x) = cast(Int(8), 1000.0f / cast(Float(32), out(y, x + 1)));
        Schedule s(whole);
        s.stencil(whole, {.unroll = k});
        check_network(s);
    }
    Param gain("gain", Int(8));
    Var x("x");
    Input in("in", Int(8), {16});
    Func out("out", Int(24), {15});
    out(x) = in(x)*gain + in(x + 1);
    Schedule s(out);
    s.stencil(out);
    check_network(s, true, {{"gain", 3}});
}

TEST_CASE("updates of a point, and reductions over windows of constant size") {
    Var y("y"), x("x");
    RDom r(0, 3, 0, 3, "r");
    Const weights("weights", Int(4), {3, 3}, std::vector<int>{1, 2, 1, 2, 4, 2, 1, 2, 1});
    Input in("in", Fixed(10, 3), {9, 12});
    Func out("out", Fixed(16, 5, Round::rnd, Overflow::sat), {7, 10});
    out(y, x) = in(y + 1, x + 1);
    out(y, x) += in(y + r.x, x + r.y) * weights(r.x, r.y);
    out(y, x) = out(y, x) / 2;
    Schedule s(out);
    s.stencil(out, {.unroll = 2});
    check_network(s, false);
}

TEST_CASE("borders: every element that an edge gives in the place of another") {
    const std::vector<std::function<Bounded(const Source&)>> edges{
        [](const Source& s) { return repeat_edge(s); }, [](const Source& s) { return mirror(s); },
        [](const Source& s) { return mirror_interior(s); },
        [](const Source& s) { return constant_edge(s, 3); }};
    for (size_t n = 0; n < edges.size(); ++n)
        for (const int64_t k : {1, 3, 4}) {
            CAPTURE(n);
            CAPTURE(k);
            Var y("y"), x("x");
            Input in("in", Int(12), {7, 10});
            Func blur("blur", Int(16), {7, 10}), out("out", Int(24), {7, 10});
            const Bounded a = edges[n](in), b = edges[(n + 1) % 4](blur);
            blur(y, x) = a(y - 1, x) + a(y + 1, x - 2) - in(y, x) + a(y, x + 1);
            out(y, x) = b(y - 2, x + 1) * 2 + b(y, x - 1) - blur(y, x) + b(y + 1, x);
            Schedule s(out);
            s.stencil(out, {.unroll = k});
            check_network(s);
        }
}

TEST_CASE("loads that selects keep inside: in either arm, one in the other, shared") {
    Var y("y"), x("x");
    Input in("in", Int(8), {4, 8});
    Func equal("equal", Int(16), {4, 8}), below("below", Int(16), {4, 8}), nested("nested", Int(16), {4, 8}),
        shared("shared", Int(8), {4, 8});
    equal(y, x) = select(x == 0, 0, in(y, x - 1));
    below(y, x) = select(x < 1, 0, in(y, x - 1)) + select(y > 2, 7, in(y + 1, x));
    nested(y, x) = select(x < 1 || y > 2, 0, in(y + 1, x - 1)) +
                   select(x >= 2, select(x != 7, in(y, x + 1) - in(y, x - 2), 4), 1);
    Expr e = select(x > 1, in(y, x - 2), 3);
    for (int n = 0; n < 40; ++n)
        e = cast(Int(8), select(n % 2 ? e > n : x > n, e - 1, e + 2));
    shared(y, x) = e;
    for (const Func& f : {equal, below, nested, shared}) {
        Schedule s(f);
        s.stencil(f, {.unroll = 2});
        check_network(s);
    }
}

TEST_CASE("conditions on data are many, and say nothing about the place") {
    Var y("y"), x("x");
    RDom r(0, 40, "r");
    Input in("in", Int(8), {3, 60});
    Func out("out", Int(8), {3, 20});
    r.where(in(y, x + r) > 3);
    out(y, x) = 0;
    out(y, x) = select(x > 0 && in(y, x) > 2, in(y, max(x - 1, 0)), out(y, x) + in(y, x + r));
    Schedule s(out);
    s.stencil(out, {.unroll = 2});
    check_network(s, false);
}

TEST_CASE("reductions under conditions, and of several values, of which the stage takes one") {
    Var y("y"), x("x");
    RDom r(0, 3, "r");
    Input in("in", Int(8), {5, 9});
    Func out("out", Int(32), {5, 7});
    out(y, x) = argmin(r, in(y, x + r)).at[0];
    RDom q(0, 3, "q");
    q.where(q < 2 || x > 3);
    Func some("some", Int(32), {5, 7});
    some(y, x) = x;
    some(y, x) += in(y, x + q) * 2;
    for (const Func& f : {out, some}) {
        Schedule s(f);
        s.stencil(f, {.unroll = 2});
        check_network(s, false);
    }
}

TEST_CASE("borders of a tensor that is all edge") {
    for (const int64_t size : {1, 2, 3}) {
        CAPTURE(size);
        Var y("y"), x("x");
        Input in("in", Int(8), {size, 6});
        Func out("out", Int(16), {size, 6});
        const Bounded a = repeat_edge(in), b = mirror(in);
        out(y, x) = a(y - 1, x) + a(y + 2, x + 1) - b(y - 2, x);
        Schedule s(out);
        s.stencil(out, {.unroll = 2});
        check_network(s);
    }
}

TEST_CASE("borders as Vitis C++") {
    Var y("y"), x("x");
    Input in("in", Int(12), {7, 10});
    Func blur("blur", Int(16), {7, 10}), out("out", Int(24), {7, 10});
    const Bounded a = repeat_edge(in), b = constant_edge(blur, 7);
    blur(y, x) = a(y - 1, x) + a(y + 1, x) + a(y, x - 1) + a(y, x + 1);
    out(y, x) = b(y - 1, x + 1) - b(y + 1, x - 1);
    VitisKernels kernels;
    std::vector<Schedule> all;
    for (const int64_t k : {1, 4}) {
        all.emplace_back(out);
        all.back().stencil(out, {.unroll = k});
        kernels.add(all.back());
    }
    kernels.compile();
    kernels.expect_right_stalled(references_of(all), 10);
}

TEST_CASE("stages beside the network stay, and read what it stores") {
    Var y("y"), x("x");
    Input in("in", Int(8), {9, 12});
    Func mean("mean"), out("out", Int(16), {7, 12}), turned("turned", Int(16), {12, 9});
    mean(y, x) = in(y, x) - 1;
    out(y, x) = mean(y, x) + mean(y + 2, x);
    turned(y, x) = mean(x, y) * 2;
    Schedule s({out, turned});
    s.stencil(out);
    s[turned].parallel(y);
    check_network(s);
    CHECK(print(s).find("store_mean") != std::string::npos);
}

TEST_CASE("stages beside the network keep their order with what they write, too") {
    Var y("y"), x("x");
    RDom r(0, 3, "r");
    Input in("in", Int(8), {9, 12});
    Func out("out", Int(16), {7, 12}), s("s", Int(16), {7, 12}), other("other", Int(16), {7, 12});
    out(y, x) = in(y, x) + in(y + 2, x);
    s(y, x) = out(y, x) * 2;
    s(r, x) = 7;
    other(y, x) = in(y, x) + 1; // stays in front
    Schedule both({out, s, other});
    both.stencil(out, {.unroll = 2});
    check_network(both);
}

TEST_CASE("a stage between a Func and its update, an accumulator, an edge that is never reached") {
    Var y("y"), x("x");
    RDom r(0, 3, 0, 3, "r");
    Input in("in", Int(8), {9, 12});
    Func out("out", Int(16), {7, 10}), a("a", Int(16), {9, 12}), sum("sum", Int(20), {7, 10}),
        far("far", Int(9), {9, 12});
    out(y, x) = in(y, x);
    a(y, x) = in(y, x) * 3;
    out(y, x) += a(y + 2, x) + a(y, x + 2);
    sum(y, x) = 0;
    sum(y, x) += in(y + r.x, x + r.y) * 2;
    far(y, x) = constant_edge(in, 3)(y, x + 100) + in(y, x);
    Schedule between(out), accumulated(sum), edge(far);
    accumulated.quantize(sum, Int(12), {.accumulate = Accumulate::exact});
    between.stencil(out, {.unroll = 2});
    accumulated.stencil(sum, {.unroll = 2});
    edge.stencil(far, {.unroll = 2});
    // What is read in such an arm alone takes no part.
    Func unread("unread", Int(9), {9, 12}), alone("alone", Int(9), {9, 12});
    unread(y, x) = in(y, x) + 1;
    alone(y, x) = in(y, x) + select(x < 12, 1, unread(y, x));
    Schedule dead(alone);
    dead.stencil(alone, {.unroll = 2});
    check_network(dead, false);
    check_network(between, false);
    check_network(accumulated, false);
    check_network(edge);
}

TEST_CASE("several networks, one behind the other, share their kinds") {
    Var y("y"), x("x");
    Input in("in", Int(16), {14, 16});
    Func half("half", Int(16), {12, 14}), out("out", Int(16), {10, 12}), other("other", Int(24), {8, 10});
    const auto around = [&](const auto& t) { return t(y, x) + t(y + 1, x + 2) - t(y + 2, x); };
    half(y, x) = around(in);
    out(y, x) = around(half);
    other(y, x) = around(out) + half(y, x) + in(y, x);
    Schedule s({out, other});
    const auto forwarders = [&] { return occurrences(vitis_source(s.module()), "static void forward"); };
    s.stencil(half, {.unroll = 2});
    const size_t once = forwarders();
    s.stencil(out, {.unroll = 2});
    CHECK(once > 1);
    CHECK(forwarders() == once);
    s.stencil(other, {.unroll = 4});
    check_network(s);
    CHECK(occurrences(vitis_source(s.module()), "#pragma HLS dataflow") == 3);
}

TEST_CASE("the trace repeats it, and types reach it") {
    Schedule s = seidel_valid(Float(32), 12, 16, 4);
    CHECK(s.trace().find("stencil") != std::string::npos);
    Schedule again = seidel_valid(Float(32), 12, 16, 0);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    for (const Argument& a : s.module().top().arguments)
        s.quantize(TensorRef(a.tensor.symbol), Fixed(16, 6));
    check_network(s);
    // Other types make other processes: their names are their own.
    Var y("y"), x("x");
    Input in("in", Int(8), {9, 12});
    Func a("a", Int(12), {9, 11}), out("out", Int(16), {9, 10});
    a(y, x) = in(y, x) + in(y, x + 1);
    out(y, x) = a(y, x) + a(y, x + 1) - in(y, x);
    Schedule before(out), behind(out);
    before.quantize(a, Fixed(10, 2)).stencil(out, {.unroll = 2});
    behind.stencil(out, {.unroll = 2}).quantize(a, Fixed(10, 2));
    CHECK(print(before) == print(behind));
}

TEST_CASE("each token is counted, and no FIFO is deeper than it says") {
    const Schedule s = jacobi_steps(Float(32), 20, 24, 4, 3);
    check_networks(s.module());
    InterpretOptions options;
    std::vector<StreamUse> used;
    options.streams = &used;
    std::vector<AnyBuffer> made = make_arguments(s.module(), {}, 3);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : made)
        pointers.push_back(&b);
    interpret(s.module(), pointers, {}, options);
    CHECK(used.size() > 30);
}

TEST_CASE("random programs of one to four stages") {
    std::mt19937 random(5);
    for (int n = 0; n < count(60, 2000); ++n) {
        CAPTURE(n);
        check_network(random_stencil_network(random));
    }
}

TEST_CASE("random programs as Vitis C++") {
    std::mt19937 random(6);
    VitisKernels kernels;
    std::vector<Schedule> all;
    for (int n = 0; n < count(10, 60); ++n) {
        all.push_back(random_stencil_network(random));
        kernels.add(all.back());
    }
    kernels.compile();
    kernels.expect_right_stalled(references_of(all), 10);
}

TEST_CASE("numbers that no network has") {
    Var i("i");
    Input in("in", Int(8), {9});
    Func out("out", Int(9), {9});
    out(i) = in(i) + 1;
    expect(message(out, {.unroll = 0}), "0 points at a time: there are at least 1 and at most 1024");
    expect(message(out, {.unroll = 1025}), "1025 points at a time");
    expect(message(out, {.iterate = 0}), "0 steps in time: there are at least 1 and at most 1024");
    expect(message(out, {.word = 24}), "a word of 24 bits: it is a power of two from 8 to 1024");
}

TEST_CASE("stencil is drawn") {
    drawn("stencil");
}
