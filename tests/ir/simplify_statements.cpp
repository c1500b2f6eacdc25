// Statements: what disappears, what stays, and that random programs still compute the same.

#include "deep.h"
#include "lathe/ir/interpret.h"
#include "simplify_support.h"

#include <doctest/doctest.h>
#include <random>

using namespace simplify_test;

namespace {

Symbol out("out");

Stmt put(Expr at, int64_t value = 1) {
    return Store::make(out, Int(32), {std::move(at)}, Constant::make(Value::from_raw(Int(32), value)));
}
Stmt loop_(const Name& v, Expr extent, Stmt body, Expr low = n(0)) {
    return For::make(v.symbol, std::move(low), std::move(extent), LoopKind(), std::move(body));
}

} // namespace

TEST_CASE("simplify: dead branches and empty loops go") {
    Name i("i"), M("M");
    CHECK_FALSE(simplify(loop_(i, n(0), put(i))).defined());
    CHECK_FALSE(simplify(loop_(i, min_(M, n(0)), put(i))).defined());
    CHECK(simplify(loop_(i, M, put(i))).same_as(simplify(loop_(i, M, put(i)))) == false);
    Stmt same = loop_(i, M, put(i));
    CHECK(simplify(same).same_as(same));
    CHECK(print(simplify(If::make(n(1) < n(2), put(n(3)), put(n(4))))) == print(put(n(3))));
    CHECK_FALSE(simplify(If::make(n(2) < n(1), put(n(3)))).defined());
    CHECK(print(simplify(loop_(i, n(10), If::make(i < n(10), put(i))))) == print(loop_(i, n(10), put(i))));
    CHECK(print(simplify(If::make(M < n(3), If::make(M < n(5), put(M), put(n(0)))))) ==
          print(If::make(M < n(3), put(M))));
    CHECK(print(simplify(If::make(M < n(3), Stmt(), If::make(M >= n(3), put(M))))) ==
          print(If::make(M >= n(3), put(M))));
    Stmt nothing = If::make(M < n(3), loop_(i, n(0), put(i)));
    CHECK_FALSE(simplify(nothing).defined());
}

TEST_CASE("simplify: loops of one iteration stay") {
    Name i("i"), j("j"), M("M");
    Stmt s = loop_(i, n(1), loop_(j, M, put(i + j)), M);
    CHECK(print(simplify(s)) == print(s));
}

TEST_CASE("simplify: statements after an assertion know that it held") {
    Name M("M"), io("io"), ii("ii");
    Stmt guarded =
        loop_(io, ceil_div(M, 16), loop_(ii, n(16), If::make(n(16) * io + ii < M, put(n(16) * io + ii))));
    Stmt s = Block::make({Assert::make(M % n(16) == n(0), "M"), guarded});
    Stmt plain = loop_(io, M / n(16), loop_(ii, n(16), put(n(16) * io + ii)));
    CHECK(print(simplify(s)) == print(Block::make({Assert::make(M % n(16) == n(0), "M"), plain})));
    CHECK(print(simplify(Block::make({Assert::make(n(1) < n(2), "M"), put(M)}))) == print(put(M)));
    Stmt before = Block::make({If::make(M < n(3), put(M)), Assert::make(M >= n(3), "M")});
    CHECK(print(simplify(before)) == print(before));
}

TEST_CASE("simplify: a condition on memory is no fact after a store") {
    Expr x = Cast::make(IndexType(), Load::make(out, Int(32), {n(0)}));
    Stmt inner = If::make(x >= n(4), put(n(1)));
    Stmt s = If::make(x >= n(4), Block::make({put(n(0), 0), inner}));
    CHECK(print(simplify(s)) == print(s));
}

namespace {

/// A random nest with branches, lets and reductions into out[0 … 15].
class Programs {
  public:
    explicit Programs(unsigned seed) : random(seed) {}
    Name M{"M"};

