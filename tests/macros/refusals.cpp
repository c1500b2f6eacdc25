// What the macro `stencil` refuses, why, and what is done instead.

#include "stencils.h"

#include "lathe/ir/text.h"
#include "refusal.h"

using namespace lathe;

namespace {

struct Picture {
    Var y{"y"}, x{"x"};
    Input in{"in", Int(8), {9, 12}};
    Func out{"out", Int(16)};
};

} // namespace

TEST_CASE("windows that are none") {
    Picture p;
    Func stride("stride", Int(16), {4, 6}), turned("turned", Int(16), {9, 9}),
        wraps("wraps", Int(16), {9, 12}), edge("edge", Int(16), {9, 12}), back("back", Int(16), {9, 40}),
        gather("gather", Int(16), {9, 12}), row("row", Int(16), {9, 12});
    Input line("line", Int(8), {12}), at("at", UInt(3), {9, 12});
    stride(p.y, p.x) = p.in(p.y * 2, p.x * 2);
    expect(message(stride), "stride reads in[y * 2][x * 2] at refusals.cpp");
    expect(
        message(stride),
        "stride 2 in subscript 0. A stage reads as many elements as it computes: keep one of 2 before that, "
        "in a kernel of its own");
    turned(p.y, p.x) = p.in(p.x, p.y);
    expect(message(turned),
           "subscript 0 is not y and a number. A network reads each tensor in the order in which "
           "it computes: bring it into that order before");
    const std::string far =
        "subscript 1 is not x and a number, nor that at the edges of in. Elements that come long "
        "before or after they are needed do not wait: compute the inner part alone, or give the "
        "input a border that holds them";
    wraps(p.y, p.x) = p.in(p.y, floor_mod(p.x + 1, 12));
    expect(message(wraps), far);
    Input wide("wide", Int(8), {9, 40});
    back(p.y, p.x) = wide(p.y, 39 - p.x);
    expect(message(back),
           "subscript 1 is not x and a number. A network reads each tensor in the order in which it "
           "computes");
    edge(p.y, p.x) = wrap(p.in)(p.y, p.x - 1);
    expect(message(edge), far);
    gather(p.y, p.x) = p.in(p.y, at(p.y, p.x));
    expect(message(gather), "a gather. A stage reads elements at constant distances from x");
    row(p.y, p.x) = p.in(p.y, p.x) + line(p.x);
    expect(message(row), "row has 2 dimensions, and row reads line[x] at");
    Func guarded("guarded", Int(16), {9, 12});
    guarded(p.y, p.x) = select(p.in(p.y, p.x) > 0, p.in(p.y, p.x + 1), 0);
    expect(message(guarded), "guarded reads in[y][x + 1] at refusals.cpp");
    expect(message(guarded),
           "and not all of that is in in: the window leaves it. Compute the inner part alone, or say "
           "what lies beyond the edge: repeat_edge(in), constant_edge(in, 0), mirror(in)");
}

TEST_CASE("definitions that are none of a point, and stages that are Functions of their own") {
    const Picture p;
    Func none("none", Int(16), {0, 12}), twice("twice", Int(16), {9, 9}), all("all", Int(16), {9, 12});
    none(p.y, p.x) = 1;
    expect(message(none), "none has no points: nothing flows");
    RDom q(0, 9, 0, 9, "q"), r(0, 3, "r");
    twice(p.y, p.x) = 0;
    twice(q.x + q.y - q.y, p.x) = 1;
    expect(message(twice), ", and each point must be stored once, at one place");
    all(p.y, p.x) = 0;
    all(p.y, p.x) += p.in(p.y, p.x) * r;
    for (const bool init : {true, false}) {
        Schedule s(all);
        init ? s[all].outline(p.x, "part") : s[all].update(0).outline(r, "part");
        expect(refusal([&] { s.stencil(all); }),
               "all is computed by a Function of its own, which is called at refusals.cpp");
    }
}

