// Dependences decided by sets: one case for each feature.

#include "ir_build.h"
#include "lathe/ir/polyhedral.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace build;

namespace {

const Type i32 = Int(32);

struct Names {
    Symbol i{"i"}, j{"j"}, k{"k"}, A{"A"}, B{"B"}, x{"x"}, N{"N"}, M{"M"}, K{"K"};
    Expr vi = var(i), vj = var(j), vk = var(k), vN = var(N), vM = var(M), vK = var(K);

    static Expr load(const Symbol& t, std::vector<Expr> at) { return Load::make(t, Int(32), std::move(at)); }
    static Stmt store(const Symbol& t, std::vector<Expr> at, Expr v) {
        return Store::make(t, Int(32), std::move(at), Cast::make(Int(32), std::move(v)));
    }
    static Stmt increase(const Symbol& t, std::vector<Expr> at, Expr v) {
        return Reduce::make(BinaryOp::add, {t, Int(32), std::move(at), std::move(v)});
    }
};

Stmt loop_from(const Symbol& s, Expr min, Expr extent, Stmt body) {
    return For::make(s, std::move(min), std::move(extent), {}, std::move(body));
}

bool carried(const Stmt& s, const Symbol& loop, Commuting c = Commuting::ordered) {
    return dependence_carried(s, loop, c).has_value();
}
bool lockstep(const Stmt& s, const Symbol& loop, int64_t lanes = 0) {
    return dependence_in_lockstep(s, loop, lanes).has_value();
}
bool reversed(const Stmt& s, const std::vector<Symbol>& after) {
    const NewOrder order = [&](const Place&) {
        std::vector<Expr> time;
        for (const Symbol& l : after)
            time.push_back(var(l));
        return time;
    };
    return dependence_reversed(s, after.size() > 1 ? s.as<For>()->var : after[0], order).has_value();
}

} // namespace

TEST_CASE("dependences: distance, direction, text and witness") {
    Names n;
    const Stmt s = loop(n.i, index(100), n.store(n.A, {n.vi}, n.load(n.A, {isub(n.vi, index(3))})));
    const auto d = dependence_carried(s, n.i, Commuting::ordered);
    REQUIRE(d);
    CHECK(d->proved);
    CHECK(d->conflict.describe() == "A[i] written is read as A[i - 3] (carried by i, distance 3)");
    REQUIRE(d->steps.size() == 1);
    CHECK(d->steps[0].least == 3);
    CHECK(d->steps[0].exact());
    CHECK(d->witness.describe().substr(0, 4) == "i = ");
    REQUIRE(d->witness.first.size() == 1);
    REQUIRE(d->witness.second.size() == 1);
    CHECK(d->witness.second[0].second - d->witness.first[0].second == 3);
    // Below its bounds nothing is read that is written.
    const Stmt far = loop(n.i, index(100), n.store(n.A, {n.vi}, n.load(n.A, {iadd(n.vi, index(100))})));
    CHECK_FALSE(carried(far, n.i));
    const Stmt odd = loop(
        n.i, n.vN, n.store(n.A, {iadd(imul(n.vi, index(2)), index(1))}, n.load(n.A, {imul(n.vi, index(2))})));
    CHECK_FALSE(carried(odd, n.i));
}

TEST_CASE("dependences: the guard of a tail is used") {
    Names n;
    const Symbol io("io"), iv("iv");
    // split(i, 20), vectorize(ii, 8), parallel(io)
    const Expr ii = iadd(imul(n.vj, index(8)), var(iv)), at = iadd(imul(var(io), index(20)), ii);
    const auto nest = [&](const Expr& limit) {
        Stmt body = If::make(less(at, n.vN), n.store(n.A, {at}, n.load(n.A, {at})));
        body = If::make(less(ii, limit), body);
        return loop(io, ifloordiv(iadd(n.vN, index(19)), index(20)),
                    loop(n.j, index(3), loop(iv, index(8), body)));
    };
    CHECK_FALSE(carried(nest(index(20)), io));
    CHECK_FALSE(carried(nest(index(20)), iv));
    CHECK(carried(nest(index(21)), io));
}

