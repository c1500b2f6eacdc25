#include "ir_build.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace build;
using Op = BinaryOp;

TEST_SUITE("equal") {

    TEST_CASE("every attribute of an expression counts") {
        const Symbol x("x"), y("y"), A("A"), B("B");
        const Expr a = var(x, Int(8)), b = var(y, Int(8)), f = var(x, Float(32)), i = var(y), j = var(x),
                   p = less(i, j);
        const std::vector<Expr> distinct = {a,
                                            b,
                                            i,
                                            literal(3),
                                            constant(Int(8), 3),
                                            index(3),
                                            real("3"),
                                            Constant::make(Value::from_double(Float(32), 3)),
                                            Constant::make(Value::from_double(Float(32), 0.0)),
                                            Constant::make(Value::from_double(Float(32), -0.0)),
                                            Load::make(A, Int(8), {i}),
                                            Load::make(B, Int(8), {i}),
                                            Load::make(A, Int(8), {j}),
                                            Load::make(A, Int(9), {i}),
                                            Load::make(A, Int(8), {i, i}),
                                            Load::make(A, Int(8), {i}, {}, p),
                                            Unary::make(UnaryOp::neg, a),
                                            Unary::make(UnaryOp::abs, a),
                                            add(a, b),
                                            add(b, a),
                                            mul(a, b),
                                            Binary::make_as(Int(8), Op::add, a, b),
                                            Select::make(p, a, b),
                                            Select::make(p, b, a),
                                            Cast::make(Int(9), a),
                                            Cast::make(Int(9), b),
                                            Bitcast::make(UInt(8), a),
                                            Cast::make(UInt(8), a),
                                            Slice::make(a, 3, 0),
                                            Slice::make(a, 4, 1),
                                            Fma::make(f, f, f),
                                            Call::make("exp", {f}),
                                            Call::make("log", {f}),
                                            Ramp::make(i, j, 4),
                                            Ramp::make(i, j, 8),
                                            Broadcast::make(a, 4),
                                            VectorReduce::make(Op::add, Broadcast::make(a, 4)),
                                            VectorReduce::make(Op::max, Broadcast::make(a, 4)),
                                            Let::make(Symbol("t"), a, b),
                                            Expr()};
        for (size_t m = 0; m < distinct.size(); ++m)
            for (size_t n = 0; n < distinct.size(); ++n) {
                CHECK(equal(distinct[m], distinct[n]) == (m == n));
                if (m != n && distinct[m].defined() && distinct[n].defined())
                    CHECK(structural_hash(distinct[m]) != structural_hash(distinct[n]));
            }
        CHECK(equal(Constant::make(Value::from_raw(Int(8), 3), Loc{"a", 1}),
                    Constant::make(Value::from_raw(Int(8), 3), Loc{"b", 2})));
    }

    TEST_CASE("bound variables are equal modulo renaming") {
        const Symbol a("a"), b("b"), c("c"), d("d"), free("free");
        const auto nested = [&](const Symbol& outer, const Symbol& inner, bool swapped) {
            const Expr body =
                swapped ? op(Op::sub, var(inner), var(outer)) : op(Op::sub, var(outer), var(inner));
            return Let::make(outer, index(1), Let::make(inner, index(1), body));
        };
        CHECK(equal(nested(a, b, false), nested(c, d, false)));
        CHECK(structural_hash(nested(a, b, false)) == structural_hash(nested(c, d, false)));
        CHECK(!equal(nested(a, b, false), nested(c, d, true)));
        CHECK(!equal(Let::make(a, index(1), var(a)), Let::make(b, index(1), var(free))));
        CHECK(!equal(Let::make(a, index(1), var(free)), Let::make(b, index(1), var(b))));
        CHECK(!equal(Let::make(a, index(1), var(a)), Let::make(b, index(2), var(b))));
        CHECK(!equal(var(a), var(b)));
        // One shared let on one side, two of their own on the other.
        const Expr shared = Let::make(a, index(1), add(var(a), var(free)));
        const Expr one = Let::make(b, index(1), add(var(b), var(free))),
                   two = Let::make(c, index(1), add(var(c), var(free)));
        CHECK(equal(mul(shared, shared), mul(one, two)));
        CHECK(equal(mul(one, two), mul(shared, shared)));
    }

    TEST_CASE("every attribute of a statement counts") {
        const Symbol i("i"), j("j"), A("A"), B("B"), n("n");
        const Expr p = less(var(n), index(3));
        const Stmt store = Store::make(A, Int(8), {var(n)}, literal(1));
        Tensor moved = tensor(B, Int(8), {index(4)}), data = tensor(B, Int(8), {index(4)}),
               derived = tensor(B, Int(8), {index(4)});
        moved.dims[0].min = index(1);
        data.data = std::make_shared<std::vector<Value>>(4, Value::from_raw(Int(8), 1));
        derived.origin = TypeOrigin::definition;
        const Expr f = var(n, Float(32));
        const std::vector<Stmt> distinct = {
            store,
            Store::make(A, Int(9), {var(n)}, literal(1)),
            Store::make(B, Int(8), {var(n)}, literal(1)),
            Store::make(A, Int(8), {var(n)}, literal(0)),
            Store::make(A, Int(8), {index(0)}, literal(1)),
            Store::make(A, Int(8), {var(n)}, literal(1), {}, p),
            Store::make({{A, Int(8), {var(n)}, literal(1)}, {B, Int(8), {}, literal(1)}}),
            Reduce::make(Op::add, {A, Int(8), {var(n)}, literal(1)}),
            Reduce::make(Op::mul, {A, Int(8), {var(n)}, literal(1)}),
            Reduce::make(Op::add, {A, Float(32), {}, mul(f, f)}),
            Reduce::make(Op::add, {A, Float(32), {}, mul(f, f)}, {}, {}, true),
            Reduce::make(Op::add, {A, Int(8), {var(n)}, literal(1)}, {}, p),
            loop(i, index(2), store),
            loop(i, index(3), store),
            loop(i, index(2), store, LoopKind::parallel()),
            loop(i, index(2), {}),
            For::make(i, index(1), index(2), {}, store),
            If::make(p, store),
            If::make(p, {}, store),
            If::make(p, store, store),
            If::make(less(index(3), var(n)), store),
            LetStmt::make(i, index(1), store),
            LetStmt::make(i, index(2), store),
            Allocate::make(tensor(B, Int(8), {index(4)}), store),
            Allocate::make(tensor(B, Int(8), {index(5)}), store),
            Allocate::make(tensor(B, Int(9), {index(4)}), store),
            Allocate::make(tensor(B, Int(8), {index(4)}, MemorySpace::stack()), store),
            Allocate::make(tensor(B, Int(8), {}), store),
            Allocate::make(moved, store),
            Allocate::make(data, store),
            Allocate::make(derived, store),
            Assert::make(p, "a"),
            Assert::make(p, "b"),
            Assert::make(less(index(3), var(n)), "a"),
            Stage::make(A, 0, store),
            Stage::make(A, 1, store),
            Stage::make(B, 0, store),
            Block::make({store, store}),
            Block::make({store, store, store}),
            Stmt()};
        for (size_t a = 0; a < distinct.size(); ++a)
            for (size_t b = 0; b < distinct.size(); ++b) {
                CAPTURE(a);
                CAPTURE(b);
                CHECK(equal(distinct[a], distinct[b]) == (a == b));
            }
        CHECK(equal(loop(i, index(2), Store::make(A, Int(8), {var(i)}, literal(1))),
                    loop(j, index(2), Store::make(A, Int(8), {var(j)}, literal(1)))));
        CHECK(!equal(loop(i, index(2), Store::make(A, Int(8), {var(i)}, literal(1))),
                     loop(j, index(2), Store::make(A, Int(8), {var(n)}, literal(1)))));
        CHECK(equal(Allocate::make(tensor(A, Int(8), {}), Store::make(A, Int(8), {}, literal(1))),
                    Allocate::make(tensor(B, Int(8), {}), Store::make(B, Int(8), {}, literal(1)))));
        CHECK(!equal(Store::make(A, Int(8), {}, literal(1)), Store::make(B, Int(8), {}, literal(1))));
    }

    TEST_CASE("modules are equal modulo renaming of everything") {
        const Module a = gemm();
        CHECK(equal(a, gemm()));
        const auto differs = [&](auto change) {
            Module m = gemm();
            change(m, m.top());
            return !equal(a, m);
        };
        CHECK(differs([](Module& m, Function&) { m.functions.push_back(m.top()); }));
        CHECK(differs([](Module&, Function& f) { f.name = "other"; }));
        CHECK(differs([](Module&, Function& f) { std::swap(f.params[0], f.params[1]); }));
        CHECK(differs([](Module&, Function& f) { f.params[0].type = Int(32); }));
        CHECK(differs([](Module&, Function& f) { f.params.pop_back(); }));
        CHECK(differs([](Module&, Function& f) { std::swap(f.arguments[0], f.arguments[1]); }));
        CHECK(differs([](Module&, Function& f) { f.arguments[2].direction = Direction::inout; }));
        CHECK(differs([](Module&, Function& f) { f.arguments[2].tensor.type = Float(64); }));
        CHECK(differs([](Module&, Function& f) { f.constants.push_back(tensor(Symbol("W"), Int(8), {})); }));
        CHECK(differs([](Module&, Function& f) { f.body = f.body.as<Block>()->stmts[0]; }));
        // The two loops of the initialisation exchanged: the same text but for the order of names.
        CHECK(differs([](Module&, Function& f) {
            const auto* outer = f.body.as<Block>()->stmts[0].as<Stage>()->body.as<For>();
            const auto* inner = outer->body.as<For>();
            const Stmt swapped =
                For::make(inner->var, outer->min, outer->extent, outer->loop,
                          For::make(outer->var, inner->min, inner->extent, inner->loop, inner->body));
            f.body = Block::make(
                {Stage::make(f.arguments[2].tensor.symbol, 0, swapped), f.body.as<Block>()->stmts[1]});
        }));
    }
}
