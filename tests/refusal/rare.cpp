// Refusals that few programs meet.

#include "refused.h"

#include "lathe/dsl/extern.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/reduction.h"

using namespace lathe;

namespace {

/// Loops beside each other, with statements and conditions between.
struct Loops {
    Param N{"N"};
    InOut a{"a", Int(8), {8, 8}}, b{"b", Int(8), {8}};
    Var i{"i"}, j{"j"}, k{"k"}, n{"n"};
    Kernel kernel{"loops", {a, b}, [this](KernelBody& body) {
                      body.for_(i, 0, 8, [&] {
                          body.if_(b(i) > 0, [&] { body.for_(j, 0, 8, [&] { a(i, j) = 1; }); });
                      });
                      body.for_(n, 0, 8, [&] {
                          b(n) = 0;
                          body.for_(k, 0, 8, [&] { a(n, k) = 2; });
                      });
                  }};
};

/// f is set, g stands between, f is updated.
struct Between {
    Param N{"N"};
    Input a{"a", Int(8), {N}};
    Var i{"i"};
    Func f{"f", Int(16), {N}}, g{"g", Int(8), {N}};
    Between() {
        f(i) = 0;
        g(i) = a(i);
        f(i) += g(i);
    }
};

} // namespace

TEST_CASE("refused: loops of kernels that are not nested as the call needs") {
    Loops l;
    Schedule s(l.kernel);
    REFUSED(s, "between the loops reads a tensor", s[l.kernel].fuse(l.i, l.j));
    REFUSED(s, "there are other statements between the loops", s[l.kernel].reorder(l.k, l.n));
    REFUSED(s, "loops j and k are not inside each other", s[l.kernel].reorder(l.j, l.k));
    REFUSED(s, "the loops are not inside each other", s[l.kernel].separate(l.j, l.k));
    REFUSED(s, "every tile is full: there is no guard", s[l.kernel].separate(l.i));
}

TEST_CASE("refused: fuse_init where it would change what is initialised") {
    Between b;
    Schedule between(b.f);
    REFUSED(between, "other definitions stand between f's initialisation and its update",
            between[b.f].fuse_init(b.i));

    Gemm g;
    Schedule copies(g.C);
    copies[g.C].split(g.i, 4);
    copies[g.C].separate(copies[g.C].split(g.j, 4)[0]);
    REFUSED(copies, "the update writes C at several places", copies[g.C].fuse_init());

    Input a("a", Int(8), {20, 20});
    Var i("i");
    RDom r({{0, 20}, {0, 20}}, "r"), q(0, 20, "q"), p({{0, 20}, {0, 20}}, "p");
    Func scatter("scatter", Int(16), {20}), guarded("guarded", Int(16), {20}), twice("twice", Int(16), {20});
    scatter(i) = 0;
    scatter(q % 5) += a(q, 0);
    Schedule scattered(scatter);
    REFUSED(scattered, "update 0 of scatter does not write every element", scattered[scatter].fuse_init(q));
    p.where(p.x != 3);
    guarded(i) = 0;
    guarded(i) += a(p.x, p.y);
    Schedule conditions(guarded);
    conditions[guarded].reorder(p.x, i, p.y).split(p.x, 8);
    REFUSED(conditions, "around the place depends on", conditions[guarded].fuse_init(i));
    twice(i) = 0;
    twice(i) = a(i, 0);
    Schedule before(twice);
    before[twice].init().split(i, 4, Tail::exact);
    REFUSED(before, "the initialisation's loops were scheduled: call fuse_init before that",
            before[twice].fuse_init());
    Param N("N");
    RDom w(0, 20, "w");
    w.where(N > 3);
    Func sized("sized", Int(16), {20});
    sized(i) = 0;
    sized(i) += a(i, w);
    Schedule whole(sized);
    REFUSED(whole, "update 0 of sized leaves out elements by a condition", whole[sized].fuse_init(i));
    PackedGemm packed;
    Schedule tiles(packed.C);
    auto [to, jo, ti, ji] = tiles[packed.C].tile({packed.i, packed.j}, {4, 8});
    tiles[packed.C].reorder(jo, to, ti, ji);
    tiles[packed.P].compute_at(packed.C, to);
    tiles[packed.C].separate(jo, to);
    REFUSED(tiles, "P has copies or was inlined", tiles[packed.P].fuse_init(packed.i));
    Schedule repeated(twice);
    auto [io, ii] = repeated[twice].split(i, 8, Tail::shift_inwards);
    REFUSED(repeated, "an element would be initialised in several iterations of io",
            repeated[twice].fuse_init(io));
}

