#include "../../codegen/passes/lower_types.h"
#include "../../codegen/passes/narrow.h"
#include "../../codegen/passes/partition_loops.h"
#include "../../codegen/passes/unroll_loops.h"
#include "../../codegen/passes/vectorize_loops.h"
#include "deep.h"
#include "lathe/codegen/lower.h"
#include "passes_expressions.h"

using namespace lathe;
using namespace lathe::ir;
using namespace lathe::codegen;
using namespace lathe::testing;

namespace {

constexpr int64_t length = 41; ///< of inputs, and one more than the largest loop variable may be

/// A nest  for o: for j (tagged): body  with a random body whose iterations are independent.
class RandomLoop {
  public:
    explicit RandomLoop(uint64_t seed) : random(seed), o("o"), j("j") {}

    Case make(LoopKind kind) {
        for (int n = 0; n < 3; ++n)
            inputs.push_back(tensor("in" + std::to_string(n), small_type(), {index(length)}));
        step = random.pick(std::vector<int64_t>{1, 3, 4, 8, 16});
        const int64_t whole = random.between(1, 40);
        // The extent: constant, or cut at the end.
        const bool exact = random.chance(2);
        const int64_t blocks = exact ? std::max<int64_t>(40 / step / 2, 1) : (whole + step - 1) / step;
        const Expr left = isub(index(whole), imul(index(step), var(o)));
        const Expr extent = exact ? index(step) : imin(index(step), left);
        first = imul(index(step), var(o));
        const Stmt nest = loop(o, index(blocks), For::make(j, first, extent, kind, body(2)));
        return finished(random, inputs, outputs, nest);
    }

  private:
    Random random;
    Symbol o, j;
    int64_t step = 1; ///< iterations of j, at most
    Expr first;
    std::vector<Tensor> inputs, outputs, locals;
    std::vector<Expr> variables;

    Type small_type() {
        return random.pick(std::vector<Type>{UInt(8), Int(8), Int(16), UInt(12), Int(32), UInt(70), Float(32),
                                             Fixed(16, 8)});
    }

    Expr subscript() {
        switch (random.between(0, 4)) {
        case 0:
            return isub(index(length - 1), var(j));
        case 1:
            return imax(imin(iadd(var(j), index(random.between(-3, 3))), index(random.between(5, 40))),
                        index(0));
        case 2:
            return ifloordiv(var(j), index(2));
        case 3:
            return first;
        default:
            return var(j);
        }
    }

    Expr value(int depth) {
        RandomExpr expr(random, inputs, subscript(), length);
        Expr e = expr(depth);
        if (random.chance(3)) { // out of bounds in some lanes, but for the condition
            const int64_t d = random.between(1, 6);
            const Tensor& in = random.pick(inputs);
            const Expr condition =
                random.chance(3)
                    ? binary(BinaryOp::logical_and, binary(BinaryOp::ge, var(j), index(d)), expr.condition(1))
                    : binary(BinaryOp::ge, var(j), index(d));
            const Expr guarded = Select::make(condition, load(in, {isub(var(j), index(d))}),
                                              Constant::make(random.value(in.type)));
            e = as_type(small_type(), binary(BinaryOp::add, as_type(Int(20), guarded), as_type(Int(9), e)));
        }
        for (const Expr& v : variables)
            if (random.chance(2))
                e = as_type(Int(30), binary(BinaryOp::sub, as_type(Int(29), e), as_type(Int(17), v)));
        for (const Tensor& t : locals)
            if (random.chance(2))
                e = as_type(small_type(), binary(BinaryOp::max, as_type(Int(29), e),
                                                 as_type(Int(17), load(t, {ifloormod(var(j), index(2))}))));
        return e;
    }

    Expr condition() {
        RandomExpr expr(random, inputs, subscript(), length);
        if (random.chance(3)) return binary(BinaryOp::lt, var(j), index(random.between(0, 40)));
        if (random.chance(4)) return binary(BinaryOp::lt, var(o), index(2));
        return expr.condition(2);
    }

    Stmt body(int depth) {
        std::vector<Stmt> stmts;
        const int64_t n = random.between(1, 2);
        for (int64_t i = 0; i < n; ++i)
            stmts.push_back(statement(depth));
        return Block::make(stmts);
    }

    /// An output that this statement alone writes, each iteration in its own row.
    const Tensor& output(Type t, int64_t columns) {
        outputs.push_back(tensor("out" + std::to_string(outputs.size()), t, {index(length), index(columns)}));
        return outputs.back();
    }