TEST_CASE("dependences: three symbolic loops fused") {
    Names n;
    const Symbol f("f"), fo("fo"), fi("fi");
    const auto body = [&](const Expr& at) {
        const Expr ij = ifloordiv(at, n.vK);
        const std::vector<Expr> cell = {ifloordiv(ij, n.vM), ifloormod(ij, n.vM), ifloormod(at, n.vK)};
        return n.store(n.A, cell, n.load(n.A, cell));
    };
    const Expr total = imul(imul(n.vN, n.vM), n.vK);
    const Stmt fused = loop(f, total, body(var(f)));
    CHECK_FALSE(carried(fused, f));
    CHECK_FALSE(lockstep(fused, f));
    const Expr at = iadd(imul(var(fo), index(8)), var(fi));
    const Stmt split = loop(fo, ifloordiv(iadd(total, index(7)), index(8)),
                            loop(fi, index(8), If::make(less(at, total), body(at))));
    CHECK_FALSE(carried(split, fo));
    CHECK_FALSE(carried(split, fi));
    // One subscript missing: iterations meet.
    const Stmt fewer = loop(f, total, n.store(n.A, {ifloordiv(var(f), n.vK)}, n.vN));
    CHECK(carried(fewer, f));
}

TEST_CASE("dependences: triangular domains") {
    Names n;
    // lu: for k, for i in (k, N), for j in [i, N): A[i, j] -= A[i, k]·A[k, j]
    const Stmt inner = n.store(n.A, {n.vi, n.vj}, mul(n.load(n.A, {n.vi, n.vk}), n.load(n.A, {n.vk, n.vj})));
    const auto nest = [&](const Expr& first_j) {
        const Expr first_i = iadd(n.vk, index(1));
        return loop(n.k, n.vN,
                    loop_from(n.i, first_i, isub(n.vN, first_i),
                              loop_from(n.j, first_j, isub(n.vN, first_j), inner)));
    };
    const Stmt lu = nest(n.vi);
    CHECK_FALSE(carried(lu, n.j));
    CHECK_FALSE(lockstep(lu, n.j));
    CHECK_FALSE(carried(lu, n.i));
    CHECK(carried(lu, n.k));
    CHECK(carried(nest(index(0)), n.j)); // j = k: A[i, k] is written where others read it
    // a(i, j) = a(j, i) below the diagonal
    const Stmt mirror = n.store(n.A, {n.vi, n.vj}, n.load(n.A, {n.vj, n.vi}));
    const auto below = [&](const Expr& guard) {
        return loop(n.i, n.vN, loop(n.j, n.vN, If::make(guard, mirror)));
    };
    CHECK_FALSE(carried(below(less(n.vj, n.vi)), n.i));
    CHECK_FALSE(carried(below(less(n.vj, n.vi)), n.j));
    CHECK(carried(below(less(n.vj, iadd(n.vi, index(2)))), n.i));
    // The else branch has the opposite condition.
    const Stmt other =
        loop(n.i, n.vN, loop(n.j, n.vN, If::make(op(BinaryOp::ge, n.vj, n.vi), Stmt(), mirror)));
    CHECK_FALSE(carried(other, n.i));
}

