#pragma once
/// \file A second meaning of the expansions: native arithmetic on blocks of floats, fast enough for all of
/// them.

#include "lathe/ir/visit.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

namespace lathe::testing {

using namespace ir;

/// Evaluates an expression over Float(32), Bool and 32- and 64-bit integers for `block` values of its
/// variables at a time.
class MathEvaluator {
  public:
    static constexpr size_t block = 512;

    MathEvaluator(const Expr& e, const std::vector<Symbol>& variables) {
        for (const Symbol& s : variables) {
            named[s] = inputs.emplace_back(memory());
        }
        output = compile(e);
    }
    float* input(size_t i) { return reinterpret_cast<float*>(inputs[i]); }
    const float* run() {
        for (const auto& step : steps)
            step();
        return reinterpret_cast<const float*>(output);
    }

  private:
    using Memory = uint64_t*;

    Memory memory() {
        blocks.push_back(std::make_unique<uint64_t[]>(block));
        return blocks.back().get();
    }

    /// Calls f with a value of the C++ type that stands for `t`.
    template <class F> static void with_type(Type t, F f) {
        t = t.element();
        if (t.is_bool()) return f(uint8_t());
        if (t == Float(32)) return f(float());
        if (t == Int(32)) return f(int32_t());
        if (t == Int(64)) return f(int64_t());
        if (t == UInt(64)) return f(uint64_t());
        invariant(t == UInt(32) || t == UInt(6), "a type that the expansions use");
        f(uint32_t());
    }

    template <class R, class A, class F> void step(Memory r, Memory a, F f) {
        steps.push_back([=] {
            for (size_t i = 0; i < block; ++i)
                reinterpret_cast<R*>(r)[i] = static_cast<R>(f(reinterpret_cast<const A*>(a)[i]));
        });
    }
    template <class R, class A, class B, class F> void step(Memory r, Memory a, Memory b, F f) {
        steps.push_back([=] {
            for (size_t i = 0; i < block; ++i)
                reinterpret_cast<R*>(r)[i] =
                    static_cast<R>(f(reinterpret_cast<const A*>(a)[i], reinterpret_cast<const B*>(b)[i]));
        });
    }

    Memory compile(const Expr& e) {
        const auto known = done.find(e.get());
        if (known != done.end()) return known->second;
        const Memory r = node(e);
        done[e.get()] = r;
        return r;
    }

    Memory node(const Expr& e) {
        if (const auto* n = e.as<Variable>()) return named.at(n->symbol);
        if (const auto* n = e.as<Let>()) {
            named[n->symbol] = compile(n->value);
            return compile(n->body);
        }
        std::vector<Memory> in;
        for (const Expr& x : operands(e))
            in.push_back(compile(x));
        const Memory r = memory();
        with_type(e.type(), [&](auto t) { emit<decltype(t)>(e, r, in); });
        return r;
    }

    template <class R> void emit(const Expr& e, Memory r, const std::vector<Memory>& in) {
        if (const auto* n = e.as<Constant>()) {
            const auto x =
                static_cast<R>(e.type().is_float() ? n->value.as_double() : n->value.bit_pattern().get_d());
            const uint64_t bits = n->value.bit_pattern().get_ui();
            for (size_t i = 0; i < block; ++i)
                std::is_floating_point_v<R>
                    ? void(reinterpret_cast<R*>(r)[i] = x)
                    : void(std::memcpy(reinterpret_cast<R*>(r) + i, &bits, sizeof(R)));
        } else if (const auto* u = e.as<Unary>()) {
            unary<R>(u->op, r, in[0]);
        } else if (const auto* b = e.as<Binary>()) {
            with_type(b->a.type(), [&](auto a) { binary<R, decltype(a)>(*b, r, in); });
        } else if (e.as<Cast>()) {
            with_type(operands(e)[0].type(),
                      [&](auto a) { step<R, decltype(a)>(r, in[0], [](auto x) { return x; }); });
        } else if (e.as<Bitcast>()) {
            with_type(operands(e)[0].type(), [&](auto a) {
                if constexpr (sizeof(a) == sizeof(R))
                    step<R, decltype(a)>(r, in[0], [](auto x) { return std::bit_cast<R>(x); });
            });
        } else if (e.as<Select>()) {
            steps.push_back([=] {
                for (size_t i = 0; i < block; ++i)
                    reinterpret_cast<R*>(r)[i] = reinterpret_cast<const uint8_t*>(in[0])[i]
                                                     ? reinterpret_cast<const R*>(in[1])[i]
                                                     : reinterpret_cast<const R*>(in[2])[i];
            });
        } else {
            invariant(e.as<Fma>() != nullptr, "a node that the expansions use");
            steps.push_back([=] {
                const auto at = [&](size_t k) { return reinterpret_cast<const float*>(in[k]); };
                for (size_t i = 0; i < block; ++i)
                    reinterpret_cast<float*>(r)[i] = std::fma(at(0)[i], at(1)[i], at(2)[i]);
            });
        }
    }