TEST_CASE("refused: what was scheduled or is read elsewhere") {
    Blur b;
    Schedule blur(b.out);
    Var i("i");
    Func even("even", Int(8), {16}), out("out", Int(8), {16});
    even(i) = 2 * i;
    out(i) = even(i);
    Schedule exactly(out);
    exactly[even].split(i, 4, Tail::exact);
    REFUSED(exactly, "even's loops were scheduled: inline it before that", exactly.inline_(even));
    // Only the first value is used: once it is inlined, nobody reads what the second was made of.
    Func unused("unused", Int(8), {16}), pair("pair", Types{Int(8), Int(8)}, {16}), one("one", Int(8), {16});
    unused(i) = 3 * i;
    pair(i) = Tuple(i, unused(i));
    one(i) = pair(i)[0];
    Schedule left(one);
    left.inline_(pair);
    REFUSED(left, "nothing reads unused any more", left[unused].compute_at(one, i));
    REFUSED(left, "nothing reads unused any more", left.compute_root(unused));
    REFUSED(blur, "rows has no update, so it has no accumulator. Give it the type alone",
            blur.quantize(b.rows, Int(20), {.accumulate = Accumulate::exact}));
    REFUSED(blur, "this is no trace: it is not a JSON object", blur.apply_trace("[1]"));
    REFUSED(blur, "this is no trace: it is not a JSON object", blur.apply_trace("{"));
}

TEST_CASE("refused: Funcs inside one that moves") {
    Input in("in", Int(8), {16, 16});
    Func a("a", Int(8), {16, 16}), b("b", Int(8), {14, 14}), out("out", Int(8), {14, 14});
    Var y("y"), x("x");
    a(y, x) = in(y, x) + 1;
    b(y, x) = a(y, x) + a(y + 2, x + 2);
    out(y, x) = b(y, x) * 2;
    Schedule s(out);
    s[a].compute_at(b, y);
    s[a].vectorize(x);
    REFUSED(
        s, "a is computed inside b, would need another range, and loop x of a is vectorized. Call compute_at",
        s[b].compute_at(out, x));
}

TEST_CASE("refused: tags inside vectors") {
    Var i("i"), j("j");
    Func f("f", Int(16), {8, 8});
    f(i, j) = i * j;
    Schedule s(f);
    s[f].vectorize(i);
    REFUSED(s, "loop i around it is vectorized", s[f].parallel(j));
    REFUSED(s, "loop i around it is vectorized already", s[f].vectorize(j));
}

TEST_CASE("refused: an exact accumulator that grows by itself") {
    Input a("a", Int(8), {4, 4});
    RDom k(0, 4, "k");
    Var i("i");
    Func f("f", Int(32), {4});
    f(i) = 1;
    f(i) += f(i) * a(i, k);
    Schedule s(f);
    REFUSED(s, "so that its exact type has no end: give it one, as in {.accumulate = Int(32)}",
            s.quantize(f, Int(20), {.accumulate = Accumulate::exact}));
}