TEST_CASE("dependences: orders of perfect nests") {
    Names n;
    const auto nest = [&](int di, int dj) {
        const Stmt s =
            n.store(n.A, {n.vi, n.vj}, n.load(n.A, {iadd(n.vi, index(di)), iadd(n.vj, index(dj))}));
        return loop(n.i, n.vN, loop(n.j, n.vM, s));
    };
    CHECK_FALSE(reversed(nest(-1, -1), {n.j, n.i}));
    CHECK(reversed(nest(-1, 1), {n.j, n.i}));
    CHECK(reversed(nest(1, -1), {n.j, n.i}));
    // A skewed wavefront: (i + j, j) keeps the order of (i, j).
    const auto skewed = [&](int factor) {
        return [&, factor](const Place&) {
            return std::vector<Expr>{iadd(imul(n.vi, index(factor)), n.vj), n.vi};
        };
    };
    CHECK_FALSE(dependence_reversed(nest(-1, 1), n.i, skewed(1)));
    CHECK_FALSE(dependence_reversed(nest(-1, 1), n.i, skewed(2)));
    CHECK(dependence_reversed(nest(-1, 2), n.i, skewed(1)));
    // Where j ≤ i, an element of the other side of the diagonal is never met.
    const Stmt low = n.store(n.A, {n.vi, n.vj}, n.load(n.A, {n.vj, iadd(n.vi, index(1))}));
    const Stmt triangle = loop(n.i, n.vN, loop(n.j, iadd(n.vi, index(1)), low));
    CHECK_FALSE(reversed(triangle, {n.j, n.i}));
    CHECK_FALSE(carried(triangle, n.i));
}

TEST_CASE("dependences: instances of a statement that do the same change places") {
    Names n;
    const Expr old = n.load(n.A, {index(5)});
    const auto nest = [&](Stmt body) { return loop(n.i, n.vN, loop(n.j, n.vM, std::move(body))); };
    const Stmt step = n.store(n.A, {index(5)}, n.load(n.B, {Cast::make(IndexType(), old)}));
    CHECK_FALSE(reversed(nest(step), {n.j, n.i}));
    CHECK_FALSE(reversed(nest(If::make(less(n.vj, n.vi), step)), {n.j, n.i}));
    CHECK(carried(nest(step), n.i));
    // One that differs between them, or that another statement sees.
    CHECK(reversed(nest(n.store(n.A, {index(5)}, n.load(n.B, {n.vi}))), {n.j, n.i}));
    CHECK(reversed(nest(Block::make({step, n.store(n.B, {n.vi}, old)})), {n.j, n.i}));
    CHECK(reversed(nest(If::make(less(Cast::make(IndexType(), old), index(7)), step)), {n.j, n.i}));
    // One loop inside, in whose iterations it does something else.
    const Stmt inner = loop(n.k, n.vK, n.store(n.A, {n.vk}, n.load(n.A, {isub(n.vk, index(1))})));
    CHECK(reversed(nest(inner), {n.j, n.i}));
    // What each iteration has for itself, and what memory held before.
    const Tensor own{n.x, i32, {}, {}, TypeOrigin::declared, nullptr, {}};
    const Stmt from_own = Block::make({n.store(n.x, {}, n.vi), n.store(n.A, {index(5)}, n.load(n.x, {}))});
    CHECK(reversed(nest(Allocate::make(own, from_own)), {n.j, n.i}));
    const Symbol kept("kept");
    const Stmt later = Block::make({n.store(n.B, {index(0)}, n.vi), n.store(n.A, {index(5)}, var(kept))});
    CHECK(reversed(nest(LetStmt::make(kept, Cast::make(IndexType(), n.load(n.B, {index(0)})), later)),
                   {n.j, n.i}));
}

TEST_CASE("dependences: the last iterations once more") {
    Names n;
    const auto repeats = [&](Stmt body) {
        return dependence_of_repetition(loop(n.i, n.vN, std::move(body)), n.i).has_value();
    };
    CHECK_FALSE(repeats(n.store(n.A, {index(5)}, n.vi)));
    CHECK_FALSE(repeats(Block::make({n.store(n.A, {index(5)}, n.vi), n.store(n.A, {index(5)}, index(3))})));
    CHECK_FALSE(repeats(Block::make(
        {n.store(n.A, {index(5)}, n.load(n.B, {n.vi})), n.store(n.A, {iadd(n.vi, index(6))}, index(1))})));
    CHECK(repeats(n.increase(n.A, {index(5)}, n.load(n.B, {n.vi}))));
    CHECK(repeats(n.store(n.A, {n.vi}, n.load(n.A, {index(5)}))));
    CHECK(repeats(Block::make({n.store(n.B, {n.vi}, n.load(n.A, {index(5)})), //
                               n.store(n.A, {index(5)}, n.vi)})));
}

