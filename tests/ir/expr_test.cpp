#include "ir_build.h"

#include <doctest/doctest.h>
#include <set>
#include <thread>

using namespace lathe;
using namespace lathe::ir;
using namespace build;
using Op = BinaryOp;

namespace {

/// The message of the Error that `f` throws at line 7.
template <class F> std::string refusal(F f) {
    try {
        f();
    } catch (const InternalError& e) {
        return std::string("INTERNAL ") + e.what();
    } catch (const Error& e) {
        CHECK(e.loc().line == 7);
        return e.message();
    }
    return "accepted";
}

constexpr Loc here{"user.cpp", 7};

} // namespace

TEST_SUITE("expr") {

    TEST_CASE("symbols are identities") {
        const Symbol a("x"), b("x"), none;
        CHECK(a != b);
        CHECK(a.name() == b.name());
        CHECK(a.renamed("y") == a);
        CHECK(a.renamed("y").name() == "y");
        CHECK(!none);
        CHECK(none.name().empty());
        CHECK(bool(a));
    }

    TEST_CASE("an untyped literal takes its type from the other operand, and stays as it stands") {
        const Symbol x("x");
        const Expr half = real("1/2"), f16 = var(x, Float(16)), i8 = var(x, Int(8));
        CHECK(mul(f16, half).type() == Float(16));
        CHECK(mul(half, f16).type() == Float(16));
        CHECK(mul(f16, half).as<Binary>()->b.same_as(half));
        CHECK(mul(var(x, Fixed(8, 4)), half).type() ==
              result_type(Op::mul, Fixed(8, 4), type_literal(half.as<Constant>()->value, Fixed(8, 4)).type(),
                          {}));
        CHECK(less(i8, half).type() == Bool());
        CHECK(Select::make(less(i8, i8), f16, half).type() == Float(16));
        CHECK(Select::make(less(i8, i8), half, half).type() == Float(32));
        SUBCASE("two of them fold") {
            const Expr sum = add(half, real("1/3"));
            REQUIRE(sum.as<Constant>());
            CHECK(sum.as<Constant>()->value == Value::real(mpq_class("5/6")));
            CHECK(less(half, real("1/3")).as<Constant>()->value == Value::boolean(false));
            CHECK(Unary::make(UnaryOp::neg, half).as<Constant>()->value == Value::real(mpq_class("-1/2")));
        }
        SUBCASE("nothing else folds") {
            CHECK(add(literal(1), literal(2)).kind() == ExprKind::binary);
            CHECK(add(index(1), index(0)).kind() == ExprKind::binary);
        }
        SUBCASE("alone or in a float function it is a Float(32)") {
            CHECK(Unary::make(UnaryOp::sqrt, half).type() == Float(32));
            CHECK(Call::make("exp", {half}).type() == Float(32));
            CHECK(Call::make("pow", {half, f16}).type() == Float(16));
        }
        SUBCASE("beside a vector it is typed at once") {
            const Expr v = mul(Broadcast::make(f16, 4), half);
            CHECK(v.type() == Float(16).with_lanes(4));
            CHECK(v.as<Binary>()->b.type() == v.type());
            CHECK(mul(Broadcast::make(f16, 4), Broadcast::make(half, 4)).as<Binary>()->b.type() == v.type());
        }
    }

    TEST_CASE("types of the other nodes") {
        const Symbol x("x"), A("A");
        const Expr i8 = var(x, Int(8)), i = var(Symbol("i"));
        CHECK(Load::make(A, Int(8), {i, Ramp::make(i, index(1), 4)}).type() == Int(8).with_lanes(4));
        CHECK(Cast::make(Int(4), Broadcast::make(i8, 4)).type() == Int(4).with_lanes(4));
        CHECK(Call::make("popcount", {i8}).type() == UInt(4));
        CHECK(Call::make("reverse", {i8}).type() == UInt(8));
        CHECK(Call::make("concat", {i8, var(x, UInt(3))}).type() == UInt(11));
        CHECK(Call::make("with_slice", {i8, literal(1), literal(3), index(0)}).type() == Int(8));
        CHECK(Ramp::make(i, index(1), 1).same_as(i));
        CHECK(Broadcast::make(i8, 1).same_as(i8));
        CHECK(VectorReduce::make(Op::max, Broadcast::make(i8, 4)).type() == Int(8));
        CHECK(Binary::make_as(Int(8), Op::add, i8, i8).type() == Int(8));
        CHECK(Cast::make(IndexType(), i8).type() == IndexType());
        // The types of calls are those of the values that they give.
        const Value v = Value::from_raw(Int(8), -3);
        CHECK(popcount(v).type() == UInt(4));
        CHECK(reverse_bits(v).type() == UInt(8));
        CHECK(concat(v, Value::from_raw(UInt(3), 1)).type() == UInt(11));
        CHECK(with_slice(v, 3, 0, v).type() == Int(8));
    }

    TEST_CASE("what a user can get wrong is an Error at the line") {
        const Symbol x("x"), A("A");
        const Expr i8 = var(x, Int(8)), i = var(Symbol("i")), f = var(x, Float(32)), p = var(x, Bool());
        const auto call = [&](const char* name, std::vector<Expr> a) {
            return refusal([&] { Call::make(name, a, here); });
        };
        CHECK(refusal([&] { Load::make(A, Int(8), {i, f}, here); }) ==
              "subscript 2 of A is Float(32): a subscript is an integer; cast it to Index");
        CHECK(refusal([&] { Load::make(A, Int(8), {i}, here, i8); }) ==
              "the predicate of an access to A is Int(8): it must be a Bool; compare with 0");
        CHECK(refusal([&] { Select::make(i8, i8, i8, here); }) ==
              "the condition of a select is Int(8): it must be a Bool; compare with 0");
        CHECK(refusal([&] {
                  Binary::make(Op::add, i, i8, here);
              }).starts_with("Index + Int(8): a subscript mixes"));
        CHECK(refusal([&] { Binary::make(Op::mul, i, real("1/2"), here); }).starts_with("Index * Real: "));
        CHECK(refusal([&] { Binary::make(Op::mod, f, real("1/2"), here); }).starts_with("Float(32) % Real"));
        CHECK(refusal([&] { Cast::make(Float(32), i, here); }) ==
              "a subscript cannot become Float(32): cast it to Int(32) first");
        CHECK(refusal([&] { Cast::make(IndexType(), f, here); }) ==
              "Float(32) cannot become a subscript: cast it to Int(32) first");
        CHECK(
            refusal([&] { Bitcast::make(Float(32), i8, here); }) ==
            "bitcast from Int(8) to Float(32): the widths 8 and 32 differ; cast to a type of 32 bits first");
        CHECK(refusal([&] { Bitcast::make(Int(64), i, here); }) ==
              "bitcast: Index has no bits; cast it to a sized type first");
        CHECK(refusal([&] { Fma::make(f, f, i8, here); }) ==
              "fma of Float(32), Float(32) and Int(8): all three must be of one float type; cast them to it");
        CHECK(refusal([&] { Slice::make(i8, 8, 0, here); }).starts_with("bits (8, 0) of Int(8): "));
        CHECK(call("sinh", {f}).starts_with("there is no function sinh: the functions are exp, "));
        CHECK(call("exp", {f, f}) == "exp takes 1 argument, not 2");
        CHECK(call("pow", {f}) == "pow takes 2 arguments, not 1");
        CHECK(call("exp", {i8}) == "exp of Int(8): it is defined on floats; cast to Float(32)");
        CHECK(call("pow", {f, i8}) ==
              "pow of Float(32) and Int(8): it is defined on floats of one type; cast to Float(32)");
        CHECK(
            call("popcount", {f}) ==
            "popcount of Float(32): it is defined on Bool, integers and fixed point; bitcast to UInt first");
        CHECK(call("concat", {var(x, Int(4096)), i8}) ==
              "concat of Int(4096) and Int(8) would have 4104 bits, and 4096 is the most: slice an operand "
              "first");
        CHECK(call("with_slice", {i8, i8, i8, literal(0)}) ==
              "with_slice: bit positions must be constants in range");
        CHECK(call("with_slice", {i8, i8, literal(9), literal(0)}).starts_with("bits (9, 0) of Int(8): "));
    }

    TEST_CASE("what only a compiler pass can get wrong is an InternalError") {
        const Symbol x("x"), A("A"), none;
        const Expr i8 = var(x, Int(8)), i = var(Symbol("i")), p = var(x, Bool()), v4 = Broadcast::make(i8, 4);
        CHECK_THROWS_AS(Binary::make(Op::add, i8, {}), InternalError);
        CHECK_THROWS_AS(Variable::make(none, Int(8)), InternalError);
        CHECK_THROWS_AS(Variable::make(x, RealType()), InternalError);
        CHECK_THROWS_AS(Load::make(none, Int(8), {}), InternalError);
        CHECK_THROWS_AS(Load::make(A, IndexType(), {}), InternalError);
        CHECK_THROWS_AS(Load::make(A, Int(8), {Ramp::make(i, i, 4), Ramp::make(i, i, 8)}), InternalError);
        CHECK_THROWS_AS(Load::make(A, Int(8), {Ramp::make(i, i, 4)}, {}, p), InternalError);
        CHECK_THROWS_AS(Binary::make_as(Float(32), Op::add, i8, i8), InternalError);
        CHECK_THROWS_AS(Binary::make_as(Int(8), Op::lt, i8, i8), InternalError);
        CHECK_THROWS_AS(Binary::make_as(Int(8), Op::add, i8, v4), InternalError);
        CHECK_THROWS_AS(Select::make(Broadcast::make(p, 2), v4, v4), InternalError);
        CHECK_THROWS_AS(Cast::make(RealType(), i8), InternalError);
        CHECK_THROWS_AS(Let::make(x, real("1/2"), i8), InternalError);
        CHECK_THROWS_AS(Let::make(x, i8, real("1/2")), InternalError);
        CHECK_THROWS_AS(Let::make(none, i8, i8), InternalError);
        CHECK_THROWS_AS(Ramp::make(i8, i, 4), InternalError);
        CHECK_THROWS_AS(Ramp::make(i, i, 0), InternalError);
        CHECK_THROWS_AS(Broadcast::make(v4, 2), InternalError);
        CHECK_THROWS_AS(Broadcast::make(i8, 0), InternalError);
        CHECK_THROWS_AS(VectorReduce::make(Op::sub, v4), InternalError);
        CHECK_THROWS_AS(VectorReduce::make(Op::add, real("1/2")), InternalError);
    }

    TEST_CASE("nesting is bounded, with an Error that says what to do") {
        const Symbol x("x");
        Expr e = var(x);
        for (unsigned i = 0; i < ExprNode::max_depth; ++i)
            e = add(e, var(x));
        CHECK(e->depth == ExprNode::max_depth);
        CHECK(refusal([&] { Binary::make(Op::add, e, e, here); }) ==
              "the expression is nested more than 2000 levels deep: name a part of it (a Func or a let), or "
              "combine its "
              "terms in pairs");
        Stmt s = Store::make(Symbol("S"), Int(8), {}, literal(0));
        for (unsigned i = 0; i < StmtNode::max_depth; ++i)
            s = loop(Symbol("i"), index(2), s);
        CHECK(refusal([&] { If::make(less(var(x), var(x)), s, {}, here); }) ==
              "the statement is nested more than 1000 levels deep: use fewer nested conditions and lets");
    }

    TEST_CASE("Index helpers fold") {
        const Expr i = var(Symbol("i")), j = var(Symbol("j")), v = Broadcast::make(i, 4);
        const auto is = [](const Expr& e, int64_t value) { CHECK(as_int(e) == value); };
        CHECK(iadd(i, index(0)).same_as(i));
        CHECK(iadd(index(0), i).same_as(i));
        is(iadd(index(2), index(3)), 5);
        CHECK(iadd(iadd(i, index(2)), index(-2)).same_as(i));
        CHECK(as_int(iadd(iadd(i, index(2)), index(3)).as<Binary>()->b) == 5);
        CHECK(iadd(add(index(1), i), index(0)).kind() == ExprKind::binary);
        CHECK(iadd(op(Op::sub, i, index(2)), index(2)).same_as(i));
        is(isub(i, i), 0);
        CHECK(isub(iadd(i, index(2)), index(2)).same_as(i));
        CHECK(isub(i, j).as<Binary>()->op == Op::sub);
        CHECK(imul(i, index(1)).same_as(i));
        CHECK(imul(index(1), i).same_as(i));
        is(imul(i, index(0)), 0);
        is(imul(index(0), i), 0);
        is(imul(index(3), index(-4)), -12);
        CHECK(ifloordiv(i, index(1)).same_as(i));
        is(ifloordiv(index(-7), index(2)), -4);
        is(ifloordiv(index(7), index(0)), 0);
        is(ifloordiv(index(0), i), 0);
        is(ifloormod(index(-7), index(2)), 1);
        is(ifloormod(index(7), index(0)), 7);
        is(ifloormod(i, index(1)), 0);
        is(imin(index(3), index(2)), 2);
        is(imax(index(3), index(2)), 3);
        CHECK(imin(i, i).same_as(i));
        CHECK(imax(i, i).same_as(i));
        CHECK(imin(i, j).kind() == ExprKind::binary);
        CHECK(imul(v, Broadcast::make(index(0), 4)).type().lanes() == 4);
        CHECK(isub(v, v).type().lanes() == 4);
        const mpz_class big("100000000000000000000");
        CHECK(iadd(index(big), index(1)).as<Constant>()->value.raw() == big + 1);
        CHECK(!as_int(index(big)));
        CHECK(as_int(constant(Int(8), -3)) == -3);
        CHECK(!as_int(Constant::make(Value::boolean(true))));
        CHECK(!as_int(i));
        CHECK(!as_int({}));
    }

    TEST_CASE("both") {
        const Expr i = var(Symbol("i")), p = less(i, index(3)), t = true, f = false;
        CHECK(both(p, {}).same_as(p));
        CHECK(both({}, p).same_as(p));
        CHECK(!both({}, {}).defined());
        CHECK(both(p, t).same_as(p));
        CHECK(both(t, p).same_as(p));
        CHECK(both(p, p).same_as(p));
        CHECK(is_const_true(both(t, t)));
        CHECK(is_const_false(both(p, f)));
        CHECK(is_const_false(both(f, p)));
        CHECK(both(p, less(i, index(2))).as<Binary>()->op == Op::logical_and);
        CHECK(is_const_true(Broadcast::make(t, 4)));
        CHECK(!is_const_true(constant(Int(8), 1)));
        CHECK(!is_const_false({}));
    }

    TEST_CASE("statements check their parts") {
        const Symbol A("A"), none, i("i");
        const Expr i8 = var(Symbol("x"), Int(8)), f = var(Symbol("x"), Float(32)), vi = var(i);
        const Stmt store = Store::make(A, Int(8), {vi}, i8);
        CHECK(refusal([&] { For::make(i, index(0), f, {}, store, here); }) ==
              "a loop's extent is Float(32): it must be an integer; cast it to Index");
        CHECK(refusal([&] { For::make(i, i8, index(1), {}, store, here); }) ==
              "a loop's first value is Int(8): it must be an integer; cast it to Index");
        CHECK(refusal([&] { If::make(i8, store, {}, here); }) ==
              "the condition of an if is Int(8): it must be a Bool; compare with 0");
        CHECK(refusal([&] { Assert::make(f, "", here); }) ==
              "the condition of an assertion is Float(32): it must be a Bool; compare with 0");
        CHECK(refusal([&] { Store::make(A, Int(8), {i8}, i8, here); }) ==
              "subscript 1 of A is Int(8): a subscript is an integer; cast it to Index");
        CHECK(refusal([&] { Store::make(A, Int(8), {vi}, vi, here); }) ==
              "a subscript cannot be stored in A: cast it to Int(32) first");
        CHECK(refusal([&] {
                  Reduce::make(Op::mod, {A, Float(32), {vi}, f}, here);
              }).starts_with("Float(32) % Float(32)"));
        Tensor shapeless = tensor(A, Int(8), {f});
        shapeless.loc = here;
        CHECK(refusal([&] { Allocate::make(shapeless, {}); }) ==
              "a tensor's extent is Float(32): it must be an integer; cast it to Index");
        CHECK_THROWS_AS(For::make(none, index(0), index(1), {}, store), InternalError);
        CHECK_THROWS_AS(For::make(i, {}, index(1), {}, store), InternalError);
        CHECK_THROWS_AS(If::make(Broadcast::make(less(vi, vi), 2), store), InternalError);
        CHECK_THROWS_AS(LetStmt::make(i, real("1/2"), store), InternalError);
        CHECK_THROWS_AS(Store::make({}), InternalError);
        CHECK_THROWS_AS(Store::make(A, IndexType(), {vi}, i8), InternalError);
        CHECK_THROWS_AS(Store::make(A, Int(8), {vi}, Broadcast::make(i8, 4)), InternalError);
        CHECK_THROWS_AS(Reduce::make(Op::lt, {A, Bool(), {vi}, true}), InternalError);
        CHECK_THROWS_AS(Allocate::make(tensor(A, Int(8).with_lanes(4), {}), {}), InternalError);
        CHECK_THROWS_AS(Stage::make(A, -1, {}), InternalError);
    }

    TEST_CASE("a block is flat") {
        const Stmt a = Store::make(Symbol("A"), Int(8), {}, literal(0)),
                   b = Store::make(Symbol("B"), Int(8), {}, literal(0));
        CHECK(!Block::make({{}, {}}).defined());
        CHECK(Block::make({{}, a}).same_as(a));
        const Stmt all = Block::make({Block::make({a, b}), {}, Block::make({a, Block::make({b, a})})});
        CHECK(all.as<Block>()->stmts.size() == 5);
        CHECK(all->depth == 1);
    }

    TEST_CASE("an update knows whether it commutes and whether it contracts") {
        const Symbol A("A"), x("x");
        const auto reduce = [&](Op o, Type t, Expr value, bool contract = false) {
            return Reduce::make(o, {A, t, {}, value}, {}, {}, contract);
        };
        const Expr i8 = var(x, Int(8)), f = var(x, Float(32));
        CHECK(reduce(Op::add, Int(32), i8).as<Reduce>()->commutes);
        CHECK(!reduce(Op::add, Float(32), f).as<Reduce>()->commutes);
        CHECK(!reduce(Op::add, Fixed(8, 0, Round::trn, Overflow::sat), i8).as<Reduce>()->commutes);
        CHECK(reduce(Op::max, Float(32), f).as<Reduce>()->commutes ==
              commutes(Op::max, Float(32), Float(32)));
        CHECK(reduce(Op::add, Fixed(8, 4), real("1/2")).as<Reduce>()->commutes);
        CHECK(reduce(Op::add, Float(32), mul(f, f), true).as<Reduce>()->contract);
        CHECK(!reduce(Op::add, Float(32), mul(f, f)).as<Reduce>()->contract);
        CHECK(!reduce(Op::add, Float(32), f, true).as<Reduce>()->contract);
        CHECK(!reduce(Op::add, Int(32), mul(i8, i8), true).as<Reduce>()->contract);
    }
}

TEST_SUITE("threads") {

    TEST_CASE("symbols made by several threads are distinct") {
        std::vector<std::vector<Symbol>> made(4);
        std::vector<std::thread> threads;
        for (auto& mine : made)
            threads.emplace_back([&mine] {
                for (int n = 0; n < 1000; ++n)
                    mine.emplace_back("x");
            });
        for (std::thread& t : threads)
            t.join();
        std::set<Symbol> all;
        for (const auto& mine : made)
            all.insert(mine.begin(), mine.end());
        CHECK(all.size() == 4000);
    }
}