TEST_CASE("in place") {
    Picture p;
    RDom r(1, 8, "r");
    Func prefix("prefix", Int(16), {9, 12}), all("all", Int(16), {9, 12});
    prefix(p.y, p.x) = p.in(p.y, p.x);
    prefix(r, p.x) = prefix(r - 1, p.x) + 1;
    const std::string got = message(prefix);
    expect(got, "prefix[r][x] written at refusals.cpp");
    expect(
        got,
        "as prefix[r - 1][x] (distance (1, 0)): in place. Use two Funcs, one for the old values and one for "
        "the new");
    all(p.y, p.x) = p.in(p.y, p.x);
    RDom q(0, 9, 0, 12, "q");
    all(q.x, q.y) += all(q.x, max(q.y - 1, 0));
    expect(message(all), "(distance (0, ?)): in place");
    Func scatter("scatter", Int(16), {9, 12});
    scatter(p.y, p.x) = 0;
    scatter(p.y, p.in(p.y, r)) += 1;
    expect(message(scatter), "subscript 1 is no loop variable of its own, so each point is not stored once");
}

TEST_CASE("sizes that are not constant") {
    Param H("H"), W("W"), N("N");
    Var y("y"), x("x");
    RDom r(0, N, "r");
    Input in("in", Int(8), {H, W}), wide("wide", Int(8), {8, 40});
    Func out("out", Int(16), {H, W}), window("window", Int(24), {8, 20});
    out(y, x) = in(y, x) + 1;
    expect(message(out),
           "loop y of out has the extent H, which is not constant: a network counts its tokens. Give "
           "the sizes their values by bind");
    Schedule s(out);
    s.bind(H, 5).bind(W, 8).stencil(out, {.unroll = 2});
    check_network(s);
    Input more("more", Int(8), {H + 2, W});
    Func less("less", Int(16), {H, W});
    less(y, x) = more(y, x) + more(y + 2, x);
    Schedule t(less);
    t.bind(H, 5).bind(W, 8).stencil(less, {.unroll = 2});
    check_network(t);
    window(y, x) = 0;
    window(y, x) += wide(y, x + r);
    expect(message(window),
           "the reduction over r in window has the extent N, which is not constant, so it is no "
           "window. Give the sizes their values by bind");
}

TEST_CASE("windows of too many terms, and more points than can be counted") {
    Picture p;
    RDom r(0, 1000, "r");
    Input big("big", Int(8), {41, 44}), small("small", Int(8), {4, 8});
    Input wide("wide", Int(8), {2, 1010}), huge("huge", Int(8), {2000000000, 2000000000, 4});
    Func window("window", Int(32), {2, 11}), all("all", Int(8), {2000000000, 2000000000, 4});
    Var z("z");
    window(p.y, p.x) = sum(r, wide(p.y, p.x + r));
    expect(message(window), "the window of window has more than 512 terms: a stage computes a point at once");
    all(z, p.y, p.x) = huge(z, p.y, p.x);
    const std::function<Expr(int, int)> square = [&](int first, int end) -> Expr {
        const int half = (first + end) / 2;
        return end - first == 1 ? Expr(p.in(p.y + 0, p.x + 0) + big(p.y + first / 32, p.x + first % 32))
                                : square(first, half) + square(half, end);
    };
    Func many("many", Int(32), {9, 12});
    many(p.y, p.x) = square(0, 1024);
    expect(message(many),
           "a point of many is computed of 1025 elements, and a process takes at most 480: compute "
           "it in several stages, rows first");
    std::vector<Func> chain;
    for (int n = 0; n < 350; ++n) {
        chain.emplace_back("f" + std::to_string(n), Int(8), Shape{4, 8});
        const Func& f = chain.back();
        if (n == 0)
            f(p.y, p.x) = small(p.y, p.x) + 1;
        else
            f(p.y, p.x) = repeat_edge(chain[static_cast<size_t>(n) - 1])(p.y, p.x - 1) + 1;
    }
    expect(message(chain.back()),
           "arrays of streams, and 960 fit in one: make several, one behind the other, by "
           "calling stencil for a stage half-way first");
    expect(message(all), "there are more than 281474976710656 points: a network counts them");
}

