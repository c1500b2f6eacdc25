#include "lathe/codegen/lower.h"

#include "../../codegen/passes/partition_loops.h"
#include "../../codegen/passes/unroll_loops.h"
#include "deep.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/unique_lets.h"
#include "passes_support.h"

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::codegen;
using namespace lathe::testing;

namespace {

Expr plus(Expr a, int64_t b) {
    return iadd(std::move(a), index(b));
}
Expr scaled(int64_t a, const Symbol& s) {
    return imul(index(a), var(s));
}

/// C's tiles of 6 × 16 in registers, over all of K; whole tiles only.
Module gemm() {
    const Param M("M"), N("N"), K("K");
    const auto size = [](const Param& p) { return Variable::make(p.symbol, IndexType()); };
    const Tensor A = tensor("A", Float(32), {size(M), size(K)}),
                 C = tensor("C", Float(32), {size(M), size(N)});
    const Tensor B = tensor("B", Float(32), {size(K), size(N)});
    const Symbol io("io"), jo("jo"), k("k"), i0("i"), j0("j"), i1("i"), j1("j"), i2("i"), j2("j");
    Tensor tile = tensor("tile", Float(32), {index(6), index(16)});
    tile.dims[0].min = scaled(6, io);
    tile.dims[1].min = scaled(16, jo);
    tile.space = MemorySpace::registers();
    const auto nest = [&](const Symbol& i, const Symbol& j, const Stmt& body) {
        return For::make(i, scaled(6, io), index(6), LoopKind::unrolled(),
                         For::make(j, scaled(16, jo), index(16), LoopKind::vectorized(), body));
    };
    const Stmt init =
        nest(i0, j0, store(tile, {var(i0), var(j0)}, Constant::make(Value::from_double(Float(32), 0))));
    const Stmt update = loop(
        k, size(K),
        nest(i1, j1,
             Reduce::make(BinaryOp::add,
                          {tile.symbol,
                           tile.type,
                           {var(i1), var(j1)},
                           binary(BinaryOp::mul, load(A, {var(i1), var(k)}), load(B, {var(k), var(j1)}))},
                          {}, {}, true)));
    const Stmt out = nest(i2, j2, store(C, {var(i2), var(j2)}, load(tile, {var(i2), var(j2)})));
    const Stmt all = Allocate::make(tile, Block::make({init, update, out}));
    return module_of({A, B}, {C},
                     loop(jo, ifloordiv(size(N), index(16)), loop(io, ifloordiv(size(M), index(6)), all)),
                     {M, N, K});
}

/// The horizontal half of a Gaussian with repeated edges, in vectors of 8 with a guarded tail.
struct Blur {
    Param W = Param("W");
    Tensor in, out;
    Module module;

    Blur() {
        const Expr w = Variable::make(W.symbol, IndexType());
        in = tensor("in", UInt(8), {w});
        out = tensor("out", UInt(8), {w});
        const Symbol xo("xo"), xi("xi");
        const Expr x = iadd(scaled(8, xo), var(xi));
        const auto at = [&](int64_t d) {
            return load(in, {imax(imin(plus(x, d), isub(w, index(1))), index(0))});
        };
        const Expr sum = binary(BinaryOp::add,
                                binary(BinaryOp::add, at(-1), binary(BinaryOp::mul, at(0), Expr(2))), at(1));
        const Stmt body =
            store(out, {x}, binary(BinaryOp::shr, binary(BinaryOp::add, sum, Expr(2)), Expr(2)));
        const Stmt inner = loop(xi, imin(index(8), isub(w, scaled(8, xo))), body, LoopKind::vectorized());
        module = module_of({in}, {out}, loop(xo, ifloordiv(plus(w, 7), index(8)), inner), {W});
    }
};

} // namespace

