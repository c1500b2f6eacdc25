#pragma once
/// \file Random expressions of every type and operation of the language.

#include "passes_support.h"

namespace lathe::testing {

using namespace ir;

/// Grows random expression trees over loads of `inputs` at the subscript `at`, the loop variable and
/// constants.
class RandomExpr {
  public:
    RandomExpr(Random& random, std::vector<Tensor> inputs, Expr at, int64_t extent)
        : random(random), inputs(std::move(inputs)), at(std::move(at)), extent(extent) {}

    Expr operator()(int depth) {
        for (;;) {
            try {
                Expr e = depth == 0 ? leaf() : node(depth);
                if (e.type().is_real()) continue;
                if (e.type().width() > 150) e = as_type(random.exact(), e);
                return e;
            } catch (const InternalError&) {
                throw;
            } catch (const Error&) { // types that do not go together
            }
        }
    }

    Expr condition(int depth) {
        if (random.chance(4)) return binary(compare_op(), at, index(random.between(0, extent)));
        return binary(compare_op(), (*this)(depth - 1), (*this)(depth - 1));
    }

  private:
    Random& random;
    std::vector<Tensor> inputs;
    Expr at;
    int64_t extent;

    BinaryOp compare_op() {
        return random.pick(std::vector<BinaryOp>{BinaryOp::eq, BinaryOp::ne, BinaryOp::lt, BinaryOp::le,
                                                 BinaryOp::gt, BinaryOp::ge});
    }

    Expr leaf() {
        switch (random.between(0, 6)) {
        case 0:
            return Constant::make(random.value(random.any()));
        case 1:
            return as_type(random.integer(), at);
        case 2: { // a gather, kept in bounds
            const Expr wild = as_type(IndexType(), as_type(Int(32), load(random.pick(inputs), {at})));
            return load(random.pick(inputs), {imax(imin(wild, index(extent - 1)), index(0))});
        }
        default:
            return load(random.pick(inputs), {at});
        }
    }

    Expr real_literal() {
        return Constant::make(Value::real(mpq_class(static_cast<long>(random.between(-300, 300)), 64)));
    }

    /// A real literal now and then: it takes its type from the other operand.
    Expr other(int depth) { return random.chance(6) ? real_literal() : (*this)(depth - 1); }

    Expr node(int depth) {
        const Expr x = (*this)(depth - 1);
        switch (random.between(0, 13)) {
        case 0:
            return Unary::make(
                random.pick(std::vector<UnaryOp>{UnaryOp::neg, UnaryOp::bit_not, UnaryOp::abs}), x);
        case 1:
        case 2:
        case 3: {
            const auto op = random.pick(std::vector<BinaryOp>{BinaryOp::add, BinaryOp::sub, BinaryOp::mul,
                                                              BinaryOp::div, BinaryOp::min, BinaryOp::max});
            const Expr y = other(depth);
            return random.chance(2) ? binary(op, x, y) : binary(op, y, x);
        }
        case 4:
            return binary(
                random.pick(std::vector<BinaryOp>{BinaryOp::mod, BinaryOp::floordiv, BinaryOp::floormod}), x,
                (*this)(depth - 1));
        case 5:
            return binary(
                random.pick(std::vector<BinaryOp>{BinaryOp::bit_and, BinaryOp::bit_or, BinaryOp::bit_xor}), x,
                (*this)(depth - 1));
        case 6:
            return binary(random.chance(2) ? BinaryOp::shl : BinaryOp::shr, x, amount(depth));
        case 7:
            return binary(compare_op(), x, other(depth));
        case 8:
            return Select::make(condition(depth), x, other(depth));
        case 9:
            return as_type(random.any(), x);
        case 10:
            return as_type(random.exact(), x);
        case 11:
            return bits(x, depth);
        case 12: {
            const Symbol s("t");
            const Expr v = Variable::make(s, x.type());
            return Let::make(s, x, binary(BinaryOp::add, v, binary(BinaryOp::mul, v, (*this)(depth - 1))));
        }
        default:
            return as_type(random.any(), real_literal());
        }
    }

    Expr amount(int depth) {
        if (random.chance(2))
            return Constant::make(Value::literal(static_cast<long>(random.between(-70, 70))));
        return as_type(random.chance(2) ? Int(static_cast<int>(random.between(1, 9)))
                                        : UInt(static_cast<int>(random.between(1, 9))),
                       (*this)(depth - 1));
    }

