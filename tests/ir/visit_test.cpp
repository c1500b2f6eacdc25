#include "ir_build.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>
#include <random>

using namespace lathe;
using namespace lathe::ir;
using namespace build;
using Op = BinaryOp;

namespace {

int count_nodes(const Expr& e) {
    int n = 0;
    for_each_expr(e, [&](const Expr&) { ++n; });
    return n;
}

/// x doubled `times` times: a graph of times + 1 nodes and 2^times paths.
Expr doubled(Expr x, int times) {
    for (int i = 0; i < times; ++i)
        x = add(x, x);
    return x;
}

} // namespace

TEST_SUITE("visit") {

    TEST_CASE("each node once, operands before parents") {
        const Symbol x("x"), y("y"), A("A");
        const Expr vx = var(x), sum = add(vx, vx), load = Load::make(A, Int(8), {sum}, {}, less(sum, vx));
        std::vector<const ExprNode*> order;
        for_each_expr(Let::make(y, load, mul(load, load)), [&](const Expr& e) { order.push_back(e.get()); });
        CHECK(order.size() == 6);
        CHECK(order[0] == vx.get());
        CHECK(order[1] == sum.get());
        CHECK(order[3] == load.get());
    }

    TEST_CASE("operands and with_operands are inverse for every kind") {
        const Symbol x("x"), y("y"), A("A");
        const Expr i8 = var(x, Int(8)), f = var(x, Float(32)), i = var(y), p = less(i, i);
        const std::vector<Expr> all = {i8,
                                       literal(3),
                                       Load::make(A, Int(8), {i}),
                                       Load::make(A, Int(8), {i}, {}, p),
                                       Unary::make(UnaryOp::neg, i8),
                                       add(i8, i8),
                                       mul(f, real("1/3")),
                                       Binary::make_as(Int(3), Op::mul, i8, i8),
                                       Select::make(p, i8, i8),
                                       Cast::make(Int(3), i8),
                                       Bitcast::make(UInt(8), i8),
                                       Slice::make(i8, 4, 1),
                                       Fma::make(f, f, f),
                                       Call::make("with_slice", {i8, i8, literal(3), literal(0)}),
                                       Let::make(x, i8, i8),
                                       Ramp::make(i, i, 4),
                                       Broadcast::make(i8, 4),
                                       VectorReduce::make(Op::max, Broadcast::make(i8, 4))};
        for (const Expr& e : all) {
            const Expr same = with_operands(e, operands(e));
            CHECK_MESSAGE(equal(same, e), print(e));
            CHECK(same.type() == e.type());
        }
        CHECK_THROWS_AS(with_operands(i8, {i8}), InternalError);
    }

    TEST_CASE("with_operands types again what result_type gave, and keeps what make_as gave") {
        const Symbol x("x");
        const Expr i8 = var(x, Int(8)), i16 = var(x, Int(16)), f16 = var(x, Float(16)),
                   f32 = var(x, Float(32));
        CHECK(with_operands(add(i8, i8), {i16, i8}).type() == Int(17));
        const Expr narrow = Binary::make_as(Int(8), Op::add, i8, i8);
        CHECK(with_operands(narrow, {i16, i8}).type() == Int(8));
        CHECK(with_operands(narrow, {var(Symbol("y"), Int(8)), i8}).type() == Int(8));
        CHECK(with_operands(narrow, {Broadcast::make(i8, 4), Broadcast::make(i8, 4)}).type() ==
              Int(8).with_lanes(4));
        CHECK(with_operands(mul(f16, real("1/3")), {f32, real("1/3")}).type() == Float(32));
        const Expr fixed = mul(var(x, Fixed(8, 4)), real("1/2"));
        CHECK(with_operands(fixed, {var(x, Fixed(8, 4)), real("100")}).type().width() > fixed.type().width());
        CHECK(with_operands(Select::make(less(i8, i8), i8, i8), {less(i8, i8), i16, i8}).type() == Int(16));
    }

    TEST_CASE("statements are visited outer before inner, with all their expressions") {
        const Symbol i("i"), j("j"), S("S"), t("t"), n("n");
        const Stmt store =
            Store::make(S, Int(8), {var(i)}, Cast::make(Int(8), var(j)), {}, less(var(i), index(7)));
        const Stmt inner =
            If::make(less(var(t), index(5)), store, Reduce::make(Op::add, {S, Int(8), {var(j)}, literal(1)}));
        const Stmt all = Allocate::make(tensor(S, Int(8), {var(n)}),
                                        loop(i, index(2), LetStmt::make(t, add(var(i), index(1)), inner)));
        std::vector<StmtKind> kinds;
        std::set<std::string> names;
        for_each(
            all, [&](const Stmt& s) { kinds.push_back(s.kind()); },
            [&](const Expr& e) {
                if (e.kind() == ExprKind::variable) names.insert(print(e));
            });
        CHECK(kinds == std::vector{StmtKind::allocate, StmtKind::for_, StmtKind::let, StmtKind::if_,
                                   StmtKind::store, StmtKind::reduce});
        CHECK(names == std::set<std::string>{"i", "j", "t", "n"});
        for_each(all, nullptr, nullptr);
        CHECK(free_variables(all) == std::set{j, n});
        CHECK(free_variables(inner) == std::set{i, j, t});
        CHECK(tensors_written(all) == std::set{S});
        CHECK(tensors_read(all) == std::set{S});
        CHECK(tensors_read(store).empty());
    }

    TEST_CASE("free variables of expressions") {
        const Symbol x("x"), y("y"), A("A");
        const Expr e =
            Let::make(x, var(y), add(var(x), Cast::make(IndexType(), Load::make(A, Int(8), {var(x)}))));
        CHECK(free_variables(e) == std::set{y});
        CHECK(free_variables(e.as<Let>()->body) == std::set{x});
        CHECK(uses(e, y));
        CHECK(!uses(var(x), y));
        CHECK(tensors_read(e) == std::set{A});
        CHECK(free_variables(Expr()).empty());
    }

    TEST_CASE("substitute") {
        const Symbol x("x"), y("y"), z("z"), S("S");
        const Expr e = mul(add(var(x), var(y)), var(x));
        CHECK(print(substitute(e, {{x, iadd(var(z), index(1))}, {y, var(x)}})) == "(z + 1 + x) * (z + 1)");
        CHECK(substitute(e, {{z, index(0)}}).same_as(e));
        CHECK(!substitute(Expr(), {{z, index(0)}}).defined());
        CHECK_THROWS_AS(substitute(e, {{x, literal(1)}}), InternalError);
        CHECK_THROWS_AS(substitute(e, {{x, Expr()}}), InternalError);
        const Stmt s =
            For::make(y, var(x), var(x), {},
                      Store::make(S, Int(8), {add(var(x), var(y))}, literal(0), {}, less(var(x), var(z))));
        CHECK(print(substitute(s, {{x, index(3)}})) ==
              "for y in range(3, 6):\n    S[3 + y where 3 < z] = 0\n");
        CHECK(substitute(s, {{S, index(3)}}).same_as(s));
    }

    TEST_CASE("sharing survives: 60 doublings are 61 nodes for every traversal") {
        const Symbol x("x"), y("y");
        const Expr e = doubled(var(x), 60);
        CHECK(count_nodes(e) == 61);
        const Expr r = substitute(e, {{x, var(y)}});
        CHECK(count_nodes(r) == 61);
        CHECK(free_variables(r) == std::set{y});
        CHECK(equal(r, doubled(var(y), 60)));
        CHECK(!equal(r, e));
        CHECK(structural_hash(r) == structural_hash(doubled(var(y), 60)));
        CHECK(structural_hash(r) != structural_hash(e));
        CHECK(print(e).size() < 2000);
        const Stmt s = LetStmt::make(y, e, Store::make(Symbol("S"), Int(8), {e}, literal(0)));
        CHECK(print(s).size() < 4000);
        CHECK(equal(fresh_copy(s), s));
        SUBCASE("through lets too") {
            Expr l = var(x);
            for (int i = 0; i < 60; ++i) {
                const Symbol a("a"), b("b");
                l = add(Let::make(a, l, add(var(a), l)), Let::make(b, index(i), add(var(b), l)));
            }
            CHECK(print(l).size() < 20000);
            CHECK(equal(fresh_copy(l), l));
            CHECK(structural_hash(fresh_copy(l)) == structural_hash(l));
            CHECK(free_variables(l) == std::set{x});
        }
    }

    TEST_CASE("the deepest expressions and statements that make accepts pass every traversal") {
        const Symbol x("x"), y("y");
        Expr right = var(x), left = var(x), let = var(x);
        for (unsigned i = 0; i < ExprNode::max_depth; ++i) {
            const Symbol t("t");
            right = add(var(x), right);
            left = op(Op::sub, left, var(y));
            let = i % 2 ? Let::make(t, var(x), let) : add(var(x), let);
        }
        for (const Expr& e : {right, left, let}) {
            const Expr r = substitute(e, {{x, var(y)}});
            CHECK(count_nodes(r) > int(ExprNode::max_depth));
            CHECK(!equal(r, e));
            CHECK(equal(r, substitute(r, {{y, var(y)}})));
            CHECK(structural_hash(r) != structural_hash(e));
            CHECK(equal(fresh_copy(r), r));
            const std::string text = print(r);
            CHECK(text.find("let t0 = ") != std::string::npos);
            CHECK(text.size() < 30 * ExprNode::max_depth);
            Stmt s = Store::make(Symbol("S"), Int(8), {e}, literal(0));
            for (unsigned i = 0; i < StmtNode::max_depth; ++i)
                s = If::make(less(var(x), var(y)), s);
            CHECK(equal(fresh_copy(s), s));
            CHECK(free_variables(substitute(s, {{x, index(0)}})) == std::set{y});
            CHECK(print(s).size() > 1000);
        }
    }

    TEST_CASE("fresh_copy renames what is bound and only that") {
        const Symbol i("i"), t("t"), l("l"), S("S"), T("T"), n("n");
        const Expr value = Let::make(l, Load::make(T, Int(8), {var(t)}),
                                     add(var(l, Int(8)), Load::make(S, Int(8), {var(i)})));
        const Stmt s = Allocate::make(
            tensor(S, Int(8), {var(n)}),
            Stage::make(S, 0,
                        loop(i, var(n),
                             LetStmt::make(
                                 t, var(i),
                                 Block::make({Store::make(S, Int(8), {var(t)}, value),
                                              Reduce::make(Op::add, {S, Int(8), {var(i)}, literal(1)})})))));
        std::map<Symbol, Symbol> renamed;
        const Stmt copy = fresh_copy(s, &renamed);
        CHECK(renamed.size() == 4);
        for (const Symbol& bound : {i, t, l, S}) {
            REQUIRE(renamed.count(bound));
            CHECK(renamed[bound] != bound);
            CHECK(renamed[bound].name() == bound.name());
        }
        CHECK(print(copy) == print(s));
        CHECK(equal(copy, s));
        CHECK(free_variables(copy) == std::set{n});
        CHECK(tensors_read(copy) == std::set{T, renamed[S]});
        CHECK(tensors_written(copy) == std::set{renamed[S]});
        CHECK(copy.as<Allocate>()->tensors[0].symbol == renamed[S]);
        CHECK(copy.as<Allocate>()->body.as<Stage>()->func == renamed[S]);
        CHECK(fresh_copy(value).as<Let>()->symbol != l);
        CHECK(fresh_copy(add(var(n), var(n))).kind() == ExprKind::binary);
    }

    TEST_CASE("a mutator rebuilds what changes and keeps the rest") {
        struct Increment : Mutator {
            int constants = 0;

          protected:
            using Mutator::mutate;
            Expr mutate(const Expr& e) override {
                const auto* c = e.as<Constant>();
                if (!c || !c->type.is_index()) return Mutator::mutate(e);
                ++constants;
                return index(mpz_class(c->value.raw() + 1));
            }
        };
        const Symbol i("i"), t("t"), q("q"), S("S"), T("T"), n("n");
        const Expr one = index(1);
        const Stmt kept = Assert::make(less(var(n), var(q)), "m");
        const Stmt s = Block::make({
            kept,
            Stage::make(S, 3, For::make(i, one, add(one, var(n)), LoopKind::unrolled(), kept, Loc{"f", 4})),
            If::make(less(var(n), one), Assert::make(less(one, var(n)), "big"), LetStmt::make(t, one, kept)),
            Allocate::make(tensor(T, Int(8), {one}, MemorySpace::stack()),
                           Store::make(T, Int(8), {one}, literal(1), {}, less(one, var(n)))),
            Reduce::make(Op::add, {S, Float(32), {one}, mul(real("2"), var(n, Float(32)))}, {},
                         less(var(n), one), true),
        });
        Increment m;
        const Stmt r = m(s);
        CHECK(m.constants == 2); // `one` and the first subscript of T's dimension
        CHECK(print(r) == R"(assert n < q, "m"
# S.update(2)
for i in unrolled(2, 2 + n + 2):
    assert n < q, "m"
if n < 2:
    assert 2 < n, "big"
else:
    let t = 2
    assert n < q, "m"
with alloc(T: Tensor[Int(8), (2)] at (1), stack):
    T[2 where 2 < n] = 1
S[2 where n < 2] += 2.0 * n  # fma
)");
        CHECK(r.as<Block>()->stmts[0].same_as(kept));
        CHECK(r.as<Block>()->stmts[1].as<Stage>()->body.loc().line == 4);
        CHECK(!Increment()(Stmt()).defined());
    }

    TEST_CASE("forget lets an answer depend on the place") {
        /// Replaces x by the extent of the loop around it.
        struct Extent : Mutator {
            Symbol x;
            Expr extent = index(0);
            explicit Extent(Symbol s) : x(std::move(s)) {}

          protected:
            Expr mutate(const Expr& e) override {
                const auto* v = e.as<Variable>();
                return v && v->symbol == x ? extent : Mutator::mutate(e);
            }
            Stmt mutate(const Stmt& s) override {
                if (const auto* f = s.as<For>()) {
                    extent = f->extent;
                    forget();
                }
                return Mutator::mutate(s);
            }
        };
        const Symbol x("x"), S("S");
        const Stmt store = Store::make(S, Int(8), {var(x)}, literal(0));
        const Stmt both =
            Block::make({loop(Symbol("i"), index(2), store), loop(Symbol("i"), index(3), store)});
        CHECK(print(Extent(x)(both)) ==
              "for i in range(2):\n    S[2] = 0\nfor i in range(3):\n    S[3] = 0\n");
    }

    TEST_CASE("allocations directly in each other are one, unless one's size reads the other") {
        const Symbol A("A"), B("B"), C("C"), n("n");
        const Stmt use = Store::make(A, Int(8), {index(0)}, literal(1));
        const Stmt two =
            Allocate::make(tensor(A, Int(8), {index(4)}),
                           Allocate::make(tensor(B, Int(8), {var(n)}, MemorySpace::stack()), use));
        CHECK(equal(two, Allocate::make({tensor(A, Int(8), {index(4)}),
                                         tensor(B, Int(8), {var(n)}, MemorySpace::stack())},
                                        use)));
        const auto& both = *two.as<Allocate>();
        REQUIRE(both.tensors.size() == 2);
        CHECK(both.body.same_as(use));
        CHECK(both.find(B) == &both.tensors[1]);
        CHECK(both.find(C) == nullptr);
        CHECK(both.around(use).as<Allocate>()->tensors.size() == 2);
        CHECK(both.around(two).as<Allocate>()->tensors.size() == 4);
        const Expr size = Cast::make(IndexType(), Load::make(B, Int(8), {index(0)}));
        const Stmt apart = both.around(Allocate::make(tensor(C, Int(8), {size}), use));
        REQUIRE(apart.as<Allocate>()->tensors.size() == 2);
        CHECK(apart.as<Allocate>()->body.as<Allocate>()->find(C));
        CHECK(Allocate::make(std::vector<Tensor>(), use).same_as(use));
    }

    TEST_CASE("random substitutions agree with substituting in the text") {
        std::mt19937 random(7);
        const Symbol x("x"), y("y");
        for (int round = 0; round < 200; ++round) {
            std::vector<Expr> made = {var(x), var(y), index(3)}, wanted = {var(y), var(y), index(3)};
            for (int n = 0; n < 20; ++n) {
                const Op o = std::vector{Op::add, Op::mul, Op::min, Op::floordiv}[random() % 4];
                const size_t a = random() % made.size(), b = random() % made.size();
                made.push_back(op(o, made[a], made[b]));
                wanted.push_back(op(o, wanted[a], wanted[b]));
            }
            const Expr result = substitute(made.back(), {{x, var(y)}});
            CHECK(equal(result, wanted.back()));
            CHECK(structural_hash(result) == structural_hash(wanted.back()));
            CHECK(equal(result, made.back()) == !uses(made.back(), x));
        }
    }
}