TEST_CASE("dependences: statements in a new order") {
    Names n;
    const Stmt first = n.store(n.A, {n.vi}, n.vi);
    const auto second = [&](int by) { return n.store(n.B, {n.vi}, n.load(n.A, {iadd(n.vi, index(by))})); };
    const auto fission = [&](int by) {
        const Stmt last = second(by);
        const Stmt s = loop(n.i, n.vN, Block::make({first, last}));
        return dependence_reversed(s, n.i,
                                   [&](const Place& p) {
                                       return std::vector<Expr>{index(p.path.back() == last.get() ? 1 : 0),
                                                                n.vi};
                                   })
            .has_value();
    };
    CHECK_FALSE(fission(0));
    CHECK_FALSE(fission(-1));
    CHECK(fission(1)); // read before it is written
    const auto fuse = [&](int by) {
        const Stmt last = substitute(second(by), {{n.i, n.vj}});
        const Stmt s = Block::make({loop(n.i, n.vN, first), loop(n.j, n.vN, last)});
        return dependence_reversed(s, Symbol(),
                                   [&](const Place& p) { return std::vector<Expr>{var(p.loops[0])}; })
            .has_value();
    };
    CHECK_FALSE(fuse(0));
    CHECK_FALSE(fuse(-1));
    CHECK(fuse(1));
}

TEST_CASE("dependences: lanes run statement by statement") {
    Names n;
    const auto shift = [&](int by) {
        return loop(n.i, index(64), n.store(n.A, {n.vi}, n.load(n.A, {iadd(n.vi, index(by))})));
    };
    CHECK_FALSE(lockstep(shift(1), n.i)); // all lanes read first
    CHECK(lockstep(shift(-1), n.i));
    CHECK(lockstep(shift(-4), n.i));
    CHECK_FALSE(lockstep(shift(-4), n.i, 4)); // its own block only
    CHECK(lockstep(shift(-4), n.i, 8));
    // Two statements: what the first writes is read by the second in a later lane only.
    const auto two = [&](int by) {
        return loop(n.i, index(64),
                    Block::make({n.store(n.A, {n.vi}, n.vi),
                                 n.store(n.B, {n.vi}, n.load(n.A, {iadd(n.vi, index(by))}))}));
    };
    CHECK_FALSE(lockstep(two(-1), n.i));
    CHECK(lockstep(two(1), n.i));
    // Inner loops run before the next lane does.
    const Stmt inner = loop(n.i, index(8), loop(n.j, index(8), n.store(n.A, {iadd(n.vi, n.vj)}, n.vj)));
    CHECK(lockstep(inner, n.i));
    const Stmt waves = loop(n.i, index(8), loop(n.j, index(8), n.store(n.A, {isub(n.vj, n.vi)}, n.vj)));
    CHECK_FALSE(lockstep(waves, n.i)); // the later lane meets the element at a later j
    // A sum that commutes is free, any other order of lanes is not.
    CHECK_FALSE(lockstep(loop(n.i, n.vN, n.increase(n.A, {index(0)}, n.load(n.B, {n.vi}))), n.i));
    const Stmt real_sum = loop(
        n.i, n.vN, Reduce::make(BinaryOp::add, {n.x, Float(32), {}, Load::make(n.B, Float(32), {n.vi})}));
    CHECK(lockstep(real_sum, n.i));
    CHECK(lockstep(loop(n.i, n.vN, n.store(n.A, {index(0)}, n.vi)), n.i));
}

