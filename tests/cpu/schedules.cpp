// Every primitive, compiled.

#include "compiled.h"
#include "deep.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/kernel.h"

using namespace lathe;
using namespace lathe::ir;

TEST_CASE("cpu: splits with every tail") {
    for (const Tail tail : {Tail::guard, Tail::peel})
        for (const int64_t factor : {1, 3, 4, 16}) {
            Gemm g(Int(8), Int(32));
            Schedule s(g.C);
            s[g.C].split(g.k, 2, tail); // innermost first: a peeled tail is a copy of all that is inside
            s[g.C].split(g.j, 5, tail);
            s[g.C].split(g.i, factor, tail);
            s[g.C].init().split(g.j, factor, tail);
            expect_compiled(s, Gemm::sizes());
        }
    Var i("i");
    Input a("a", Int(8), {29});
    Func f("f", Int(16), {29}), g("g", Int(16), {24});
    f(i) = a(i) + 1;
    g(i) = f(i) * 2;
    Schedule s({f, g});
    auto [fo, fi] = s[f].split(i, 8, Tail::shift_inwards);
    s[f].vectorize(fi);
    auto [go, gi] = s[g].split(i, 8, Tail::exact);
    s[g].vectorize(gi);
    expect_compiled(s, {{}});
}

TEST_CASE("cpu: tile, reorder, fuse, unroll, parallel, rename, serial") {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {3, 8});
    s[g.C].reorder(io, jo, g.k, ii, ji).unroll(ii).vectorize(ji);
    const Loop tiles = s[g.C].fuse(io, jo, "tiles");
    s[g.C].parallel(tiles).unroll(g.k, 2);
    Schedule fused = s;
    s[g.C].init().parallel(g.i).vectorize(g.j, 8);
    expect_compiled(s, Gemm::sizes());
    fused[g.C].serial(tiles);
    fused[g.C].rename(tiles, "a tile of C (%d%n)").parallel(tiles);
    fused[g.C].fuse_init(tiles);
    expect_compiled(fused, Gemm::sizes());
}

TEST_CASE("cpu: fuse_init at every loop") {
    for (int at = 0; at < 3; ++at) {
        Gemm g(Int(8), Int(32));
        Schedule s(g.C);
        auto [jo, ji] = s[g.C].split(g.j, 4);
        s[g.C].reorder(g.i, jo, ji, g.k);
        at == 0 ? s[g.C].fuse_init(g.i) : at == 1 ? s[g.C].fuse_init(jo) : s[g.C].fuse_init();
        expect_compiled(s, Gemm::sizes());
    }
}

TEST_CASE("cpu: vectors of any number of lanes, of types of any width") {
    const std::vector<int64_t> quick{3, 8, 24}, all{2, 3, 5, 7, 8, 16, 24, 64};
    for (const int64_t lanes : deep() ? all : quick)
        for (const Type t : {Int(8), UInt(13), Fixed(18, 9), Float(16), Float(32), Int(40), Int(70)}) {
            CAPTURE(lanes);
            CAPTURE(t.str());
            Gemm g(t, t.is_float() ? Float(32) : Int(32));
            Schedule s(g.C);
            s[g.C].reorder(g.i, g.k, g.j).vectorize(g.j, lanes);
            s[g.C].init().vectorize(g.j, lanes);
            expect_compiled(s, Gemm::sizes());
        }
}

TEST_CASE("cpu: reductions over lanes") {
    for (const int64_t lanes : {2, 3, 8, 32})
        for (const Type t : {Int(8), UInt(8), Int(13), Int(70)}) {
            Gemm g(t, Int(32));
            Schedule s(g.C);
            s[g.C].vectorize(g.k, lanes);
            expect_compiled(s, Gemm::sizes());
        }
    Param N("N"), M("M");
    Var i("i");
    Input a("a", Int(12), {N, M});
    RDom r(0, M, "r");
    Func least("least", Int(12), {N}), most("most", Int(12), {N}), bits("bits", Int(12), {N});
    least(i) = 2047;
    least(i) = min(least(i), a(i, r));
    most(i) = maximum(r, a(i, r));
    bits(i) ^= a(i, r);
    Schedule s({least, most, bits});
    s[bits].vectorize(r, 8);
    expect_compiled(s, {{{"N", 3}, {"M", 21}}, {{"N", 1}, {"M", 8}}, {{"N", 2}, {"M", 0}}});
}