TEST_CASE("refused: reductions without a start or targets") {
    Input a("a", Fixed(4, 4), {4});
    RDom r(0, 4, "r");
    Schedule none(Gemm().C);
    REFUSED(none, "product has no start value in Fixed(4, 4): give another type",
            (void)product(r, a(r), Fixed(4, 4)));
    REFUSED(none, "a start value of the reducer half is not a literal",
            Reducer("half", {{Int(8), a(0)}}, [](const auto& old, const auto&) { return old; }));
    REFUSED(none, "the reducer empty has no targets: give {type, start} for each",
            Reducer("empty", {}, [](const auto&, const auto&) { return std::vector<Expr>(); }));
}

TEST_CASE("refused: kernels where they do not belong") {
    Schedule none(Gemm().C);
    Param n("n", Int(8));
    Output out("out", Int(8), {8});
    InOut changed("changed", Int(8), {8});
    Input in("in", Int(8), {8});
    Var i("i");
    const Kernel fill("fill", {out, n}, [&](KernelBody& k) { k.update(out, [&](Var) { return n; }); });
    REFUSED(none, "fill takes a value for n, and is called with the tensor in",
            Kernel("caller", {in, out}, [&](KernelBody& k) { k.call(fill, {out, in}); }));
    REFUSED(none, "out is an argument of a kernel whose body runs at this moment",
            Kernel("outer", {out}, [&](KernelBody&) { Kernel("inner", {out}, [](KernelBody&) {}); }));
    REFUSED(none, "the condition of a while_ makes a statement: it may only read",
            Kernel("whiles", {changed},
                   [&](KernelBody& k) { k.while_([&] { return k.let(changed(0)) > 0; }, [] {}); }));
    Func f("f", Int(8), {8});
    REFUSED(none, "f reads changed, which belongs to a kernel: pass the kernel's result as an Input",
            Kernel("body", {changed}, [&](KernelBody&) { f(i) = changed(i); }));
}

TEST_CASE("refused: vectors around what has none") {
    InOut b("b", Int(32), {4, 4});
    Var i("i"), j("j"), one("one");
    const Extern nothing("nothing", {});
    const Kernel k("k", {b}, [&](KernelBody& k) {
        k.for_(one, 0, 1, [&] { k.print("once"); });
        k.for_(i, 0, 4, [&] { k.for_(j, 0, 4, [&] { b(i, j) = 1; }); });
    });
    Schedule s(k);
    REFUSED(s, "it prints at", s[k].vectorize(one));
    const Kernel calls("calls", {b}, [&](KernelBody& k) { k.for_(one, 0, 1, [&] { k.call(nothing, {}); }); });
    Schedule c(calls);
    REFUSED(c, "it calls the extern function nothing at", c[calls].vectorize(one));
    s[k].vectorize(j);
    REFUSED(s, "loop j inside it is vectorized", s[k].vectorize(i));
    Schedule order(k);
    order[k].vectorize(j).parallel(i);
    REFUSED(order, "loop i, which is parallel, would be inside j, which is vectorized",
            order[k].reorder(j, i));
}

TEST_CASE("refused: loops of inline reductions with one name, and sums without an end") {
    Input a("a", Int(8), {8, 8});
    Var i("i");
    RDom r(0, 8, "r"), q(0, 8, "r"), huge({{0, 1 << 30}, {0, 1 << 30}}, "huge"), more({{0, 1 << 30}}, "more");
    Func f("f", Int(32), {8}), g("g", Int(32), {8});
    f(i) = sum(r, a(i, r)) + sum(q, a(q, i));
    Schedule s(f);
    REFUSED(s, "2 loops of f are called r: give their RDoms different names", s[f].unroll(r));
    g(i) = 0;
    const unsigned update = __LINE__ + 1;
    g(i) += a(i, (huge.x + huge.y + more) % 8);
    Schedule sums(g);
    refused(sums, __FILE__, update, "has too many iterations: give an accumulator type",
            [&] { sums.quantize(g, Int(40), {.accumulate = Accumulate::exact}); });
}
