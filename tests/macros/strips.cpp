// Strips of rows, and steps in time.

#include "stencils.h"

#include "lathe/codegen/jit.h"
#include "lathe/hls/emit.h"
#include "vitis_compiled.h"

#include <regex>

using namespace lathe;

namespace {

/// How many words the loader reads.
int64_t words(const Schedule& s, const std::string& loader) {
    const std::string text = print(s);
    const size_t from = text.find("def " + loader + "("), to = text.find("for lane", from);
    const std::string loops = text.substr(from, std::min(to, text.find("push", from)) - from);
    const std::regex extent("in (?:range|pipeline)\\((\\d+)");
    int64_t count = 1;
    for (std::sregex_iterator m(loops.begin(), loops.end(), extent), none; m != none; ++m)
        count *= std::stoll((*m)[1]);
    return count;
}

/// One step of a mean of five, with what lies beyond the edges.
Func step(const Input& in, int64_t H, int64_t W, Edge edge) {
    Var y("y"), x("x");
    Func out("out", in.type(), {H, W});
    const Bounded at = edge == Edge::constant ? constant_edge(in, 2)
                       : edge == Edge::mirror ? mirror(in)
                                              : repeat_edge(in);
    out(y, x) = (at(y - 1, x) + at(y + 1, x) + at(y, x - 1) + at(y, x + 1) + in(y, x)) / 4;
    return out;
}

} // namespace

TEST_CASE("strips: columns with what the windows need at their edges, one after the other") {
    for (const int64_t k : {1, 2, 4})
        for (const int64_t width : {8, 12, 20, 100}) {
            CAPTURE(k);
            CAPTURE(width);
            Var y("y"), x("x");
            Input in("in", Int(12), {7, 41});
            Func rows("rows", Int(16), {7, 38}), out("out", Int(24), {5, 37});
            rows(y, x) = in(y, x) + in(y, x + 1) * 2 + in(y, x + 3);
            out(y, x) = rows(y, x) - rows(y + 1, x + 1) + rows(y + 2, x);
            Schedule s({rows, out});
            s.stencil(out, {.unroll = k, .tile = {width}});
            check_network(s);
        }
}

TEST_CASE("strips: as many as the law says, and so many reads") {
    // Strips of 16 with a halo of 4: 12 columns of out each, of 60.
    Var y("y"), x("x");
    Input in("in", Float(32), {10, 64});
    Func a("a", Float(32), {10, 62}), out("out", Float(32), {10, 60});
    a(y, x) = in(y, x) + in(y, x + 2);
    out(y, x) = a(y, x) + a(y, x + 2);
    for (const int64_t k : {1, 4}) {
        Schedule s(out);
        s.stencil(out, {.unroll = k, .tile = {16}});
        CHECK(words(s, "load_in") * k == 5 * 10 * 16);
        check_network(s);
    }
}

TEST_CASE("strips of every dimension but the outermost, with edges") {
    Var z("z"), y("y"), x("x");
    Input in("in", Int(10), {4, 9, 14});
    Func out("out", Int(16), {4, 9, 14});
    const Bounded a = repeat_edge(in);
    out(z, y, x) = a(z - 1, y, x) + a(z, y - 1, x) + a(z, y + 1, x) * 2 + a(z, y, x - 1) - a(z, y, x + 2);
    for (const auto& tile : {std::vector<int64_t>{5, 7}, {9, 8}, {4, 100}, {100, 6}})
        for (const int64_t k : {1, 2}) {
            Schedule s(out);
            s.stencil(out, {.unroll = k, .tile = tile});
            check_network(s);
        }
}

TEST_CASE("strips where the point's place counts, with a table, and on a CPU") {
    Var y("y"), x("x");
    Const table("table", Int(8), {30}, std::vector<int>(30, 3));
    Input in("in", Int(8), {6, 32});
    Func out("out", Int(24), {4, 30});
    out(y, x) = in(y, x) * table(x) + in(y + 2, x + 2) * x;
    Schedule s(out);
    s.stencil(out, {.unroll = 2, .tile = {10}});
    check_network(s);
    check_machine_code(s, {s.module()});
}

TEST_CASE("strips too narrow") {
    Var x("x"), y("y");
    Input in("in", Int(8), {5, 20});
    Func out("out", Int(16), {5, 16});
    out(y, x) = in(y, x) + in(y, x + 4);
    expect(message(out, {.tile = {4}}), "strips of 4 positions in dimension 1 hold no more than the 4 at "
                                        "which windows overlap: make them wider");
    CHECK(message(out, {.tile = {5}}) == "not refused");
}