    Stmt body(int depth) {
        if (depth == 0) return add();
        switch (below(6)) {
        case 0:
        case 1: {
            Name v("v");
            Expr low = below(2) ? n(below(4)) : value(),
                 extent = below(2) ? n(below(5)) : min_(value(), n(6));
            scope.push_back(v);
            Stmt s = body(depth - 1);
            scope.pop_back();
            return loop_(v, extent, s, low);
        }
        case 2:
            return If::make(condition(), body(depth - 1), below(2) ? body(depth - 1) : Stmt());
        case 3: {
            Name t("t");
            Expr e = value();
            scope.push_back(t);
            Stmt s = body(depth - 1);
            scope.pop_back();
            return LetStmt::make(t.symbol, e, s);
        }
        case 4:
            return Block::make({body(depth - 1), body(depth - 1)});
        default:
            return loop_split(depth);
        }
    }

  private:
    int below(int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }
    Expr leaf() {
        int at = below(static_cast<int>(scope.size()) + 2);
        return at < static_cast<int>(scope.size()) ? scope[static_cast<size_t>(at)].e
               : below(2)                          ? M.e
                                                   : n(below(9) - 3);
    }
    Expr value() {
        switch (below(8)) {
        case 0:
            return leaf() + leaf();
        case 1:
            return leaf() - leaf();
        case 2:
            return leaf() * n(below(5) - 1);
        case 3:
            return (leaf() + leaf()) / n(below(4) + 1);
        case 4:
            return leaf() % n(below(4) + 1);
        case 5:
            return min_(leaf(), leaf());
        case 6:
            return Select::make(leaf() < leaf(), leaf(), leaf());
        default:
            return leaf();
        }
    }
    Expr condition() {
        Expr c = below(4) ? value() < value() : value() == value();
        return below(3) ? c : below(2) ? c && leaf() >= leaf() : c || leaf() >= leaf();
    }
    Stmt add() {
        Expr at = clamp(value(), n(0), n(15)), what = Cast::make(Int(32), value() + n(1));
        if (below(3) == 0) what = what + Load::make(out, Int(32), {clamp(value(), n(0), n(15))});
        return Reduce::make(BinaryOp::add, {out, Int(32), {at}, what});
    }
    Stmt loop_split(int depth) {
        Name io("io"), ii("ii");
        Expr i = n(4) * io + ii;
        scope.push_back(io);
        scope.push_back(ii);
        Stmt s = If::make(
            i < M, Block::make({body(depth - 1),
                                Reduce::make(BinaryOp::add,
                                             {out, Int(32), {i % n(16)}, Cast::make(Int(32), i / n(4))})}));
        scope.pop_back();
        scope.pop_back();
        return loop_(io, ceil_div(M, 4), loop_(ii, n(4), s));
    }

    std::mt19937 random;
    std::vector<Name> scope;
};

} // namespace

TEST_CASE("simplify: random programs compute the same") {
    int smaller = 0, all = 0;
    for (int round = 0; round < count(60, 6'000); ++round) {
        Programs g(static_cast<unsigned>(round) + 1);
        Stmt s = g.body(4);
        Facts f;
        f.bound(g.M.symbol, {n(0), {}});
        Stmt t = simplify(s, f);
        ++all, smaller += print(t).size() < print(s).size();
        for (int m : {0, 1, 6}) {
            AnyBuffer results[2];
            for (int k = 0; k < 2; ++k) {
                Function fn{"f",
                            {{g.M.symbol, IndexType(), {}}},
                            {{Tensor{out, Int(32), {{n(0), n(16)}}, {}, {}, {}, {}}, Direction::inout}},
                            {},
                            k ? t : s};
                Module module{{fn}};
                results[k] = AnyBuffer(Int(32), {16});
                interpret(module, {&results[k]}, {{"M", Value::index(m)}});
            }
            INFO(print(s), "\n became\n", print(t), "\n M = ", m);
            CHECK(bit_equal(results[0], results[1]));
        }
    }
    MESSAGE("smaller: ", smaller, " of ", all);
}