    Expr bits(const Expr& x, int depth) {
        const int w = x.type().width();
        const int lo = static_cast<int>(random.between(0, w - 1)),
                  hi = static_cast<int>(random.between(lo, w - 1));
        switch (random.between(0, 5)) {
        case 0:
            return Slice::make(x, hi, lo);
        case 1:
            return Call::make("concat", {x, (*this)(depth - 1)});
        case 2:
            return Call::make("with_slice", {x, (*this)(depth - 1), index(hi), index(lo)});
        case 3:
            return Call::make("popcount", {x});
        case 4:
            return Call::make("reverse", {x});
        default: {
            if (w == 16) return Bitcast::make(random.chance(2) ? BFloat(16) : Float(16), x);
            if (w == 32 || w == 64)
                return Bitcast::make(random.chance(2) && x.type().is_exact() ? Float(w) : Int(w), x);
            return Bitcast::make(random.chance(2) ? Fixed(w, 3) : UInt(w), x);
        }
        }
    }
};

/// Extent of the loop and the inputs.
inline constexpr int64_t size = 24;

struct Case {
    Module module;
    std::vector<AnyBuffer> buffers;
};

inline std::vector<Tensor> random_inputs(Random& random) {
    std::vector<Tensor> inputs;
    for (int n = 0; n < 3; ++n)
        inputs.push_back(
            tensor("in" + std::to_string(n), n == 0 ? random.any() : random.exact(), {index(size)}));
    return inputs;
}

inline Case finished(Random& random, std::vector<Tensor> inputs, std::vector<Tensor> outputs, Stmt body) {
    Case c;
    for (const auto& list : {inputs, outputs})
        for (const Tensor& t : list) {
            std::vector<int64_t> shape;
            for (const Dim& d : t.dims)
                shape.push_back(*as_int(d.extent));
            c.buffers.push_back(random_buffer(random, t.type, shape));
        }
    c.module = module_of(std::move(inputs), std::move(outputs), std::move(body));
    return c;
}

/// out[i] = a random expression.
inline Case random_store(uint64_t seed) {
    Random random(seed);
    std::vector<Tensor> inputs = random_inputs(random);
    const Tensor out = tensor("out", random.any(), {index(size)});
    const Symbol i("i");
    RandomExpr expr(random, inputs, var(i), size);
    const Expr value =
        random.chance(10)
            ? Constant::make(Value::real(mpq_class(static_cast<long>(random.between(-999, 999)), 32)))
            : expr(static_cast<int>(random.between(1, 4)));
    Stmt body = store(out, {var(i)}, value);
    if (random.chance(4)) body = If::make(expr.condition(2), body, store(out, {var(i)}, expr(1)));
    return finished(random, inputs, {out}, loop(i, index(size), body));
}

/// out[i % 3] op= a random expression.
inline Case random_reduce(uint64_t seed) {
    Random random(seed);
    std::vector<Tensor> inputs = random_inputs(random);
    const Symbol i("i");
    RandomExpr expr(random, inputs, var(i), size);
    static const std::vector<BinaryOp> ops = {BinaryOp::add,     BinaryOp::mul,     BinaryOp::min,
                                              BinaryOp::max,     BinaryOp::bit_and, BinaryOp::bit_or,
                                              BinaryOp::bit_xor, BinaryOp::sub};
    for (;;) {
        const Tensor out = tensor("out", random.any(), {index(3)});
        Expr value =
            random.chance(8)
                ? Constant::make(Value::real(mpq_class(static_cast<long>(random.between(-99, 99)), 16)))
                : expr(static_cast<int>(random.between(0, 2)));
        if (value.type().is_exact() && random.chance(3))
            value = as_type(random.chance(2) ? out.type : UInt(3), value);
        try {
            const BinaryOp op = random.pick(ops);
            if (value.type().is_real() && op != BinaryOp::sub && op > BinaryOp::max) continue;
            const Stmt update = Reduce::make(op, {out.symbol, out.type, {ifloormod(var(i), index(3))}, value},
                                             {}, {}, random.chance(2));
            return finished(random, inputs, {out}, loop(i, index(size), update));
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // types that do not go together
        }
    }
}

/// local[i] = an expression; more[i] = one over that; out[i] = one over both. Integers only.
inline Case random_pipeline(uint64_t seed) {
    Random random(seed);
    std::vector<Tensor> inputs, locals;
    for (int n = 0; n < 2; ++n)
        inputs.push_back(tensor("in" + std::to_string(n), random.integer(), {index(size)}));
    const Tensor out = tensor("out", random.integer(), {index(size)});
    std::vector<Tensor> known = inputs;
    std::vector<Stmt> stages;
    const auto stage = [&](const Tensor& t) {
        const Symbol i("i");
        RandomExpr expr(random, known, var(i), size);
        Expr value = expr(static_cast<int>(random.between(1, 3)));
        if (!value.type().is_int()) value = as_type(random.integer(), value);
        stages.push_back(loop(i, index(size), store(t, {var(i)}, value)));
        if (random.chance(4)) {
            const Symbol r("r");
            RandomExpr again(random, known, var(r), size);
            stages.push_back(
                loop(r, index(size),
                     Reduce::make(BinaryOp::add,
                                  {t.symbol, t.type, {var(r)}, as_type(random.integer(), again(1))})));
        }
        known.push_back(t);
    };
    for (int n = 0; n < 2; ++n) {
        locals.push_back(tensor("local" + std::to_string(n), random.integer(), {index(size)}));
        stage(locals.back());
    }
    stage(out);
    Stmt body = Block::make(stages);
    for (const Tensor& t : locals)
        body = Allocate::make(t, body);
    return finished(random, inputs, {out}, body);
}

} // namespace lathe::testing