TEST_CASE("options") {
    Picture p;
    Func out("out", Int(16), {9, 12}), pair("pair", Types{Int(8), Int(9)}, {9, 12});
    out(p.y, p.x) = p.in(p.y, p.x);
    const auto has = [&](const StencilOptions& o, const std::string& text) { expect(message(out, o), text); };
    Input line("line", Int(8), {9});
    Func few("few", Int(9), {7});
    few(p.x) = line(p.x) + line(p.x + 2);
    expect(message(few, {.unroll = 8}), "few has 7 points, and 8 are to be computed at a time: unroll less");
    has({.border = Border(Edge::wrap)}, "wrap reads elements at one edge for points at the other");
    has({.border = Border(Edge::repeat)},
        "what lies beyond an edge is part of the algorithm. Read repeat_edge(in)(…)");
    has({.border = Border(Edge::constant, Expr(0))}, "and say Border::valid() here");
    has({.tile = {0}}, "0 positions in a strip: there are at least 1");
    has({.tile = {4, 4}}, "tile gives 2 widths, and out has 1 dimensions beside the outermost");
}

TEST_CASE("kernels, values of several, and stages that are no stages at root") {
    Picture p;
    Func pair("pair", Types{Int(8), Int(9)}, {9, 12}), a("a"), b("b", Int(16), {9, 11});
    pair(p.y, p.x) = Tuple(p.in(p.y, p.x), p.in(p.y, p.x) + 1);
    expect(message(pair), "pair holds 2 values: a stream passes one. Make a Func of each");
    InOut grid("grid", Float(32), {9, 12});
    Kernel seidel("seidel", {grid}, [&](KernelBody& k) {
        k.for_(p.y, 1, 8, [&] { k.for_(p.x, 1, 11, [&] { grid(p.y, p.x) = grid(p.y, p.x - 1) / 2.0f; }); });
    });
    expect(refusal([&] {
               Schedule s(seidel);
               s.stencil(seidel);
           }),
           "as grid[y][x - 1] (distance (0, 1)): in place. Use two tensors");
    a(p.y, p.x) = p.in(p.y, p.x) * 2;
    b(p.y, p.x) = a(p.y, p.x) + a(p.y, p.x + 1);
    expect(refusal([&] {
               Schedule s(b);
               s.compute_at(a, b, p.y).stencil(b);
           }),
           "a is computed inside of another stage: call compute_root(a) before that");
    expect(refusal([&] {
               Schedule s(b);
               s[b].parallel(p.y);
               s.stencil(b);
           }),
           "loop y of b is parallel: call stencil first, it makes loops of its own");
    expect(refusal([&] {
               Schedule s(b);
               s[b].split(p.x, 4);
               s.stencil(b);
           }),
           "loop x of b is not what it was: call stencil first, it makes loops of its own");
}

TEST_CASE("what the network consumed is gone") {
    Picture p;
    Func a("a"), b("b", Int(16), {9, 11});
    a(p.y, p.x) = p.in(p.y, p.x) * 2;
    b(p.y, p.x) = a(p.y, p.x) + a(p.y, p.x + 1);
    Schedule s(b);
    s.stencil(b);
    expect(refusal([&] { s[b].parallel(p.y); }), "loop y is gone: stencil(b, 1) at refusals.cpp");
    expect(refusal([&] { s[a].unroll(p.x, 2); }), "a is gone: stencil(b, 1) at refusals.cpp");
    expect(refusal([&] { s.compute_at(a, b, p.y); }), "a is gone: stencil(b, 1) at refusals.cpp");
    expect(refusal([&] { s[a].inline_(); }), "a is gone: stencil(b, 1) at");
    expect(refusal([&] { s.partition(TensorRef(a)); }), "a is gone: stencil(b, 1) at");
    expect(refusal([&] { s.stencil(a); }), "a is gone: stencil(b, 1) at");
    expect(refusal([&] { s.stencil(b); }), "b is a network already");
    expect(refusal([&] { s.reuse_at(p.in, b, p.y); }), "loop y is gone: stencil(b, 1) at");
    expect(refusal([&] { s[a].outline(p.y, "f"); }), "a is gone: stencil(b, 1) at");
}