TEST_CASE("cpu: compute_at with tensors on the heap, on the stack, in registers") {
    for (const MemorySpace& space : {MemorySpace::heap(), MemorySpace::stack(), MemorySpace::registers()})
        for (const bool parallel : {false, true}) {
            PackedGemm g;
            Schedule s(g.C);
            auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {6, 16});
            s.compute_at(g.P, g.C, jo).store_in(g.P, space).compute_at(g.panel, g.C, io);
            s[g.P].reorder(g.k, g.i, g.j).unroll(g.i).vectorize(g.j);
            s[g.P].init().vectorize(g.j);
            s[g.C].unroll(ii).vectorize(ji);
            if (parallel) s[g.C].parallel(io);
            expect_compiled(s, Gemm::sizes());
            s[g.C].separate(io, jo);
            expect_compiled(s, Gemm::sizes());
        }
}

TEST_CASE("cpu: blurs computed at root, in rows, in tiles, inline") {
    for (int way = 0; way < 4; ++way) {
        CAPTURE(way);
        Blur b;
        Schedule s(b.out);
        if (way == 1) {
            s.compute_at(b.rows, b.out, b.y);
            s[b.rows].vectorize(b.x, 16);
            s[b.out].parallel(b.y).vectorize(b.x, 16);
        } else if (way == 2) {
            auto [yo, xo, yi, xi] = s[b.out].tile({b.y, b.x}, {4, 8});
            s.compute_at(b.rows, b.out, xo).store_in(b.rows, MemorySpace::stack());
            s[b.rows].vectorize(b.x);
            s[b.out].vectorize(xi).separate(yo, xo);
        } else if (way == 3) {
            s.inline_(b.rows);
            s[b.out].vectorize(b.x, 7);
            auto [yo, yi] = s[b.out].split(b.y, 3, Tail::peel);
            s[b.out].unroll(yi);
        }
        expect_compiled(s, Blur::sizes());
    }
}

TEST_CASE("cpu: quantize, with accumulators and saturation") {
    const std::vector<Accumulate> accumulators{Accumulate::tensor, Fixed(40, 20), Int(20)};
    for (const Accumulate& accumulate : accumulators)
        for (const Type t :
             {Fixed(32, 16), Fixed(24, 8, Round::rnd, Overflow::sat), Fixed(20, 4, Round::rnd_conv)}) {
            Gemm g;
            Schedule s(g.C);
            s.quantize({g.A, g.B}, Fixed(16, 12)).quantize(g.C, t, {.accumulate = accumulate});
            s[g.C].reorder(g.k, g.i, g.j).vectorize(g.j, 8);
            if (accumulate.kind() == Accumulate::Kind::type)
                s[g.C].write_back().vectorize(g.j, 8).parallel(g.i);
            expect_compiled(s, Gemm::sizes());
        }
    Param M("M"), N("N");
    Var i("i"), j("j");
    Input A("A", Int(8), {M, 10}), B("B", Int(8), {10, N});
    RDom k(0, 10, "k");
    Func C("C", Int(32), {M, N});
    C(i, j) = 0;
    C(i, j) += A(i, k) * B(k, j);
    Schedule s(C);
    s.quantize(C, UFixed(12, 0, Round::trn, Overflow::sat), {.accumulate = Accumulate::exact});
    s[C].reorder(i, j, k).vectorize(k, 4);
    expect_compiled(s, {{{"M", 3}, {"N", 5}}, {{"M", 0}, {"N", 2}}, {{"M", 1}, {"N", 1}}});
}

TEST_CASE("cpu: floats without contraction") {
    Gemm g;
    Schedule with(g.C), without(g.C);
    without.disable_contraction();
    for (Schedule* s : {&with, &without}) {
        (*s)[g.C].reorder(g.k, g.i, g.j).vectorize(g.j, 8);
        expect_compiled(*s, Gemm::sizes());
    }
}