TEST_CASE(
    "gemm's inner loop: one row of B, broadcasts of A, fmas on the tile's registers; no masks, no gathers") {
    const Module lowered = lower(gemm(), Target("x86-64-linux-avx512"));
    CHECK(machine_form_breach(lowered) == "");
    CHECK(
        print(lowered) ==
        "def f(A: Tensor[Float(32), (M, K)],\n      B: Tensor[Float(32), (K, N)],\n      C: inout "
        "Tensor[Float(32), (M, N)]),\n      params M, N, K:\n    for jo in range(N // 16):\n        for io "
        "in range(M // 6):\n            with alloc(tile: Tensor[Float(32), (6, 16)] at (6 * io, 16 * jo), "
        "register):\n                tile[broadcast(6 * io, 16), ramp(16 * jo, 1, 16)] = "
        "broadcast(Float(32)(0.0), 16)\n                tile[broadcast(6 * io + 1, 16), ramp(16 * jo, 1, "
        "16)] = broadcast(Float(32)(0.0), 16)\n                tile[broadcast(6 * io + 2, 16), ramp(16 * jo, "
        "1, 16)] = broadcast(Float(32)(0.0), 16)\n                tile[broadcast(6 * io + 3, 16), ramp(16 * "
        "jo, 1, 16)] = broadcast(Float(32)(0.0), 16)\n                tile[broadcast(6 * io + 4, 16), "
        "ramp(16 * jo, 1, 16)] = broadcast(Float(32)(0.0), 16)\n                tile[broadcast(6 * io + 5, "
        "16), ramp(16 * jo, 1, 16)] = broadcast(Float(32)(0.0), 16)\n                for k in range(K):\n    "
        "                tile[broadcast(6 * io, 16), ramp(16 * jo, 1, 16)] = fma(broadcast(A[6 * io, k], "
        "16), B[broadcast(k, 16), ramp(16 * jo, 1, 16)], tile[broadcast(6 * io, 16), ramp(16 * jo, 1, "
        "16)])\n                    tile[broadcast(6 * io + 1, 16), ramp(16 * jo, 1, 16)] = "
        "fma(broadcast(A[6 * io + 1, k], 16), B[broadcast(k, 16), ramp(16 * jo, 1, 16)], tile[broadcast(6 * "
        "io + 1, 16), ramp(16 * jo, 1, 16)])\n                    tile[broadcast(6 * io + 2, 16), ramp(16 * "
        "jo, 1, 16)] = fma(broadcast(A[6 * io + 2, k], 16), B[broadcast(k, 16), ramp(16 * jo, 1, 16)], "
        "tile[broadcast(6 * io + 2, 16), ramp(16 * jo, 1, 16)])\n                    tile[broadcast(6 * io + "
        "3, 16), ramp(16 * jo, 1, 16)] = fma(broadcast(A[6 * io + 3, k], 16), B[broadcast(k, 16), ramp(16 * "
        "jo, 1, 16)], tile[broadcast(6 * io + 3, 16), ramp(16 * jo, 1, 16)])\n                    "
        "tile[broadcast(6 * io + 4, 16), ramp(16 * jo, 1, 16)] = fma(broadcast(A[6 * io + 4, k], 16), "
        "B[broadcast(k, 16), ramp(16 * jo, 1, 16)], tile[broadcast(6 * io + 4, 16), ramp(16 * jo, 1, 16)])\n "
        "                   tile[broadcast(6 * io + 5, 16), ramp(16 * jo, 1, 16)] = fma(broadcast(A[6 * io + "
        "5, k], 16), B[broadcast(k, 16), ramp(16 * jo, 1, 16)], tile[broadcast(6 * io + 5, 16), ramp(16 * "
        "jo, 1, 16)])\n                C[broadcast(6 * io, 16), ramp(16 * jo, 1, 16)] = tile[broadcast(6 * "
        "io, 16), ramp(16 * jo, 1, 16)]\n                C[broadcast(6 * io + 1, 16), ramp(16 * jo, 1, 16)] "
        "= tile[broadcast(6 * io + 1, 16), ramp(16 * jo, 1, 16)]\n                C[broadcast(6 * io + 2, "
        "16), ramp(16 * jo, 1, 16)] = tile[broadcast(6 * io + 2, 16), ramp(16 * jo, 1, 16)]\n                "
        "C[broadcast(6 * io + 3, 16), ramp(16 * jo, 1, 16)] = tile[broadcast(6 * io + 3, 16), ramp(16 * jo, "
        "1, 16)]\n                C[broadcast(6 * io + 4, 16), ramp(16 * jo, 1, 16)] = tile[broadcast(6 * io "
        "+ 4, 16), ramp(16 * jo, 1, 16)]\n                C[broadcast(6 * io + 5, 16), ramp(16 * jo, 1, 16)] "
        "= tile[broadcast(6 * io + 5, 16), ramp(16 * jo, 1, 16)]\n");
    Stmt life;
    std::vector<Expr> rows;
    for_each(
        lowered.top().body,
        [&](const Stmt& s) {
            auto* a = s.as<Allocate>();
            if (!a) return;
            life = s;
            // Code generation counts from the tensor's mins: constants must be left.
            for_each(
                a->body,
                [&](const Stmt& w) {
                    if (auto* st = w.as<Store>(); st && st->targets[0].tensor == a->tensors[0].symbol)
                        rows.push_back(simplify(
                            isub(st->targets[0].indices[0].as<Broadcast>()->a, a->tensors[0].dims[0].min)));
                },
                nullptr);
        },
        nullptr);
    REQUIRE(rows.size() == 12);
    for (int n = 0; n < 12; ++n)
        CHECK(as_int(rows[static_cast<size_t>(n)]) == n % 6);
    Random random(1);
    check_equal_results(gemm(), lowered,
                        {random_buffer(random, Float(32), {12, 5}), random_buffer(random, Float(32), {5, 32}),
                         random_buffer(random, Float(32), {12, 32})});
}