    Stmt statement(int depth) {
        switch (depth == 0 ? random.between(0, 2) : random.between(0, 10)) {
        case 3:
            return If::make(condition(), body(depth - 1), random.chance(2) ? body(depth - 1) : Stmt());
        case 4: { // changes what its condition reads
            const Tensor out = output(Int(16), 1);
            const std::vector<Expr> at = {var(j), index(0)};
            const Stmt change = store(out, at, value(1));
            return If::make(binary(BinaryOp::gt, load(out, at), index_literal(3)),
                            Block::make({change, statement(0), store(out, at, value(1))}),
                            Block::make({change, statement(0)}));
        }
        case 5:
            return inner_loop(depth);
        case 6: {
            const Symbol s("s");
            const Expr v = value(1);
            variables.push_back(Variable::make(s, v.type()));
            Stmt inner = body(depth - 1);
            variables.pop_back();
            return LetStmt::make(s, v, inner);
        }
        case 7: {
            const Tensor local = tensor("local", small_type(), {index(2)});
            const Stmt fill =
                Block::make({store(local, {index(0)}, value(1)), store(local, {index(1)}, value(1))});
            locals.push_back(local);
            Stmt inner = body(depth - 1);
            locals.pop_back();
            return Allocate::make(local, Block::make({fill, inner}));
        }
        case 8: { // all iterations meet
            const Tensor out = output(Int(24), 1);
            const auto op = random.pick(
                std::vector<BinaryOp>{BinaryOp::add, BinaryOp::max, BinaryOp::bit_xor, BinaryOp::mul});
            return Reduce::make(op, {out.symbol, out.type, {index(0), index(0)}, as_type(Int(24), value(1))});
        }
        case 10: { // one iteration at most
            const Tensor out = output(random.chance(2) ? small_type() : Float(32), 2);
            const Expr one =
                binary(BinaryOp::eq, ifloormod(var(j), index(step)), index(random.between(0, 3)));
            const std::vector<Expr> at = {random.chance(2) ? var(o) : index(0), index(1)};
            const Expr v = as_type(out.type, value(1));
            return If::make(one, random.chance(2)
                                     ? store(out, at, v)
                                     : Reduce::make(BinaryOp::add, {out.symbol, out.type, at, v}));
        }
        case 9:
            if (variables.empty() && locals.empty() && depth == 2) { // some iterations meet
                const Tensor out = output(UInt(24), 1);
                const Expr row = ifloormod(as_type(IndexType(), as_type(Int(16), value(1))), index(3));
                return Reduce::make(BinaryOp::add,
                                    {out.symbol, out.type, {row, index(0)}, as_type(UInt(9), value(1))});
            }
            [[fallthrough]];
        default: {
            if (random.chance(4)) {
                const Tensor a = output(small_type(), 1), b = output(small_type(), 3);
                return Store::make({{a.symbol, a.type, {var(j), index(0)}, value(2)},
                                    {b.symbol, b.type, {var(j), index(1)}, value(1)}});
            }
            const Tensor out = output(small_type(), 2);
            return store(
                out,
                {random.chance(3) ? isub(index(length - 1), var(j)) : var(j), index(random.between(0, 1))},
                value(2));
        }
        }
    }

    static Expr index_literal(int64_t i) { return Expr(i); }

    Stmt inner_loop(int) {
        const Symbol k("k");
        const Tensor out = output(Int(32), 5);
        const Expr extent = random.chance(2) ? index(random.between(0, 5))
                                             : ifloormod(iadd(var(j), index(random.between(0, 4))), index(5));
        const Expr at = imin(iadd(var(j), var(k)), index(length - 1));
        const Expr term = as_type(Int(18), load(random.pick(inputs), {at}));
        const LoopKind kind = random.chance(3) ? LoopKind::unrolled() : LoopKind::serial();
        if (random.chance(2)) return loop(k, extent, store(out, {var(j), var(k)}, term), kind);
        return loop(k, extent, Reduce::make(BinaryOp::add, {out.symbol, out.type, {var(j), index(2)}, term}),
                    kind);
    }
};

bool has_loop(const Module& m, const LoopKind& kind) {
    bool found = false;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (auto* f = s.as<For>()) found |= f->loop == kind;
        },
        nullptr);
    return found;
}

