#include "ir_build.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace build;
using Op = BinaryOp;

TEST_SUITE("print") {

    TEST_CASE("a module") {
        CHECK(print(gemm()) == R"(def gemm(A: Tensor[Float(32), (M, K)],
         B: Tensor[Float(32), (K, N)],
         C: out Tensor[Float(32), (M, N)]),
         params M, N, K:
    # C.init
    for i in parallel(M):
        for j in range(N):
            C[i, j] = 0.0
    # C.update(0)
    for i in range(M):
        for j in range(N):
            for k in range(K):
                C[i, j] += A[i, k] * B[k, j]  # fma
)");
        CHECK(loop_tree(gemm()) == R"(gemm
    C.init
        for i in parallel(M)
            for j in range(N)
    C.update(0)
        for i in range(M)
            for j in range(N)
                for k in range(K)
)");
    }

    TEST_CASE("constants, parameters, several functions") {
        const Symbol n("n"), gain("gain"), X("X"), W("W"), s("s");
        Tensor weights = tensor(W, Int(8), {index(3)});
        weights.data = std::make_shared<std::vector<Value>>(3, Value::from_raw(Int(8), -1));
        Tensor longer = tensor(s, Bool(), {index(20)});
        longer.data = std::make_shared<std::vector<Value>>(20, Value::boolean(true));
        Function f{"f",
                   {{n, IndexType(), {}}, {gain, Float(32), {}}},
                   {{tensor(X, Int(8), {var(n)}), Direction::inout}},
                   {weights, longer},
                   {}};
        Function g{"g", {}, {}, {}, {}};
        CHECK(print(Module{{f, g}}) ==
              R"(def f(X: inout Tensor[Int(8), (n)]), params n, gain: Float(32):
    const W: Tensor[Int(8), (3)] = [-1, -1, -1]
    const s: Tensor[Bool, (20)] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, ...]
    pass

def g():
    pass
)");
    }

    TEST_CASE("statements") {
        const Symbol i("i"), M("M"), S("S"), T("T"), t("t"), A("A"), B("B");
        const Stmt store = Store::make(S, Int(8), {var(i)}, constant(Int(8), 3));
        SUBCASE("loops by kind and bounds") {
            CHECK(print(For::make(i, index(2), index(5), LoopKind::vectorized(), store)) ==
                  "for i in vectorized(2, 7):\n    S[i] = 3\n");
            CHECK(print(For::make(i, var(M), isub(index(9), var(M)), {}, store)) ==
                  "for i in range(M, 9):\n    S[i] = 3\n");
            CHECK(print(For::make(i, var(M), index(4), LoopKind::pipeline(2), {})) ==
                  "for i in pipeline(M, M + 4, II=2):\n    pass\n");
        }
        SUBCASE("conditions chain") {
            const Stmt inner =
                If::make(less(var(M), index(8)), store, Assert::make(less(var(M), index(9)), "M is \"big\""));
            CHECK(print(loop(i, index(2), If::make(less(var(M), index(4)), {}, inner))) ==
                  R"(for i in range(2):
    if M < 4:
        pass
    elif M < 8:
        S[i] = 3
    else:
        assert M < 9, "M is \"big\""
)");
        }
        SUBCASE("a let ends with its body") {
            const Stmt let =
                LetStmt::make(t, add(var(i), index(1)), Store::make(S, Int(8), {var(t)}, literal(0)));
            CHECK(print(loop(i, index(2), let)) == "for i in range(2):\n    let t = i + 1\n    S[t] = 0\n");
            CHECK(print(loop(i, index(2), Block::make({let, store}))) ==
                  "for i in range(2):\n    with let t = i + 1:\n        S[t] = 0\n    S[i] = 3\n");
        }
        SUBCASE("allocations share a line of indentation") {
            Tensor tile{S,
                        Float(32),
                        {{imul(index(6), var(i)), index(6)}, {index(0), index(16)}},
                        MemorySpace::registers(),
                        {},
                        nullptr,
                        {}};
            const Stmt both =
                Allocate::make(tile, Allocate::make(tensor(T, Bool(), {}), Store::make(T, Bool(), {}, true)));
            CHECK(print(loop(i, var(M), both)) == R"(for i in range(M):
    with alloc(S: Tensor[Float(32), (6, 16)] at (6 * i, 0), register),
         alloc(T: Tensor[Bool, ()]):
        T[] = True
)");
            CHECK(loop_tree(Module{{{"f", {}, {}, {}, loop(i, var(M), both)}}}) ==
                  "f\n    for i in range(M)\n        alloc S: Tensor[Float(32), (6, 16)] at (6 * i, 0), "
                  "register\n"
                  "        alloc T: Tensor[Bool, ()]\n");
        }
        SUBCASE("tuples, updates and predicates") {
            const Expr p = less(var(i), var(M));
            CHECK(print(Store::make(
                      {{A, Int(8), {}, literal(1)}, {B, Int(8), {var(i)}, Load::make(A, Int(8), {})}})) ==
                  "A[], B[i] = 1, A[]\n");
            CHECK(print(Store::make(A, Int(8), {var(i)}, literal(1), {}, p)) == "A[i where i < M] = 1\n");
            const auto update = [&](Op o, Expr v) { return print(Reduce::make(o, {A, Int(8), {}, v})); };
            CHECK(update(Op::add, constant(Int(8), 1)) == "A[] += 1\n");
            CHECK(update(Op::max, literal(7)) == "A[] max= 7\n");
            CHECK(update(Op::mod, literal(7)) == "A[] rem= 7\n");
            CHECK(update(Op::floormod, literal(7)) == "A[] %= 7\n");
            CHECK(print(Reduce::make(Op::logical_and, {A, Bool(), {}, false})) == "A[] and= False\n");
        }
    }

    TEST_CASE("names that clash get a suffix while both are in scope") {
        const Symbol a("i"), b("i"), c("i"), S("i"), other("i_1");
        const auto store = [&](const Expr& at) { return Store::make(S, Int(8), {at}, literal(0)); };
        CHECK(print(Block::make({loop(a, index(2), loop(b, index(3), store(add(var(a), var(b))))),
                                 loop(c, index(4), store(var(c))),
                                 loop(other, index(5), store(var(other)))})) ==
              R"(for i_1 in range(2):
    for i_2 in range(3):
        i[i_1 + i_2] = 0
for i_1 in range(4):
    i[i_1] = 0
for i_1 in range(5):
    i[i_1] = 0
)");
        CHECK(print(add(add(var(a), var(other)), var(b))) == "i + i_1 + i_2");
        CHECK(print(var(Symbol(""))) == "_");
    }

    TEST_CASE("expressions with the fewest parentheses") {
        const Symbol i("i"), j("j"), x("x"), y("y"), p("p"), q("q"), f("f"), A("A");
        const Expr vi = var(i), vj = var(j), vx = var(x, Int(8)), vy = var(y, Int(8)), vp = var(p, Bool()),
                   vq = var(q, Bool());
        const auto is = [](const Expr& e, const char* text) { CHECK(print(e) == text); };
        is(mul(add(vi, index(1)), vj), "(i + 1) * j");
        is(add(mul(vi, index(4)), vj), "i * 4 + j");
        is(add(vi, add(vj, vi)), "i + j + i");
        is(add(vx, add(vy, vx)), "x + (y + x)");
        is(op(Op::sub, vi, op(Op::sub, vj, vi)), "i - (j - i)");
        is(op(Op::sub, op(Op::sub, vi, vj), vi), "i - j - i");
        is(op(Op::floormod, op(Op::floordiv, vi, index(4)), index(3)), "i // 4 % 3");
        is(op(Op::floordiv, vi, op(Op::floordiv, vj, index(3))), "i // (j // 3)");
        is(op(Op::mod, vx, vy), "rem(x, y)");
        is(op(Op::min, vi, op(Op::max, vj, index(0))), "min(i, max(j, 0))");
        is(isub(vi, index(1)), "i - 1");
        is(imul(vi, index(-1)), "i * -1");
        is(op(Op::logical_and, op(Op::logical_or, vp, vq), less(vi, vj)), "(p or q) and i < j");
        is(op(Op::logical_or, vp, op(Op::logical_and, vq, vp)), "p or q and p");
        is(Unary::make(UnaryOp::bit_not, less(vi, vj)), "not i < j");
        is(op(Op::eq, Unary::make(UnaryOp::bit_not, vp), vq), "(not p) == q");
        is(op(Op::eq, op(Op::eq, vi, vj), vp), "(i == j) == p");
        is(op(Op::bit_or, op(Op::bit_and, vx, vy), op(Op::shl, vx, vy)), "x & y | x << y");
        is(op(Op::bit_and, op(Op::bit_or, vx, vy), vx), "(x | y) & x");
        is(Unary::make(UnaryOp::neg, mul(vx, vy)), "-(x * y)");
        is(mul(Unary::make(UnaryOp::neg, vx), vy), "-x * y");
        is(Unary::make(UnaryOp::neg, literal(3)), "-(3)");
        is(literal(-3), "-3");
        is(Unary::make(UnaryOp::bit_not, vx), "~x");
        is(Slice::make(add(vx, vy), 3, 0), "(x + y)[3:0]");
        is(Slice::make(vx, 7, 7)[0], "x[7:7][0:0]");
        is(Select::make(less(vi, vj), vx, vy), "select(i < j, x, y)");
        is(Cast::make(Int(4), add(vx, vy)), "Int(4)(x + y)");
        is(Bitcast::make(UInt(8), vx), "bitcast(UInt(8), x)");
        is(Binary::make_as(Int(8), Op::add, vx, vy), "(x + y as Int(8))");
        is(mul(Binary::make_as(Int(8), Op::add, vx, vy), vx), "(x + y as Int(8)) * x");
        is(Let::make(f, add(vx, vy), mul(var(f, Int(9)), vx)), "let f = x + y in f * x");
        is(add(Let::make(f, vx, var(f, Int(8))), vy), "(let f = x in f) + y");
        is(Call::make("concat", {vx, vy}), "concat(x, y)");
        is(Fma::make(var(f, Float(32)), var(f, Float(32)), Constant::make(Value::from_double(Float(32), 1))),
           "fma(f, f, Float(32)(1.0))");
        is(Load::make(A, Int(8), {Ramp::make(mul(vi, index(8)), index(1), 8)}, {}, Broadcast::make(vp, 8)),
           "A[ramp(i * 8, 1, 8) where broadcast(p, 8)]");
        is(VectorReduce::make(Op::add, Load::make(A, Int(8), {Ramp::make(vi, vj, 4)})),
           "reduce(+, A[ramp(i, j, 4)])");
        is(VectorReduce::make(Op::logical_or, Broadcast::make(vp, 2)), "reduce(or, broadcast(p, 2))");
    }

    TEST_CASE("a constant shows its type where its place does not") {
        const Symbol x("x"), f("f"), q("q");
        const Expr vx = var(x, Int(8)), vf = var(f, Float(32)), vq = var(q, Fixed(8, 4));
        const auto is = [](const Expr& e, const char* text) { CHECK(print(e) == text); };
        is(add(vx, literal(3)), "x + 3");
        is(add(vx, constant(Int(8), 3)), "x + Int(8)(3)");
        is(less(vx, constant(Int(8), 3)), "x < 3");
        is(less(vx, constant(Int(9), 3)), "x < Int(9)(3)");
        is(mul(vf, real("1/2")), "f * 0.5");
        is(mul(vf, real("2")), "f * 2.0");
        is(mul(vf, real("-1/3")), "f * (-1/3)");
        is(mul(vf, Constant::make(Value::from_double(Float(32), 0.5))), "f * 0.5");
        is(mul(vf, Constant::make(Value::from_double(Float(64), 0.5))), "f * Float(64)(0.5)");
        is(mul(Constant::make(Value::from_double(Float(32), 1)),
               Constant::make(Value::from_double(Float(32), 2))),
           "Float(32)(1.0) * Float(32)(2.0)");
        is(add(vq, constant(Fixed(8, 4), -12)), "q + Fixed(8, 4)(-0.75)");
        is(Constant::make(Value::boolean(false)), "False");
        is(Constant::make(Value::from_double(Float(32), std::numeric_limits<double>::quiet_NaN())),
           "Float(32)(nan)");
    }

    TEST_CASE("a long expression names what it shares") {
        const Symbol x("x"), t0("t0"), y("y");
        Expr e = mul(add(var(x), index(1)), var(t0));
        for (int i = 0; i < 6; ++i)
            e = add(e, e);
        CHECK(print(e) == R"(let t1 = (x + 1) * t0
let t2 = t1 + t1
let t3 = t2 + t2
let t4 = t3 + t3
let t5 = t4 + t4
let t6 = t5 + t5
t6 + t6)");
        const Stmt s = LetStmt::make(y, e, Store::make(Symbol("S"), Int(8), {var(y)}, literal(0)));
        CHECK(print(s).starts_with("let t1 = (x + 1) * t0\n"));
        CHECK(print(s).ends_with("let y = t6 + t6\nS[y] = 0\n"));
        SUBCASE("inside the let on which it depends") {
            const Expr body = substitute(e, {{x, add(var(y), index(2))}});
            CHECK(print(add(Let::make(y, var(x), body), e)).find("in let y = ") == std::string::npos);
            CHECK(print(Let::make(y, var(x), body)) ==
                  "let y = x in let t1 = (y + 2 + 1) * t0 in let t2 = t1 + t1 in let t3 = t2 + t2 in "
                  "let t4 = t3 + t3 in let t5 = t4 + t4 in let t6 = t5 + t5 in t6 + t6");
        }
    }
}