TEST_CASE("cpu: targets of every level") {
    for (const char* name :
         {"x86-64-linux", "x86-64-linux-avx2", "x86-64-linux-avx512", "x86-64-linux-avx512-vnni-bf16"}) {
        const Target target(name);
        if (!Target::host().runs(target)) {
            MESSAGE("this machine has no " << target.name());
            continue;
        }
        for (const Type t : {Int(8), Float(16), Float(32), Float(64), BFloat(16), Fixed(12, 5)}) {
            Gemm g(t, t == Int(8) ? Int(32) : Float(32));
            Schedule s(g.C);
            s[g.C].reorder(g.k, g.i, g.j).vectorize(g.j, 16).parallel(g.i);
            expect_compiled(s.reference(), s.module(), Gemm::sizes(), target);
        }
    }
}

TEST_CASE("cpu: a half beside a constant, which LLVM compares by fmaxf and fminf") {
    Param N("N");
    Var i("i");
    Input h("h", Float(16), {N});
    for (const bool greater : {true, false}) {
        Func f("f", Fixed(56, 27, Round::rnd, Overflow::sat_sym), {N});
        const Expr t = let(select(i >= 2, h(i - 2), 0.0)), six = cast(Float(32), greater ? -6 : 6);
        f(i) = greater ? select(t >= six, t, six) : select(t <= six, t, six);
        const Schedule s(f);
        expect_compiled(s, {{{"N", 20}}, {{"N", 1}}, {{"N", 0}}});
    }
}

TEST_CASE("cpu: lanes that may update one element, some of them left out by data") {
    RDom r(0, 37, "r");
    Var i("i");
    Input places("places", UInt(3), {37});
    Func count("count", Int(16), {8});
    count(i) = 0;
    r.where(places(r) != 3);
    count(places(r)) += places(r) + 1;
    Schedule s(count);
    s[count].vectorize(r, 8);
    expect_compiled(s, {{}});
}

TEST_CASE("cpu: lanes that may update one element, with sums of their own") {
    RDom r(0, 37, "r"), q(0, 3, "q");
    Var i("i");
    Input places("places", UInt(3), {37}), m("m", Int(8), {37, 3});
    Func count("count", Int(16), {8});
    count(i) = 0;
    r.where(places(r) != 3);
    count(places(r)) += sum(q, m(r, q)) * 2;
    Schedule s(count);
    s[count].vectorize(r, 8);
    expect_compiled(s, {{}});
}

TEST_CASE("cpu: lanes of which one at most stores") {
    Var x("x"), y("y"), z("z");
    Input in("in", Float(32), {64});
    Output out("out", Float(32), {64});
    for (const int64_t lanes : {3, 4, 7, 8})
        for (int kind = 0; kind < 4; ++kind) {
            CAPTURE(lanes);
            CAPTURE(kind);
            const Kernel k("k", {in, out}, [&](KernelBody& b) {
                b.for_(z, 0, 64, [&] { out(z) = in(63 - z); });
                b.for_(y, 0, 2, [&] {
                    b.for_(x, 0, lanes, [&] {
                        b.if_(x % 4 == 0, [&] {
                            const Expr at = x / 4 + y * 4;
                            if (kind == 0) out(at) = in(x) * 2;
                            if (kind == 1) out(at) += in(x) * 2;
                            if (kind == 2) out(at) = out(at) * in(x) + in(60 - x);
                            if (kind == 3) out(at) *= in(x) + in(60 - x);
                        });
                    });
                });
            });
            Schedule s(k);
            s[k].vectorize(x);
            expect_compiled(s, {{}});
        }
}

TEST_CASE("cpu: vectors of the loop that moves a buffer, whose body runs in one of them") {
    Var y("y"), x("x");
    Input in("in", Int(16), {24, 14});
    Func out("out", Int(32), {6, 4});
    out(y, x) = in(y, x) + in(y + 1, x + 1) * 2 + in(y + 2, x + 2) * 4;
    Schedule s(out);
    auto [xo, xi] = s[out].split(x, 4);
    s.reuse_at(in, out, xo);
    s[out].vectorize(xo);
    expect_compiled(s, {{}});
}