TEST_CASE("dependences: what a loop allocates is its own") {
    Names n;
    const auto body = [&](const Expr& size) {
        const Stmt fill = loop(n.j, index(4), n.store(n.x, {n.vj}, n.load(n.B, {iadd(n.vi, n.vj)})));
        const Stmt use = n.store(n.A, {n.vi}, n.load(n.x, {index(2)}));
        return Allocate::make(tensor(n.x, i32, {size}), Block::make({fill, use}));
    };
    const Stmt inside = loop(n.i, n.vN, body(index(4)));
    CHECK_FALSE(carried(inside, n.i));
    CHECK_FALSE(lockstep(inside, n.i));
    const Stmt outside =
        Allocate::make(tensor(n.x, i32, {index(4)}), loop(n.i, n.vN, body(index(4)).as<Allocate>()->body));
    CHECK(carried(outside, n.i));
    // Private to the outer loop: the inner one shares it.
    const Stmt middle = loop(
        n.i, n.vN, Allocate::make(tensor(n.x, i32, {}), loop(n.j, n.vM, n.store(n.x, {}, n.load(n.x, {})))));
    CHECK_FALSE(carried(middle, n.i));
    CHECK(carried(middle, n.j));
    CHECK_FALSE(reversed(middle, {n.i}));
}

TEST_CASE("dependences: lets, selects, asserts and memory") {
    Names n;
    const Symbol t("t");
    const Expr vt = var(t);
    const Stmt of_let =
        loop(n.i, n.vN,
             LetStmt::make(t, imul(n.vi, index(2)), n.store(n.A, {vt}, n.load(n.A, {iadd(vt, index(1))}))));
    CHECK_FALSE(carried(of_let, n.i));
    // Arms are lazy: A[i - 1] is read at i = 0 only.
    const Expr lazy = Select::make(op(BinaryOp::gt, n.vi, index(0)), n.load(n.B, {n.vi}),
                                   n.load(n.A, {isub(n.vi, index(1))}));
    CHECK_FALSE(carried(loop(n.i, n.vN, n.store(n.A, {n.vi}, lazy)), n.i));
    const Expr clamped = Select::make(less(n.vi, index(8)), n.vi, iadd(n.vi, index(100)));
    CHECK_FALSE(carried(loop(n.i, n.vN, n.store(n.A, {clamped}, n.vi)), n.i));
    // What was checked before the loop, and in it.
    const Stmt apart = loop(n.i, n.vN, n.store(n.A, {n.vi}, n.load(n.A, {iadd(n.vi, n.vM)})));
    CHECK(carried(apart, n.i));
    CHECK_FALSE(carried(Block::make({Assert::make(op(BinaryOp::ge, n.vM, n.vN), "M"), apart}), n.i));
    Facts known;
    known.assume(op(BinaryOp::ge, n.vM, n.vN));
    CHECK_FALSE(dependence_carried(apart, n.i, Commuting::ordered, known));
    // What memory holds is the same for all iterations of j, but not of i.
    const Expr row = Cast::make(IndexType(), n.load(n.B, {n.vi}));
    const Stmt gather = loop(n.i, n.vN, loop(n.j, n.vM, n.store(n.A, {iadd(row, n.vj)}, n.vj)));
    CHECK_FALSE(carried(gather, n.j));
    CHECK(carried(gather, n.i));
    // Unless the loop writes it.
    const Stmt moving = loop(
        n.i, n.vN,
        loop(n.j, n.vM, Block::make({n.store(n.A, {iadd(row, n.vj)}, n.vj), n.store(n.B, {n.vi}, n.vj)})));
    CHECK(carried(moving, n.j));
    // A flag that ends the loop is carried by it.
    const Expr go = Load::make(n.x, Bool(), {});
    const Stmt stop = Store::make(n.x, Bool(), {}, less(n.vi, index(3)));
    CHECK(carried(loop(n.i, n.vN, If::make(go, stop)), n.i));
}