TEST_CASE("a loop around vectors is split into edge, interior, edge") {
    const Blur blur;
    const Module lowered = lower(blur.module, Target("x86-64-linux-avx2"));
    CHECK(
        print(lowered) ==
        "def f(in: Tensor[UInt(8), (W)], out: inout Tensor[UInt(8), (W)]), params W:\n    for xo in "
        "range(min(1, (W + 7) // 8)):\n        out[ramp(8 * xo, 1, 8) where ramp(0, 1, 8) < broadcast(min(8, "
        "W - 8 * xo), 8)] = UInt(8)x8((((UInt(16)x8(in[max(broadcast(0, 8), ramp(8 * xo - 1, 1, 8)) where "
        "ramp(0, 1, 8) < broadcast(min(8, W - 8 * xo), 8)]) + (UInt(16)x8(in[ramp(8 * xo, 1, 8) where "
        "ramp(0, 1, 8) < broadcast(min(8, W - 8 * xo), 8)]) * broadcast(UInt(16)(2), 8) as UInt(16)x8) as "
        "UInt(16)x8) + UInt(16)x8(in[min(broadcast(W - 1, 8), ramp(8 * xo + 1, 1, 8)) where ramp(0, 1, 8) < "
        "broadcast(min(8, W - 8 * xo), 8)]) as UInt(16)x8) + broadcast(UInt(16)(2), 8) as UInt(16)x8) >> "
        "broadcast(UInt(16)(2), 8))\n    for xo in range(min(1, (W + 7) // 8), min(1, (W + 7) // 8) + max(0, "
        "(W + 7) // 8 - 2)):\n        out[ramp(8 * xo, 1, 8)] = UInt(8)x8((((UInt(16)x8(in[ramp(8 * xo - 1, "
        "1, 8)]) + (UInt(16)x8(in[ramp(8 * xo, 1, 8)]) * broadcast(UInt(16)(2), 8) as UInt(16)x8) as "
        "UInt(16)x8) + UInt(16)x8(in[ramp(8 * xo + 1, 1, 8)]) as UInt(16)x8) + broadcast(UInt(16)(2), 8) as "
        "UInt(16)x8) >> broadcast(UInt(16)(2), 8))\n    for xo in range(max((W + 7) // 8 - 1, min(1, (W + 7) "
        "// 8)), max((W + 7) // 8 - 1, min(1, (W + 7) // 8)) + min(1, max(0, (W + 7) // 8 - 1))):\n        "
        "out[ramp(8 * xo, 1, 8) where ramp(0, 1, 8) < broadcast(W - 8 * xo, 8)] = "
        "UInt(8)x8((((UInt(16)x8(in[ramp(8 * xo - 1, 1, 8) where ramp(0, 1, 8) < broadcast(W - 8 * xo, 8)]) "
        "+ (UInt(16)x8(in[ramp(8 * xo, 1, 8) where ramp(0, 1, 8) < broadcast(W - 8 * xo, 8)]) * "
        "broadcast(UInt(16)(2), 8) as UInt(16)x8) as UInt(16)x8) + UInt(16)x8(in[min(broadcast(W - 1, 8), "
        "ramp(8 * xo + 1, 1, 8)) where ramp(0, 1, 8) < broadcast(W - 8 * xo, 8)]) as UInt(16)x8) + "
        "broadcast(UInt(16)(2), 8) as UInt(16)x8) >> broadcast(UInt(16)(2), 8))\n");
    Random random(3);
    for (int64_t w = 0; w < 50; ++w)
        check_equal_results(blur.module, lowered,
                            {random_buffer(random, UInt(8), {w}), random_buffer(random, UInt(8), {w})});
}

TEST_CASE("an iteration of a parallel loop around vectors chooses between interior and edge") {
    const Param N("N");
    const Expr n = Variable::make(N.symbol, IndexType());
    const Tensor in = tensor("in", UInt(8), {n}), out = tensor("out", UInt(8), {n});
    const Symbol o("o"), i("i");
    const Expr at = iadd(scaled(8, o), var(i));
    const Stmt body = store(out, {at}, load(in, {at}));
    const Stmt rows = loop(i, imin(index(8), isub(n, scaled(8, o))), body, LoopKind::vectorized());
    const Module m =
        module_of({in}, {out}, loop(o, ifloordiv(plus(n, 7), index(8)), rows, LoopKind::parallel()), {N});
    const Module lowered = lower(m, Target("x86-64-linux-avx2"));
    int whole = 0, masked = 0;
    for_each(
        lowered.top().body,
        [&](const Stmt& s) {
            if (auto* st = s.as<Store>()) ++(st->predicate.defined() ? masked : whole);
        },
        nullptr);
    CHECK(whole == 1);
    CHECK(masked == 1);
    Random random(4);
    for (int64_t w = 0; w < 30; ++w)
        check_equal_results(m, lowered,
                            {random_buffer(random, UInt(8), {w}), random_buffer(random, UInt(8), {w})});
}