TEST_CASE("steps in time: the result of one is the input of the next") {
    for (const Edge edge : {Edge::repeat, Edge::mirror, Edge::constant})
        for (const int64_t steps : {1, 2, 5}) {
            CAPTURE(steps);
            const Input in("in", Fixed(16, 6), {7, 10});
            const Func out = step(in, 7, 10, edge);
            Schedule once(out), s(out);
            s.stencil(out, {.unroll = 2, .iterate = steps});
            check_network(s);
            std::vector<AnyBuffer> by_hand = make_arguments(once.module(), {}, 3),
                                   made = make_arguments(once.module(), {}, 3);
            for (int64_t n = 0; n < steps; ++n) {
                interpret(once.module(), {&by_hand[0], &by_hand[1]});
                by_hand[0] = by_hand[1].copy();
            }
            interpret(s.module(), {&made[0], &made[1]});
            CHECK(bit_equal(by_hand[1], made[1]));
            jit(s.module()).call({&made[0], &made[1]});
            CHECK(bit_equal(by_hand[1], made[1]));
        }
}

TEST_CASE("steps in time of several stages, with an input that stays, types and a trace") {
    Var y("y"), x("x");
    Input in("in", Float(32), {8, 12}), force("force", Float(32), {8, 13});
    Func mid("mid", Float(32), {8, 12}), out("out", Float(32), {8, 12});
    const Bounded a = repeat_edge(in), m = repeat_edge(mid);
    mid(y, x) = (a(y, x - 1) + a(y, x + 1)) * 0.5f + force(y, x + 1);
    out(y, x) = (m(y - 1, x) + m(y + 1, x)) * 0.5f;
    out(y, x) += in(y, x);
    Schedule s({mid, out}), again({mid, out});
    s.quantize({in, force, mid, out}, Fixed(18, 8));
    s.stencil(out, {.unroll = 4, .iterate = 3, .tile = {16}});
    check_network(s, false);
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    s.quantize({in, force, mid, out}, Fixed(14, 6));
    check_network(s, false);
    // One kind of process for a stage, however many steps.
    const std::string text = vitis_source(s.module());
    CHECK(text.find("pe_mid_step1") != text.npos);
    CHECK(text.find("pe_mid_step2") == text.npos);
}

TEST_CASE("steps in time of sums over windows") {
    Var y("y"), x("x");
    RDom r(0, 3, 0, 3, "r");
    Input in("in", Int(16), {6, 9});
    Func out("out", Int(16), {6, 9});
    const Bounded a = repeat_edge(in);
    out(y, x) = sum(r, a(y + r.x - 1, x + r.y - 1)) / 8 + argmin(r, in(y, x)).at[0];
    Schedule s(out);
    s.stencil(out, {.unroll = 2, .iterate = 3});
    check_network(s, false);
}

TEST_CASE("steps in time: which input the result replaces") {
    Var y("y"), x("x");
    Input in("in", Int(8), {8, 12}), other("other", Int(8), {8, 12});
    Func wide("wide", Int(16), {8, 12}), small("small", Int(8), {6, 12}), two("two", Int(8), {8, 12});
    wide(y, x) = in(y, x) + 1;
    small(y, x) = in(y, x) + in(y + 2, x);
    two(y, x) = in(y, x) + other(y, x);
    expect(message(wide, {.iterate = 2}),
           "iterate: the result wide: Int(16)[8, 12] is not like what it is computed of (in: Int(8)[8, 12])");
    expect(message(small, {.iterate = 2}), "repeat_edge(in)(y - 1, x)");
    expect(message(two, {.iterate = 2}), "iterate: which one the result two: Int(8)[8, 12] replaces in the "
                                         "next step cannot be told: in: Int(8)[8, 12], "
                                         "other: Int(8)[8, 12]");
}

TEST_CASE("strips and steps as Vitis C++") {
    VitisKernels kernels;
    std::vector<Schedule> all;
    std::vector<Module> references;
    for (const int64_t k : {1, 4}) {
        const Input in("in", Fixed(16, 6), {6, 22});
        const Func out = step(in, 6, 22, Edge::repeat);
        all.emplace_back(out);
        all.back().stencil(out, {.unroll = k, .iterate = 3, .tile = {12}});
        kernels.add(all.back());
        references.push_back(all.back().reference());
    }
    kernels.compile();
    kernels.expect_right_stalled(references, 10);
}
