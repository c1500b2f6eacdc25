#include "ir_build.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace build;
using Op = BinaryOp;

namespace {

const Type i8 = Int(8);

/// A function of M and x with an input A[M, 4], an output B[M] and a constant W[3], in which one body is
/// tried.
struct Program {
    Symbol M{"M"}, x{"x"}, A{"A"}, B{"B"}, W{"W"}, i{"i"}, t{"t"};
    Module module;

    Program() {
        Tensor weights = tensor(W, i8, {index(3)});
        weights.data = std::make_shared<std::vector<Value>>(3, Value::from_raw(i8, 5));
        module.functions = {
            {"f",
             {{M, IndexType(), {}}, {x, i8, {}}},
             {{tensor(A, i8, {var(M), index(4)}), Direction::in}, {tensor(B, i8, {var(M)}), Direction::out}},
             {weights},
             {}}};
    }
    /// The fault that the verifier finds in `body`, or "".
    std::string fault(Stmt body) {
        module.top().body = std::move(body);
        return fault();
    }
    std::string fault() const {
        try {
            verify(module);
        } catch (const InternalError& e) {
            const std::string text = e.message(), mark = "internal error: verify: ";
            CHECK(text.starts_with(mark));
            return text.substr(mark.size());
        }
        return "";
    }
    /// The fault in an expression of any type, without the statement.
    std::string fault(const Expr& e) {
        const Stmt s = e.type() == IndexType() ? For::make(i, index(0), e, {}, {}) : LetStmt::make(t, e, {});
        const std::string text = fault(s);
        return text.substr(0, text.find(", in\n"));
    }
    Stmt store(Expr at, Expr value = literal(1)) const {
        return Store::make(B, i8, {std::move(at)}, std::move(value));
    }
    Expr load(Expr at, Expr column = index(0)) const {
        return Load::make(A, i8, {std::move(at), std::move(column)});
    }
};

template <class T, class... Args> Expr node(Args... args) {
    return Expr(std::make_shared<const T>(args...));
}
template <class T, class... Args> Stmt statement(Args... args) {
    return Stmt(std::make_shared<const T>(args...));
}

} // namespace