/// 1 if the body has no vector form.
int check(uint64_t seed) {
    const Case c = RandomLoop(seed).make(LoopKind::vectorized());
    INFO(print(c.module));
    const Module scalar = narrow(lower_types(c.module));
    Module vectors;
    try {
        vectors = vectorize_loops(scalar);
    } catch (const InternalError& e) {
        FAIL(e.what());
    } catch (const Error& e) {
        INFO(e.message());
        REQUIRE(e.message().find("has no vector form") != std::string::npos);
        return 1;
    }
    REQUIRE_FALSE(has_loop(vectors, LoopKind::vectorized()));
    REQUIRE(machine_form_breach(vectors) == "");
    check_equal_results(c.module, vectors, c.buffers);
    const Module flat = unroll_loops(vectors);
    REQUIRE_FALSE(has_loop(flat, LoopKind::unrolled()));
    check_equal_results(c.module, flat, c.buffers);
    const Module parts = partition_loops(scalar);
    check_equal_results(c.module, parts, c.buffers);
    check_equal_results(c.module, unroll_loops(vectorize_loops(parts)), c.buffers);
    const Module all = lower(c.module, Target("x86-64-linux"));
    REQUIRE(machine_form_breach(all) == "");
    check_equal_results(c.module, all, c.buffers);
    return 0;
}

std::string vectorized(const Module& m) {
    return print(vectorize_loops(m).top().body);
}

Stmt vector_loop(const Symbol& v, Expr extent, Stmt body) {
    return loop(v, std::move(extent), std::move(body), LoopKind::vectorized());
}

} // namespace

TEST_CASE("vectorize_loops keeps the results of random loops") {
    const int n = count(400, 20000);
    int refused = 0;
    for (int seed = 0; seed < n; ++seed) {
        CAPTURE(seed);
        refused += check(static_cast<uint64_t>(seed));
    }
    CHECK(refused == 0);
}

TEST_CASE("subscripts in vectors: dense, strided, broadcast, gathered") {
    const Param N("N");
    const Expr n = Variable::make(N.symbol, IndexType());
    const Tensor in = tensor("in", Float(32), {imul(index(16), n)}),
                 out = tensor("out", Float(32), {imul(index(8), n)});
    const Symbol o("o"), j("j");
    const Expr at = iadd(imul(index(8), var(o)), var(j));
    const auto text = [&](const Expr& i) {
        return vectorized(module_of(
            {in}, {out}, loop(o, n, vector_loop(j, index(8), store(out, {at}, load(in, {i})))), {N}));
    };
    CHECK(text(at) == "for o in range(N):\n    out[ramp(8 * o, 1, 8)] = in[ramp(8 * o, 1, 8)]\n");
    CHECK(text(imul(index(2), at)) ==
          "for o in range(N):\n    out[ramp(8 * o, 1, 8)] = in[ramp(16 * o, 2, 8)]\n");
    CHECK(text(var(o)) == "for o in range(N):\n    out[ramp(8 * o, 1, 8)] = broadcast(in[o], 8)\n");
    CHECK(
        text(imax(imin(isub(at, index(1)), isub(imul(index(16), n), index(1))), index(0))) ==
        "for o in range(N):\n    out[ramp(8 * o, 1, 8)] = in[max(ramp(8 * o - 1, 1, 8), broadcast(0, 8))]\n");
    CHECK(text(isub(at, index(1))) ==
          "for o in range(N):\n    out[ramp(8 * o, 1, 8)] = in[ramp(8 * o - 1, 1, 8)]\n");
}

TEST_CASE("a tail's predicate, and a guard's") {
    const Param N("N");
    const Expr n = Variable::make(N.symbol, IndexType());
    const Tensor in = tensor("in", UInt(8), {n}), out = tensor("out", UInt(8), {n});
    const Symbol o("o"), j("j");
    const Expr at = iadd(imul(index(16), var(o)), var(j));
    const Expr blocks = ifloordiv(iadd(n, index(15)), index(16));
    const Stmt copy = store(out, {at}, load(in, {at}));
    CHECK(vectorized(module_of(
              {in}, {out},
              loop(o, blocks, vector_loop(j, imin(index(16), isub(n, imul(index(16), var(o)))), copy)),
              {N})) == "for o in range((N + 15) // 16):\n    out[ramp(16 * o, 1, 16) where ramp(0, 1, 16) < "
                       "broadcast(min(16, N - 16 * o), 16)] = in[ramp(16 * o, 1, 16) where ramp(0, 1, 16) < "
                       "broadcast(min(16, N - 16 * o), 16)]\n");
    CHECK(
        vectorized(module_of(
            {in}, {out},
            loop(o, blocks, vector_loop(j, index(16), If::make(binary(BinaryOp::lt, at, n), copy))), {N})) ==
        "for o in range((N + 15) // 16):\n    out[ramp(16 * o, 1, 16) where ramp(16 * o, 1, 16) < "
        "broadcast(N, 16)] = in[ramp(16 * o, 1, 16) where ramp(16 * o, 1, 16) < broadcast(N, 16)]\n");
}

