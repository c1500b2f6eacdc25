/// \file Checking mode: Modules that are wrong on purpose, though their numbers agree.

#include "checking.h"
#include "interpret_build.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::testing;

namespace {

const Loc first{"user.cpp", 10}, second{"user.cpp", 11};

Stmt loop_of(const LoopKind& kind, const Symbol& v, int64_t extent, Stmt body) {
    return For::make(v, index(0), index(extent), kind, std::move(body), line);
}
Expr plus(Expr a, Expr b) {
    return Binary::make(BinaryOp::add, std::move(a), std::move(b));
}
Expr at(const Symbol& s, int64_t by = 0) {
    return iadd(var(s), index(by));
}
Stmt add(const Tensor& t, std::vector<Expr> where, Expr value, Loc loc = {}) {
    return Reduce::make(BinaryOp::add, {t.symbol, t.type, std::move(where), std::move(value)}, loc);
}

/// What the checking interpreter says.
std::string checked(const Module& m, const std::vector<AnyBuffer*>& buffers, TermHashes* terms = nullptr) {
    TermHashes mine;
    try {
        interpret(m, buffers, {}, {.terms = terms ? terms : &mine});
    } catch (const InternalError& e) {
        return std::string("internal: ") + e.what();
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

/// Tensors and buffers that the programs share: in = 1 everywhere, so that numbers agree by chance.
struct Programs {
    Symbol i{"i"}, j{"j"};
    Tensor in = tensor("in", Int(8), {index(8)}), out = tensor("out", Int(8), {index(8)});
    Buffer<int8_t> ones{{8}}, result{{8}};
    Programs() { ones.fill(Value::literal(1)); }

    Module module(Stmt body) const { return module_of({{in}, {out, Direction::out}}, std::move(body)); }
    std::string run(Stmt body) { return checked(module(std::move(body)), {&ones, &result}); }
    std::string compare(Stmt reference, Stmt scheduled) const {
        return check_schedule(module(std::move(reference)), module(std::move(scheduled)), {ones, result});
    }
};

} // namespace

TEST_CASE("a race is found though its values agree") {
    Programs p;
    const auto par = LoopKind::parallel();
    const auto store_same = [&](const LoopKind& kind) {
        return loop_of(kind, p.i, 3, store(p.out, {index(5)}, load(p.in, {index(0)}), first));
    };
    CHECK(p.run(store_same(LoopKind::serial())) == "no error");
    CHECK(p.run(store_same(par)) ==
          "user.cpp:10: two iterations of the parallel loop i conflict: out[5] is written at user.cpp:10 in "
          "iteration 0 and written at user.cpp:10 in iteration 1");
    // Written, then read by the next iteration.
    const Stmt init = loop_of({}, p.j, 8, store(p.out, {var(p.j)}, load(p.in, {var(p.j)})));
    const Stmt flow =
        loop_of(par, p.i, 7, store(p.out, {at(p.i, 1)}, load(p.out, {var(p.i)}, first), second));
    CHECK(p.run(Block::make({init, flow})) ==
          "user.cpp:10: two iterations of the parallel loop i conflict: out[1] is written at user.cpp:11 in "
          "iteration 0 and read at user.cpp:10 in iteration 1");
    // Read, then written by the next iteration.
    const Stmt anti =
        loop_of(par, p.i, 7, store(p.out, {var(p.i)}, load(p.out, {at(p.i, 1)}, first), second));
    CHECK(p.run(Block::make({init, anti})) ==
          "user.cpp:11: two iterations of the parallel loop i conflict: out[1] is read at user.cpp:10 in "
          "iteration 0 and written at user.cpp:11 in iteration 1");
    // Reductions into one element.
    const Stmt sum = loop_of(par, p.i, 4, add(p.out, {index(0)}, load(p.in, {var(p.i)}), first));
    CHECK(p.run(Block::make({init, sum})).find("iterations of the parallel loop i conflict: out[0]") !=
          std::string::npos);
}

TEST_CASE("what is private, or ordered by another loop, is no race") {
    Programs p;
    const auto par = LoopKind::parallel();
    const Tensor t = tensor("t", Int(8), {index(2)});
    const Stmt use = Block::make(
        {store(t, {index(0)}, load(p.in, {var(p.i)})), store(p.out, {var(p.i)}, load(t, {index(0)}))});
    CHECK(p.run(loop_of(par, p.i, 8, Allocate::make(t, use))) == "no error");
    CHECK(p.run(Allocate::make(t, loop_of(par, p.i, 8, use))).find("t[0] is read") != std::string::npos);
    // Every run of the inner loop begins when the last one has ended.
    const Stmt sum = add(p.out, {var(p.j)}, load(p.in, {var(p.i)}));
    const Stmt init = loop_of(par, p.j, 8, store(p.out, {var(p.j)}, load(p.in, {var(p.j)})));
    CHECK(p.run(Block::make({init, loop_of({}, p.i, 3, loop_of(par, p.j, 8, sum))})) == "no error");
    CHECK(p.run(Block::make({init, loop_of(par, p.i, 3, loop_of(par, p.j, 8, sum))})) != "no error");
    // Elements apart, in two concurrent loops.
    const Stmt apart = store(p.out, {iadd(imul(var(p.i), index(2)), var(p.j))}, load(p.in, {var(p.i)}));
    CHECK(p.run(loop_of(par, p.i, 4, loop_of(par, p.j, 2, apart))) == "no error");
    CHECK(p.run(loop_of(par, p.i, 4, loop_of(par, p.j, 3, apart))) != "no error");
    // A race with an iteration that is not the last one: an element that three iterations read.
    const Stmt readers = If::make(Binary::make(BinaryOp::eq, var(p.i), index(2)),
                                  store(p.out, {index(7)}, load(p.in, {index(0)})),
                                  store(p.out, {var(p.i)}, load(p.out, {index(7)})));
    CHECK(p.run(Block::make({init, loop_of(par, p.i, 3, readers)})) != "no error");
}

TEST_CASE("a kind of loop that nobody explained is refused") {
    Programs p;
    CHECK(p.run(loop_of(LoopKind("systolic"), p.i, 2, store(p.out, {var(p.i)}, load(p.in, {var(p.i)})))) ==
          "user.cpp:42: loop i is of the kind systolic, and how its iterations run is unknown");
}

TEST_CASE("lanes run statement by statement") {
    Programs p;
    const auto vec = LoopKind::vectorized();
    const auto filled = [&](Stmt s) {
        return Block::make(
            {loop_of({}, p.j, 8, store(p.out, {var(p.j)}, load(p.in, {var(p.j)}))), std::move(s)});
    };
    // out[i + 1] = out[i] + 1: in order a ramp, in lanes the old elements plus 1.
    const auto ramp = [&](const LoopKind& kind) {
        return filled(loop_of(kind, p.i, 7,
                              store(p.out, {at(p.i, 1)},
                                    Cast::make(Int(8), plus(load(p.out, {var(p.i)}), number(UInt(1), 1))))));
    };
    REQUIRE(p.run(ramp(vec)) == "no error");
    CHECK(elements(p.result) == std::vector<int8_t>{1, 2, 2, 2, 2, 2, 2, 2});
    REQUIRE(p.run(ramp({})) == "no error");
    CHECK(elements(p.result) == std::vector<int8_t>{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(p.compare(ramp({}), ramp(vec)) == "out[2] is 3, and scheduled 2");
    // out[i + 1] = out[i]: numbers agree, the terms do not.
    const auto shift = [&](const LoopKind& kind) {
        return filled(loop_of(kind, p.i, 7, store(p.out, {at(p.i, 1)}, load(p.out, {var(p.i)}))));
    };
    CHECK(p.compare(shift({}), shift(vec)) == "out[2] is 1 by chance: other terms made it");
    // Lanes that write one element do so in order: the last one wins.
    const auto last = [&](const LoopKind& kind) {
        return filled(loop_of(kind, p.i, 7, store(p.out, {index(0)}, load(p.in, {var(p.i)}))));
    };
    CHECK(p.compare(last({}), last(vec)) == "");
    // A reduction reads what it adds to as it writes.
    const auto sum = [&](const LoopKind& kind) {
        return filled(loop_of(kind, p.i, 7, add(p.out, {index(3)}, load(p.in, {var(p.i)}))));
    };
    CHECK(p.compare(sum({}), sum(vec)) == "");
}

TEST_CASE("lanes that write one element are an error where that is asked for") {
    Programs p;
    const auto vec = LoopKind::vectorized();
    const auto apart = [&](Stmt body) {
        const CheckedRun run(p.module(body), {p.ones, p.result}, {});
        return run.difference(p.module(std::move(body)), true);
    };
    CHECK(apart(loop_of(vec, p.i, 7, store(p.out, {var(p.i)}, load(p.in, {var(p.i)})))) == "");
    CHECK(apart(loop_of(vec, p.i, 7, store(p.out, {index(0)}, load(p.in, {var(p.i)}))))
              .find("two lanes write out[0] at once") != std::string::npos);
    const auto sum = [&](Expr value) {
        return Block::make({store(p.out, {index(3)}, number(Int(8), 0)),
                            loop_of(vec, p.i, 7, add(p.out, {index(3)}, std::move(value)))});
    };
    CHECK(apart(sum(load(p.in, {var(p.i)}))) == "");
}

TEST_CASE("prints of concurrent iterations are a race") {
    Programs p;
    const auto prints = [&](const LoopKind& kind) {
        return loop_of(kind, p.i, 3, Print::make({"", ""}, {load(p.in, {var(p.i)})}, first));
    };
    CHECK(p.run(prints({})) == "no error");
    CHECK(p.run(prints(LoopKind::parallel())).find("the order of prints and calls") != std::string::npos);
}

TEST_CASE("inner loops keep the lanes in step, conditions mask them, scalars are theirs") {
    Programs p;
    const auto vec = LoopKind::vectorized();
    const Symbol x("x");
    const Tensor s = tensor("s", Int(8), {});
    const auto reads_next = [&](const LoopKind& kind) {
        const Stmt body = Block::make({store(p.out, {var(p.i)}, load(p.in, {at(p.i, 1)})),
                                       store(p.out, {at(p.i, 1)}, load(p.in, {var(p.i)}))});
        return Block::make(
            {loop_of({}, x, 8, store(p.out, {var(x)}, load(p.in, {var(x)}))), loop_of(kind, p.i, 3, body)});
    };
    // In order iteration i + 1 overwrites out[i + 1]; in lanes the second statement comes last.
    CHECK(p.compare(reads_next({}), reads_next(vec)) == "out[1] is 1 by chance: other terms made it");
    const auto masked = [&](const LoopKind& kind) {
        const Expr even = Binary::make(BinaryOp::eq, ifloormod(var(p.i), index(2)), index(0));
        const Stmt keep = store(s, {}, load(p.in, {var(p.i)}));
        const Stmt put = store(p.out, {var(p.i)}, load(s, {}));
        const Stmt other = store(p.out, {var(p.i)}, number(Int(8), 7));
        return loop_of(kind, p.i, 8, Allocate::make(s, Block::make({keep, If::make(even, put, other)})));
    };
    CHECK(p.compare(masked({}), masked(vec)) == "");
    const auto lets = [&](const LoopKind& kind) {
        return loop_of(
            kind, p.i, 8,
            LetStmt::make(x, load(p.in, {var(p.i)}), store(p.out, {var(p.i)}, Variable::make(x, Int(8)))));
    };
    CHECK(p.compare(lets({}), lets(vec)) == "");
}

TEST_CASE("the order of a sum shows unless it commutes") {
    const Symbol i("i");
    const auto program = [&](Type t, bool backwards) {
        const Tensor a = tensor("a", t, {index(6)}), out = tensor("out", t, {});
        const Expr where = backwards ? isub(index(5), var(i)) : var(i);
        return module_of(
            {{a}, {out, Direction::out}},
            Block::make({store(out, {}, number(t, 0)), loop_of({}, i, 6, add(out, {}, load(a, {where})))}));
    };
    const auto compared = [&](Type t) {
        AnyBuffer a(t, {6}), out(t, {});
        a.fill(Value::literal(1));
        return check_schedule(program(t, false), program(t, true), {a, out});
    };
    CHECK(compared(Int(8)) == "");
    CHECK(compared(Fixed(12, 4)) == "");
    const std::string by_chance = "out[] is 6 by chance: other terms made it";
    CHECK(compared(Fixed(12, 4, Round::trn, Overflow::sat)) == by_chance);
    CHECK(compared(Float(32)) == by_chance);
}

TEST_CASE("a sum of parts is the sum, if the parts begin with zero and each comes once") {
    Programs p;
    const Tensor part = tensor("part", Int(8), {});
    const auto whole = [&](int count) {
        return Block::make({store(p.out, {index(0)}, number(Int(8), 0)),
                            loop_of({}, p.i, count, add(p.out, {index(0)}, load(p.in, {var(p.i)})))});
    };
    const auto parts = [&](const Expr& begin, int inner) {
        const Expr from = iadd(imul(var(p.i), index(4)), var(p.j));
        const Stmt body =
            Block::make({store(part, {}, begin), loop_of({}, p.j, inner, add(part, {}, load(p.in, {from}))),
                         add(p.out, {index(0)}, load(part, {}))});
        return Block::make(
            {store(p.out, {index(0)}, number(Int(8), 0)), loop_of({}, p.i, 2, Allocate::make(part, body))});
    };
    CHECK(p.compare(whole(8), parts(number(Int(8), 0), 4)) == "");
    CHECK(p.compare(whole(8), parts(load(p.in, {imul(var(p.i), index(4))}), 3)) ==
          "out[0] is 8 by chance: other terms made it");
    const Stmt twice = loop_of({}, p.i, 8, add(p.out, {index(0)}, load(p.in, {index(0)})));
    CHECK(p.compare(whole(8), Block::make({store(p.out, {index(0)}, number(Int(8), 0)), twice})) ==
          "out[0] is 8 by chance: other terms made it");
}

TEST_CASE("what keeps a value does not show in its term, what may change it does") {
    Programs p;
    const auto stored = [&](Expr e) { return store(p.out, {index(0)}, std::move(e)); };
    const Expr a = load(p.in, {index(1)}), b = load(p.in, {index(2)});
    const std::string by_chance = " by chance: other terms made it";
    CHECK(p.compare(stored(plus(a, b)), stored(plus(b, a))) == "");
    CHECK(p.compare(stored(plus(a, b)), stored(plus(a, a))) == "out[0] is 2" + by_chance);
    CHECK(p.compare(stored(plus(a, b)), stored(plus(Cast::make(Fixed(20, 3), a), b))) == "");
    CHECK(p.compare(stored(a), stored(Cast::make(UInt(3), a))) == "out[0] is 1" + by_chance);
    CHECK(p.compare(stored(Cast::make(Fixed(6, 2, Round::rnd), a)), stored(Cast::make(Fixed(6, 2), a))) ==
          "out[0] is 1" + by_chance);
    CHECK(p.compare(stored(plus(number(Int(4), 3), number(Int(4), 2))), stored(number(Int(8), 5))) == "");
    const Expr chosen = Select::make(less(index(0), index(1)), a, b);
    CHECK(p.compare(stored(a), stored(chosen)) == "");
    CHECK(p.compare(stored(b), stored(chosen)) == "out[0] is 1" + by_chance);
    CHECK(p.compare(stored(a), {}) == "out[0] is 1, and scheduled 0");
    CHECK(p.compare({}, stored(number(Int(8), 0))) ==
          "the schedule stores to out[0], the reference does not");
    CHECK(p.compare(stored(number(Int(8), 0)), {}) == "the schedule leaves out[0] without a value");
}

TEST_CASE("storage is uninitialised whenever it begins, and gone when it ends") {
    Programs p;
    const Tensor t = tensor("t", Int(8), {index(2)});
    const Expr is_first = Binary::make(BinaryOp::eq, var(p.i), index(0));
    const Stmt only_once = If::make(is_first, store(t, {index(1)}, load(p.in, {index(0)})));
    const Stmt use = store(p.out, {var(p.i)}, load(t, {index(1)}, line));
    const Stmt body = Block::make({only_once, use});
    for (const LoopKind& kind : {LoopKind::serial(), LoopKind::vectorized(), LoopKind::parallel()})
        CHECK(p.run(loop_of(kind, p.i, 2, Allocate::make(t, body))) ==
              "user.cpp:42: t[1] is read, and nothing was stored there");
    CHECK(p.run(Allocate::make(t, loop_of({}, p.i, 2, body))) == "no error");
    CHECK(p.run(Block::make({Allocate::make(t, only_once), use})) != "no error");
    Tensor small = t;
    small.dims[0].extent = index(1);
    CHECK(p.run(Allocate::make(small, loop_of({}, p.i, 1, body))).find("t[1] is out of bounds") !=
          std::string::npos);
    CHECK(p.run(store(p.out, {index(0)}, load(p.out, {index(3)}, line))) ==
          "user.cpp:42: out[3] is read, and nothing was stored there");
}

TEST_CASE("programs whose right answer is an error end with one on both sides") {
    Programs p;
    const Stmt fails = Assert::make(less(index(2), index(1)), "no", line);
    const Stmt works = store(p.out, {index(0)}, load(p.in, {index(0)}));
    CHECK(p.compare(fails, fails) == "");
    CHECK(p.compare(fails, works) ==
          "the reference ends with an error, the schedule does not: user.cpp:42: no");
    CHECK(p.compare(works, fails) == "the schedule ends with an error: user.cpp:42: no");
}