TEST_SUITE("verify") {

    TEST_CASE("good modules pass") {
        CHECK_NOTHROW(verify(gemm()));
        Program p;
        CHECK(p.fault(Stmt()) == "");
        const Symbol S("S"), l("l");
        const Expr shared = Let::make(l, p.load(var(p.i)), mul(var(l, i8), var(l, i8)));
        const Stmt body =
            Block::make({Store::make(S, i8, {index(1)}, add(shared, shared)),
                         p.store(var(p.i), Load::make(S, i8, {index(1)})), p.store(var(p.M), shared)});
        CHECK(p.fault(loop(p.i, var(p.M),
                           Allocate::make(tensor(S, i8, {index(2)}), LetStmt::make(p.t, var(p.i), body)))) ==
              "");
        CHECK(p.fault(p.store(index(0), real("1/2"))) == "");
        CHECK(p.fault(p.store(index(0), Binary::make_as(Int(4), Op::mul, var(p.x, i8), literal(2)))) == "");
        CHECK(p.fault(p.store(index(0), mul(Load::make(p.W, i8, {index(2)}), real("1/2")))) == "");
    }

    TEST_CASE("the fault is told with its statement") {
        Program p;
        const std::string text = p.fault(loop(p.i, var(p.M), p.store(var(p.t))));
        CHECK(text == "the variable t is not in scope, in\nB[t] = 1\n");
        Stmt big = p.store(var(p.M));
        for (int n = 0; n < 20; ++n)
            big = Block::make({big, p.store(var(p.M))});
        CHECK(p.fault(For::make(p.i, index(0), var(p.t), {}, big)).ends_with("    B[M] = 1\n...\n"));
        p.module.functions.clear();
        CHECK(p.fault() == "the module has no function, in\nfunction ");
    }

    TEST_CASE("definitions") {
        Program p;
        const Stmt store = p.store(index(0));
        const auto starts = [](const std::string& s, const char* with) {
            CHECK_MESSAGE(s.starts_with(with), s);
        };
        starts(p.fault(Block::make({loop(p.i, index(2), store), loop(p.i, index(2), store)})),
               "i is defined twice");
        starts(p.fault(loop(p.M, index(2), store)), "M is defined twice");
        starts(p.fault(LetStmt::make(p.x, index(2), store)), "x is defined twice");
        starts(p.fault(Allocate::make(tensor(p.A, i8, {}), store)), "A is defined twice");
        const Expr one = Let::make(p.t, index(1), var(p.t)), two = Let::make(p.t, index(2), var(p.t));
        starts(p.fault(Block::make({p.store(one), p.store(two)})), "t is defined twice");
        starts(p.fault(loop(p.t, index(2), p.store(one))), "t is defined twice");
        starts(p.fault(statement<For>(Symbol(), index(0), index(1), LoopKind(), store, Loc())),
               "a loop has no variable");
        Program same = p;
        same.module.functions.push_back(same.module.top());
        starts(same.fault(store), "two functions are called f");
        same.module.functions[1].name = "g";
        starts(same.fault(store), "M is defined twice");
        same.module.functions[1].name = "";
        starts(same.fault(store), "a function has no name");
    }

    TEST_CASE("what a call passes") {
        const Symbol to("to"), n("n"), C("C"), D("D");
        Program p;
        p.module.functions.push_back(
            {"g", {{n, IndexType(), {}}}, {{tensor(to, i8, {var(n)}), Direction::in}}, {}, {}});
        Tensor turned = tensor(C, i8, {index(4)});
        turned.layout.pack = 4;
        const auto call = [&](const Symbol& t, std::vector<Expr> values, Direction d = Direction::in) {
            const TensorView v{t, {{index(0), index(4), 1, true}}, d, true};
            const Stmt s = CallStmt::make("g", {v}, std::move(values), {});
            const Stmt all = Allocate::make(turned, Allocate::make(tensor(D, Int(9), {index(4)}), s));
            const std::string text = p.fault(all);
            return text.substr(0, text.find(", in\n"));
        };
        CHECK(call(C, {index(4)}) == "");
        CHECK(call(D, {index(4)}) ==
              "g takes a tensor of Int(8) with 1 dimensions for to, and D is of Int(9) with 1");
        CHECK(call(C, {}) == "a call of g passes another number of arguments");
        CHECK(call(C, {var(p.x, i8)}) == "g takes Index for n, not Int(8)");
        CHECK(call(C, {index(4)}, Direction::inout) ==
              "C is passed to g in another direction than it has there");
        p.module.functions[1].arguments[0].tensor.layout.pack = 2;
        CHECK(call(C, {index(4)}) == "g takes to with the layout pack 2, and C has the layout pack 4");
        turned.layout = {};
        CHECK(call(C, {index(4)}) == "g takes to with the layout pack 2, and C has a plain layout");
        p.module.functions[1].body = CallStmt::make("f", {}, {}, {});
        p.module.top().body = {};
        CHECK(p.fault().starts_with("f calls itself, or stands behind g"));
        p.module.functions[1].body = CallStmt::make("g", {}, {}, {});
        CHECK(p.fault().starts_with("g calls itself, or stands behind g"));
    }

    TEST_CASE("parameters, arguments and constants") {
        const auto fault = [](auto change) {
            Program p;
            change(p.module.top());
            const std::string text = p.fault();
            return text.substr(0, text.find(", in\n"));
        };
        CHECK(fault([](Function& f) { f.params[1].type = RealType(); }) == "parameter x is Real");
        CHECK(fault([](Function& f) { f.params[1].symbol = Symbol(); }) == "a definition has no symbol");
        CHECK(fault([](Function& f) { std::swap(f.arguments[0], f.arguments[1]); }) ==
              "the input A stands behind an output");
        CHECK(fault([](Function& f) { f.arguments[0].tensor.type = IndexType(); }) ==
              "tensor A: memory holds scalars of sized types only");
        CHECK(fault([](Function& f) { f.arguments[0].tensor.dims[1].extent = var(Symbol("N")); }) ==
              "the variable N is not in scope");
        CHECK(fault([](Function& f) { f.arguments[0].tensor.dims[1].min = {}; }) ==
              "tensor A: a bound is undefined");
        CHECK(fault([](Function& f) { f.constants[0].data = nullptr; }) ==
              "the constant tensor W has no data");
        CHECK(fault([](Function& f) { f.constants[0].dims[0].extent = index(4); }) ==
              "the constant tensor W has 3 elements, not 4");
        CHECK(fault([](Function& f) { f.constants[0].dims[0].extent = var(f.params[0].symbol); }) ==
              "the constant tensor W has a shape that is not constant");
        CHECK(fault([](Function& f) { f.constants[0].type = UInt(8); }) ==
              "an element of the constant tensor W is Int(8), not UInt(8)");
    }

    TEST_CASE("scope") {
        Program p;
        const Symbol S("S"), l("l");
        const auto first = [&](const Stmt& s) {
            const std::string text = p.fault(s);
            return text.substr(0, text.find(", in\n"));
        };
        CHECK(first(Block::make({loop(p.i, index(2), {}), p.store(var(p.i))})) ==
              "the variable i is not in scope");
        CHECK(first(For::make(p.i, index(0), var(p.i), {}, {})) == "the variable i is not in scope");
        CHECK(first(Block::make({LetStmt::make(p.t, index(2), {}), p.store(var(p.t))})) ==
              "the variable t is not in scope");
        CHECK(first(Block::make({Allocate::make(tensor(S, i8, {}), {}),
                                 Store::make(S, i8, {}, literal(1))})) == "the tensor S is not in scope");
        CHECK(first(p.store(var(p.A))) == "the variable A is not in scope");
        CHECK(first(p.store(var(p.x))) == "the variable x is Int(8) and is used as Index");
        CHECK(first(Allocate::make(tensor(S, i8, {Cast::make(IndexType(), Load::make(S, i8, {}))}), {})) ==
              "the tensor S is not in scope");
        // A let's variable outside of its body: beside it, in its own value, and by a node that is shared
        // with the body.
        const Expr shared = add(var(l), index(1));
        CHECK(p.fault(add(Let::make(l, index(1), shared), index(0))) == "");
        CHECK(p.fault(add(Let::make(l, index(1), shared), shared)) == "the variable l is not in scope");
        CHECK(p.fault(Let::make(l, shared, shared)) == "the variable l is not in scope");
        CHECK(p.fault(Let::make(l, index(1), var(l, i8))) == "the variable l is Index and is used as Int(8)");
    }

    TEST_CASE("accesses") {
        Program p;
        const auto first = [&](const Stmt& s) {
            const std::string text = p.fault(s);
            return text.substr(0, text.find(", in\n"));
        };
        CHECK(first(p.store(index(0), Load::make(p.A, i8, {index(0)}))) ==
              "A has 2 dimensions and 1 subscripts");
        CHECK(first(Store::make(p.B, i8, {}, literal(1))) == "B has 1 dimensions and 0 subscripts");
        CHECK(first(p.store(index(0), Load::make(p.B, UInt(8), {index(0)}))) ==
              "B holds Int(8) and is accessed as UInt(8)");
        CHECK(first(Reduce::make(Op::add, {p.B, Int(9), {index(0)}, literal(1)})) ==
              "B holds Int(8) and is accessed as Int(9)");
        CHECK(first(Store::make(p.A, i8, {index(0), index(0)}, literal(1))) ==
              "A is read-only and is written");
        CHECK(first(Reduce::make(Op::add, {p.W, i8, {index(0)}, literal(1)})) ==
              "W is read-only and is written");
    }

    TEST_CASE("constant subscripts") {
        Program p;
        const auto out = [&](const Stmt& s) { return p.fault(s).find("outside of") != std::string::npos; };
        const auto text = p.fault(p.store(index(0), p.load(index(0), index(4))));
        CHECK(text.starts_with("subscript 2 of A is 4, outside of [0, 4)"));
        CHECK(out(p.store(index(0), p.load(index(0), index(-1)))));
        CHECK(!out(p.store(index(0), p.load(index(0), index(3)))));
        CHECK(!out(p.store(index(9)))); // M may be large
        const Symbol S("S");
        const Tensor moved{S, i8, {{index(-2), index(3)}}, {}, {}, nullptr, {}};
        const auto at = [&](int i) {
            return out(Allocate::make(moved, Store::make(S, i8, {index(i)}, literal(1))));
        };
        CHECK(at(-3));
        CHECK(!at(-2));
        CHECK(!at(0));
        CHECK(at(1));
        SUBCASE("are judged only where they are certainly evaluated") {
            const Expr bad = Load::make(p.W, i8, {index(3)}), condition = less(var(p.M), index(3));
            const Stmt store = p.store(index(0), bad);
            CHECK(out(store));
            CHECK(out(loop(p.i, var(p.M), store)));
            CHECK(!out(loop(p.i, index(0), store)));
            CHECK(!out(If::make(condition, store)));
            CHECK(!out(If::make(condition, {}, store)));
            CHECK(out(Block::make({If::make(condition, p.store(index(0))), store})));
            CHECK(!out(p.store(index(0), Select::make(condition, bad, literal(0)))));
            CHECK(out(p.store(index(0), Select::make(less(bad, literal(0)), literal(1), literal(0)))));
            CHECK(out(p.store(index(0), add(Select::make(condition, bad, literal(0)), bad))));
            CHECK(!out(p.store(index(0), Load::make(p.W, i8, {index(3)}, {}, condition))));
        }
    }

    TEST_CASE("expressions that no make function would give") {
        Program p;
        const Expr x = var(p.x, i8), m = var(p.M), f = Constant::make(Value::from_double(Float(32), 1));
        const Expr none;
        const Loc l;
        CHECK(p.fault(node<Binary>(Op::add, x, none, i8, l)) == "an operand is undefined");
        CHECK(p.fault(node<Load>(p.A, i8, std::vector<Expr>{m, none}, none, l)) == "an operand is undefined");
        CHECK(p.fault(node<Binary>(Op::add, x, m, i8, l)).find("is ill-formed: make_as is for exact types") !=
              std::string::npos);
        CHECK(p.fault(node<Binary>(Op::add, f, f, Float(64), l)).find("is ill-formed") != std::string::npos);
        CHECK(p.fault(node<Unary>(UnaryOp::neg, x, i8, l)) == "-x is Int(8) and should be Int(9)");
        CHECK(p.fault(node<Unary>(UnaryOp::sqrt, x, i8, l)).find("is ill-formed: sqrt(Int(8))") !=
              std::string::npos);
        CHECK(p.fault(node<Select>(x, x, x, i8, l)).find("must be a Bool") != std::string::npos);
        CHECK(p.fault(node<Select>(less(x, x), x, x, Int(9), l)) ==
              "select(x < x, x, x) is Int(9) and should be Int(8)");
        CHECK(p.fault(node<Load>(p.A, i8, std::vector<Expr>{m, x}, none, l))
                  .find("subscript 2 of A is Int(8)") != std::string::npos);
        CHECK(p.fault(node<Load>(p.A, i8, std::vector<Expr>{m, m}, x, l)).find("must be a Bool") !=
              std::string::npos);
        CHECK(p.fault(node<Cast>(i8.with_lanes(2), x, l)).find("should be Int(8)") != std::string::npos);
        CHECK(p.fault(node<Bitcast>(Int(9), x, l)).find("is ill-formed: bitcast from Int(8) to Int(9)") !=
              std::string::npos);
        CHECK(p.fault(node<Slice>(x, 8, 0, UInt(9), l)).find("is ill-formed: bits (8, 0)") !=
              std::string::npos);
        CHECK(p.fault(node<Fma>(x, x, x, l)).find("is ill-formed: fma of Int(8)") != std::string::npos);
        CHECK(p.fault(node<Call>(std::string("sinh"), std::vector<Expr>{f}, Float(32), l))
                  .find("there is no function sinh") != std::string::npos);
        CHECK(p.fault(node<Call>(std::string("exp"), std::vector<Expr>{f}, Float(64), l)) ==
              "exp(Float(32)(1.0)) is Float(64) and should be Float(32)");
        CHECK(p.fault(node<Let>(Symbol(), x, x, l)).find("a let has no symbol") != std::string::npos);
        CHECK(p.fault(node<Ramp>(x, x, IndexType().with_lanes(4), l)).find("scalar Indexes") !=
              std::string::npos);
        CHECK(p.fault(p.store(index(0), node<Broadcast>(x, Int(9).with_lanes(1), l)))
                  .starts_with("broadcast(x, 1) is Int(9) and should be Int(8)"));
        CHECK(p.fault(node<VectorReduce>(Op::sub, x, i8, l)).find("does not commute") != std::string::npos);
        CHECK(p.fault(node<Variable>(Symbol("q"), i8, l)) == "the variable q is not in scope");
        const Expr real_sum = node<Binary>(Op::add, real("1/2"), real("1/2"), RealType(), l);
        CHECK(p.fault(Cast::make(i8, real_sum)).find("is untyped and no literal") != std::string::npos);
    }

    TEST_CASE("statements that no make function would give") {
        Program p;
        const Stmt store = p.store(index(0));
        const Expr x = var(p.x, i8), none, c = less(x, x);
        const auto first = [&](const Stmt& s) {
            const std::string text = p.fault(s);
            return text.substr(0, text.find(", in\n"));
        };
        const Loc l;
        CHECK(first(statement<For>(p.i, x, index(1), LoopKind(), store, l)) ==
              "a loop's first value is Int(8): it must be an integer; cast it to Index");
        CHECK(first(statement<For>(p.i, index(0), none, LoopKind(), store, l)) == "a bound is undefined");
        CHECK(first(statement<If>(x, store, store, l)) ==
              "the condition of an if is Int(8): it must be a Bool; compare with 0");
        CHECK(first(statement<If>(none, store, store, l)) == "an operand is undefined");
        CHECK(first(statement<LetStmt>(p.t, real("1/2"), store, l)).starts_with("a let of an untyped real"));
        CHECK(first(statement<LetStmt>(p.t, none, store, l)) == "a let's value is undefined");
        CHECK(first(statement<Store>(std::vector<StoreTarget>{}, none, l)) == "a store has no target");
        CHECK(first(statement<Store>(std::vector<StoreTarget>{{p.B, i8, {x}, x}}, none, l))
                  .starts_with("subscript 1 of B is Int(8)"));
        CHECK(first(statement<Store>(std::vector<StoreTarget>{{p.B, i8, {none}, x}}, none, l)) ==
              "an operand is undefined");
        CHECK(first(statement<Store>(std::vector<StoreTarget>{{p.B, i8, {index(0)}, none}}, none, l)) ==
              "a stored value is undefined");
        CHECK(first(statement<Store>(std::vector<StoreTarget>{{p.B, i8, {index(0)}, x}}, x, l))
                  .starts_with("the predicate of an access to B"));
        const StoreTarget target{p.B, i8, {index(0)}, x};
        CHECK(first(statement<Reduce>(Op::lt, target, none, true, false, l)) ==
              "a comparison cannot update a tensor");
        CHECK(first(statement<Reduce>(Op::add, target, none, false, false, l)) ==
              "an update is wrongly marked as commuting or not");
        CHECK(first(statement<Reduce>(Op::add, target, none, true, true, l)) ==
              "an update without a float product is marked for fma");
        CHECK(first(statement<Allocate>(
                        std::make_shared<const std::vector<Tensor>>(1, tensor(Symbol("S"), i8, {x})), store))
                  .starts_with("tensor S: a tensor's extent is Int(8)"));
        CHECK(first(statement<Assert>(x, std::string(), l))
                  .starts_with("the condition of an assertion is Int(8)"));
        CHECK(first(statement<Stage>(p.B, -1, store, l)) == "a stage's definition number is negative");
        CHECK(first(statement<Block>(std::vector<Stmt>{store, statement<Assert>(none, std::string(), l)})) ==
              "an operand is undefined");
    }

    TEST_CASE("60 doublings and lets are fast") {
        Program p;
        Expr e = var(p.M);
        for (int n = 0; n < 60; ++n) {
            const Symbol t("t");
            e = add(e, Let::make(t, e, add(var(t), e)));
        }
        CHECK(p.fault(e) == "");
        CHECK(p.fault(substitute(e, {{p.M, var(p.t)}})) == "the variable t is not in scope");
    }
}

TEST_CASE("the verifier finds a bound that the loop's body writes") {
    Program p;
    const Expr extent = Cast::make(IndexType(), Load::make(p.B, i8, {index(0)}));
    const Stmt body = Store::make(p.B, i8, {var(p.i)}, Constant::make(Value::from_raw(i8, 1)));
    CHECK(p.fault(For::make(p.i, index(0), extent, {}, body, {}))
              .find("a bound of loop i reads B, which its body writes") == 0);
}