    template <class R> void unary(UnaryOp op, Memory r, Memory a) {
        if constexpr (std::same_as<R, float>) {
            if (op == UnaryOp::neg) return step<R, R>(r, a, [](float x) { return -x; });
            if (op == UnaryOp::abs) return step<R, R>(r, a, [](float x) { return std::fabs(x); });
            if (op == UnaryOp::trunc) return step<R, R>(r, a, [](float x) { return std::trunc(x); });
        }
        invariant(op == UnaryOp::bit_not && sizeof(R) == 1, "a unary operation that the expansions use");
        step<R, R>(r, a, [](R x) { return !x; });
    }

    /// Wrapping integer arithmetic is unsigned in C++; both operands have one type but for shifts.
    template <class R, class A> void binary(const Binary& n, Memory r, const std::vector<Memory>& in) {
        if constexpr (std::integral<A>) {
            switch (n.op) {
            case BinaryOp::shl:
                return step<R, A, uint32_t>(r, in[0], in[1],
                                            [](A x, uint32_t y) { return static_cast<uint64_t>(x) << y; });
            case BinaryOp::shr:
                return step<R, A, uint32_t>(r, in[0], in[1], [](A x, uint32_t y) { return x >> y; });
            case BinaryOp::bit_and:
            case BinaryOp::logical_and:
                return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x & y; });
            case BinaryOp::bit_or:
            case BinaryOp::logical_or:
                return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x | y; });
            case BinaryOp::bit_xor:
                return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x ^ y; });
            default:
                break;
            }
        } else if (n.op == BinaryOp::div) {
            return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x / y; });
        }
        using U = std::conditional_t<std::integral<A>, uint64_t, A>;
        switch (n.op) {
        case BinaryOp::add:
            return step<R, A, A>(r, in[0], in[1],
                                 [](A x, A y) { return static_cast<U>(x) + static_cast<U>(y); });
        case BinaryOp::sub:
            return step<R, A, A>(r, in[0], in[1],
                                 [](A x, A y) { return static_cast<U>(x) - static_cast<U>(y); });
        case BinaryOp::mul:
            return step<R, A, A>(r, in[0], in[1],
                                 [](A x, A y) { return static_cast<U>(x) * static_cast<U>(y); });
        case BinaryOp::eq:
            return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x == y; });
        case BinaryOp::ne:
            return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x != y; });
        case BinaryOp::lt:
            return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x < y; });
        case BinaryOp::le:
            return step<R, A, A>(r, in[0], in[1], [](A x, A y) { return x <= y; });
        default:
            throw InternalError("a binary operation that the expansions do not use");
        }
    }

    std::vector<std::unique_ptr<uint64_t[]>> blocks;
    std::vector<Memory> inputs;
    std::map<Symbol, Memory> named;
    std::unordered_map<const ExprNode*, Memory> done;
    std::vector<std::function<void()>> steps;
    Memory output;
};

} // namespace lathe::testing