TEST_CASE("a tensor inside a vectorized loop gains a lane dimension; a sum over it is a vector reduction") {
    const Tensor in = tensor("in", Int(32), {index(8)}), out = tensor("out", Int(32), {index(1)}),
                 t = tensor("t", Int(32), {});
    const Symbol j("j");
    const Stmt inside = Allocate::make(
        t, Block::make({store(t, {}, load(in, {var(j)})),
                        Reduce::make(BinaryOp::add, {out.symbol, out.type, {index(0)}, load(t, {})})}));
    CHECK(vectorized(module_of({in}, {out}, vector_loop(j, index(5), inside))) ==
          "with alloc(t: Tensor[Int(32), (8)]):\n    t[ramp(0, 1, 8)] = in[ramp(0, 1, 8)]\n    out[0] += "
          "reduce(+, select(ramp(0, 1, 8) < broadcast(5, 8), t[ramp(0, 1, 8)], broadcast(Int(32)(0), 8)))\n");
}

TEST_CASE("what vectorize_loops refuses") {
    const Param N("N");
    const Expr n = Variable::make(N.symbol, IndexType());
    const Tensor in = tensor("in", Float(32), {n}), out = tensor("out", Float(32), {n});
    const Symbol j("j"), k("k");
    const auto refusal = [&](const Stmt& s) -> std::string {
        try {
            vectorize_loops(module_of({in}, {out}, s, {N}));
        } catch (const Error& e) {
            return e.message();
        }
        return "";
    };
    const Stmt copy = store(out, {var(j)}, load(in, {var(j)}));
    CHECK(refusal(vector_loop(j, n, copy)) ==
          "vectorize(j): the loop's extent N has no constant bound; give a number of lanes: vectorize(j, 8)");
    CHECK(refusal(vector_loop(j, index(5000), copy)) ==
          "vectorize(j): 5000 lanes are more than the 4096 a vector may have; give a number of lanes");
    CHECK(refusal(vector_loop(j, index(8), store(out, {index(0)}, load(in, {var(j)})))) ==
          "vectorize(j) has no vector form: every iteration stores to the same element of out");
    CHECK(refusal(vector_loop(
              j, index(8),
              Reduce::make(BinaryOp::add, {out.symbol, out.type, {index(0)}, load(in, {var(j)})}))) ==
          "vectorize(j) has no vector form: the order of out += matters in type Float(32)");
    CHECK(refusal(vector_loop(j, index(8), While::make(Expr(true), copy))) ==
          "vectorize(j) has no vector form: a while loop inside it ends in each lane at another time");
    CHECK(refusal(vector_loop(j, index(8), Block::make({copy, Print::make({"here"}, {})}))) ==
          "vectorize(j) has no vector form: print keeps its order");
    const auto callee = std::make_shared<ExternFunction>();
    const std::vector<ExternArgument> passed = {{in.symbol, in.type, Direction::in, in.dims, {}}};
    CHECK(refusal(vector_loop(j, index(8), ExternCall::make(callee, passed))) ==
          "vectorize(j) has no vector form: an extern function takes no vectors");
    CHECK(refusal(vector_loop(j, index(8), vector_loop(k, index(8), copy))) ==
          "vectorize(j) has no vector form: loop k inside it is vectorized too");
    CHECK(refusal(vector_loop(j, index(8), loop(k, index(8), copy, LoopKind::parallel()))) ==
          "vectorize(j) has no vector form: loop k inside it is parallel; make it the outer loop");
    CHECK(refusal(vector_loop(j, index(8), For::make(k, var(j), index(8), {}, copy))) == "");
    const Expr unbounded = Binary::make(BinaryOp::floordiv, n, isub(var(j), index(3)));
    CHECK(refusal(vector_loop(j, index(8), loop(k, unbounded, copy))) ==
          "vectorize(j) has no vector form: the length of loop k depends on it");
    const Stmt scatter = Reduce::make(BinaryOp::add, {out.symbol, out.type, {var(k)}, load(in, {var(j)})});
    CHECK(refusal(vector_loop(j, index(8), LetStmt::make(k, imul(var(j), var(j)), scatter))) == "");
    const Expr changes = Binary::make(BinaryOp::gt, load(out, {var(j)}), load(in, {var(j)}));
    CHECK(refusal(
              vector_loop(j, index(8), LetStmt::make(k, imul(var(j), var(j)), If::make(changes, scatter)))) ==
          "vectorize(j) has no vector form: two iterations may update the same element of out");
    CHECK(
        refusal(
            vector_loop(j, index(8), Allocate::make(tensor("t", Int(8), {iadd(var(j), index(1))}), copy))) ==
        "vectorize(j) has no vector form: the place or size of t, which is allocated inside, depends on it");
}
