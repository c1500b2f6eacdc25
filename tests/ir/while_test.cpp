// While and Print: their place among the other statements.

#include "ir_build.h"
#include "lathe/ir/analysis.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/print.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace build;

namespace {

const Type i8 = Int(8);

/// while x[] < limit: x[] = x[] + 1; print("x is ", x[], "")
struct Counting {
    Symbol x{"x"};
    Expr load = Load::make(x, i8, {});
    Stmt loop(int limit) const {
        const Stmt step = Store::make(x, i8, {}, add(load, literal(1)));
        return While::make(less(load, literal(limit)),
                           Block::make({step, Print::make({"x is ", ""}, {load})}));
    }
};

} // namespace

TEST_CASE("While and Print are traversed, rebuilt and compared") {
    const Counting c;
    const Stmt s = c.loop(9);
    CHECK(print(s) == "while x[] < 9:\n    x[] = x[] + 1\n    print(\"x is \", x[], \"\")\n");
    CHECK(equal(s, c.loop(9)));
    CHECK_FALSE(equal(s, c.loop(8)));
    CHECK_FALSE(equal(Print::make({"a"}, {}), Print::make({"b"}, {})));
    CHECK(substitute(s, {}).same_as(s));
    const Symbol n("n");
    const Stmt of_n = While::make(less(var(n, i8), c.load), Print::make({"", ""}, {var(n, i8)}));
    CHECK(print(substitute(of_n, {{n, constant(i8, 3)}})) ==
          "while 3 < x[]:\n    print(\"\", Int(8)(3), \"\")\n");
    CHECK(tensors_read(s) == std::set<Symbol>{c.x});
    CHECK(tensors_written(s) == std::set<Symbol>{c.x});
    CHECK(free_variables(of_n) == std::set<Symbol>{n});
    CHECK(bodies(s).size() == 1);
    CHECK(expressions(s).size() == 1);
    CHECK_THROWS_WITH_AS(While::make(c.load, {}), doctest::Contains("a while"), Error);
    CHECK_THROWS_WITH_AS(Print::make({"", ""}, {constant(Int(65), 1)}), doctest::Contains("print of Int(65)"),
                         Error);
    CHECK_THROWS_AS(Print::make({}, {}), InternalError);
}

TEST_CASE("the simplifier keeps what a while may change") {
    const Counting c;
    CHECK(print(simplify(c.loop(9))) == print(c.loop(9)));
    CHECK_FALSE(simplify(While::make(Expr(false), c.loop(9))).defined());
    const Stmt forever = While::make(less(c.load, literal(1)), {});
    CHECK(simplify(forever).same_as(forever));
    // A loop's variable is no fact about memory that the loop changes.
    const Symbol i("i"), j("j");
    const Expr at = Cast::make(IndexType(), c.load);
    const Stmt inner = For::make(j, index(0), isub(at, var(i)), {}, Print::make({"", ""}, {c.load}));
    const Stmt moving = For::make(i, at, isub(index(5), at), {},
                                  Block::make({Store::make(c.x, i8, {}, literal(100)), inner}));
    CHECK(tensors_read(simplify(moving)).count(c.x) == 1);
    CHECK(print(simplify(moving)).find("for j in") != std::string::npos);
}

TEST_CASE("accesses of a while stand under its condition") {
    const Symbol a("a"), n("n");
    const Counting c;
    const Stmt store = Store::make(a, i8, {Cast::make(IndexType(), c.load)}, c.load);
    const auto condition_of_store = [&](const Stmt& body) {
        for (const Access& x : accesses(While::make(less(c.load, literal(4)), body)))
            if (x.write && x.tensor == a) return std::pair(x.condition.defined(), x.stable.defined());
        return std::pair(false, false);
    };
    CHECK(condition_of_store(store) == std::pair(true, true));
    const Stmt step = Store::make(c.x, i8, {}, add(c.load, literal(1)));
    CHECK(condition_of_store(Block::make({step, store})) == std::pair(true, false));
}

TEST_CASE("prints keep their order, and loops that a flag ends know it") {
    const Symbol i("i"), flag("flag"), a("a");
    const Stmt prints = loop(i, index(4), Print::make({"hello"}, {}));
    const auto found = loop_carried(prints, i, Commuting::free);
    REQUIRE(found.has_value());
    CHECK(found->kind == ConflictKind::output);
    CHECK(found->first.text == "print");

    const Expr go = Unary::make(UnaryOp::bit_not, Load::make(flag, Bool(), {}));
    const Stmt set = Store::make(flag, Bool(), {}, less(var(i), index(3)));
    const auto guard = [&](const Expr& condition, const Stmt& body) {
        return runs_while(*loop(i, index(9), If::make(condition, body)).as<For>());
    };
    CHECK(equal(guard(go, set), go));
    CHECK_FALSE(guard(go, Print::make({""}, {})).defined());            // nothing changes it
    CHECK_FALSE(guard(less(var(i), index(5)), set).defined());          // another one in each iteration
    CHECK_FALSE(guard(Load::make(a, Bool(), {var(i)}), set).defined()); // of elements
    const Symbol j("j");
    const Stmt nested = loop(j, index(9), loop(i, index(9), If::make(go, set)));
    CHECK(equal(runs_while(*nested.as<For>()), go));
    CHECK_FALSE(runs_while(*loop(i, index(9), If::make(go, set, set)).as<For>()).defined());
}