TEST_CASE("unroll_loops makes copies with symbols of their own, guarded where the extent is not constant") {
    const Param N("N");
    const Expr n = Variable::make(N.symbol, IndexType());
    const Tensor in = tensor("in", Int(32), {n}), out = tensor("out", Int(32), {n}),
                 t = tensor("t", Int(32), {});
    const Symbol o("o"), i("i"), v("v");
    const Expr at = iadd(scaled(2, o), var(i));
    const Stmt body = Allocate::make(t, LetStmt::make(v, load(in, {at}),
                                                      Block::make({store(t, {}, Variable::make(v, Int(32))),
                                                                   store(out, {at}, load(t, {}))})));
    const Stmt nest = loop(o, ifloordiv(plus(n, 1), index(2)),
                           loop(i, imin(index(2), isub(n, scaled(2, o))), body, LoopKind::unrolled()));
    const Module m = module_of({in}, {out}, nest, {N});
    const Module flat = unroll_loops(m);
    CHECK(print(flat.top().body) ==
          "for o in range((N + 1) // 2):\n    with alloc(t: Tensor[Int(32), ()]):\n        let v = in[2 * o "
          "+ 0]\n        t[] = v\n        out[2 * o + 0] = t[]\n    if 1 < min(2, N - 2 * o):\n        with "
          "alloc(t: Tensor[Int(32), ()]):\n            let v = in[2 * o + 1]\n            t[] = v\n          "
          "  out[2 * o + 1] = t[]\n");
    Random random(4);
    for (int64_t size = 0; size < 6; ++size)
        check_equal_results(m, flat,
                            {random_buffer(random, Int(32), {size}), random_buffer(random, Int(32), {size})});
    const auto refusal = [&](const Expr& extent) -> std::string {
        try {
            unroll_loops(module_of(
                {in}, {out}, loop(i, extent, store(out, {var(i)}, load(in, {var(i)})), LoopKind::unrolled()),
                {N}));
        } catch (const Error& e) {
            return e.message();
        }
        return "";
    };
    CHECK(refusal(n) ==
          "unroll(i): the loop's extent N has no constant bound; split the loop by a constant first");
    CHECK(refusal(index(2000)) == "unroll(i) would make 2000 copies of its body; split the loop and unroll "
                                  "the inner part (at most 1024)");
}

TEST_CASE("lets that places share get a symbol of their own in each meaning") {
    const Tensor in = tensor("in", Int(16), {index(8)}), out = tensor("out", Int(16), {index(8)});
    const Symbol half("half"), twice("twice"), i("i");
    const auto value = [&](const Symbol& s) { return Variable::make(s, Int(16)); };
    const auto narrow = [](Expr e) { return as_type(Int(16), std::move(e)); };
    // One inner let, shared, below two lets that give `half` different values.
    const Expr inner = Let::make(twice, narrow(binary(BinaryOp::add, value(half), value(half))),
                                 narrow(binary(BinaryOp::mul, value(twice), value(half))));
    const Expr x = load(in, {var(i)});
    const Expr low = Let::make(half, narrow(binary(BinaryOp::shr, x, Expr(1))), inner);
    const Expr high = Let::make(half, narrow(binary(BinaryOp::add, x, Expr(100))), inner);
    const Module m = module_of(
        {in}, {out}, loop(i, index(8), store(out, {var(i)}, narrow(binary(BinaryOp::sub, low, high)))));
    const Module result = unique_lets(m);
    std::set<Symbol> symbols;
    size_t lets = 0;
    for_each(result.top().body, nullptr, [&](const Expr& e) {
        if (const auto* l = e.as<Let>()) symbols.insert(l->symbol), ++lets;
    });
    CHECK(lets == 4);
    CHECK(symbols.size() == 4);
    Random random(7);
    const AnyBuffer a = random_buffer(random, Int(16), {8});
    AnyBuffer x1 = a.copy(), x2 = a.copy(), expected(Int(16), {8}), got(Int(16), {8});
    interpret(m, {&x1, &expected});
    interpret(result, {&x2, &got});
    CHECK(bit_equal(got, expected));
}
