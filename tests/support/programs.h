#pragma once
/// \file Algorithms that the schedule tests share, and the comparison of a schedule with its reference.

#include "checking.h"

#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/dsl/reduction.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/print.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"
#include "lathe/schedule/schedule.h"

#include <doctest/doctest.h>
#include <random>

namespace lathe {

using namespace ir;

using Sizes = std::map<std::string, int64_t>;

inline Value random_value(Type t, std::mt19937& random) {
    if (t.is_float()) return Value::from_double(t, static_cast<int>(random() % 33) / 4.0 - 4);
    return Value::from_raw(t, mpz_class(static_cast<int>(random() & 0xffff) - 0x8000));
}

/// The tensor of that name that is made somewhere, or null.
inline const Tensor* tensor_named(const Module& m, const std::string& name) {
    const Tensor* found = nullptr;
    for (const Function& f : m.functions)
        for_each(
            f.body,
            [&](const Stmt& s) {
                const auto* a = s.as<Allocate>();
                for (size_t n = 0; a && n < a->tensors.size(); ++n)
                    if (a->tensors[n].symbol.name() == name) found = &a->tensors[n];
            },
            nullptr);
    return found;
}

/// The arguments' buffers: what is read is random, outputs are zero.
inline std::vector<AnyBuffer> make_arguments(const Module& m, const Sizes& sizes, unsigned seed) {
    std::map<Symbol, Value> values;
    for (const Param& p : m.top().params)
        values[p.symbol] = Value::index(sizes.at(p.symbol.name()));
    std::mt19937 random(seed);
    std::vector<AnyBuffer> buffers;
    for (const Argument& a : m.top().arguments) {
        std::vector<int64_t> shape;
        for (const Dim& d : a.tensor.dims)
            shape.push_back(evaluate(d.extent, values).as_int64());
        AnyBuffer b(a.tensor.type, shape);
        if (a.direction != Direction::out && b.size() > 0) {
            std::vector<int64_t> at(shape.size(), 0);
            for (int64_t n = 0; n < b.size(); ++n) {
                b.set(at, random_value(a.tensor.type, random));
                for (size_t d = at.size(); d-- > 0;) {
                    if (++at[d] < shape[d]) break;
                    at[d] = 0;
                }
            }
        }
        buffers.push_back(b);
    }
    return buffers;
}

/// The values of the parameters that no buffer binds.
inline std::map<std::string, Value> make_scalars(const Module& m, const Sizes& sizes) {
    std::map<std::string, Value> scalars;
    for (const Param& p : m.top().params) {
        bool bound = false;
        for (const Argument& a : m.top().arguments)
            for (const Dim& d : a.tensor.dims) {
                const Variable* v = d.extent.as<Variable>();
                bound |= v && v->symbol == p.symbol;
            }
        if (!bound) scalars[p.symbol.name()] = Value::index(sizes.at(p.symbol.name()));
    }
    return scalars;
}

inline std::vector<AnyBuffer> run(const Module& m, const Sizes& sizes, unsigned seed) {
    std::vector<AnyBuffer> buffers = make_arguments(m, sizes, seed);
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : buffers)
        pointers.push_back(&b);
    interpret(m, pointers, make_scalars(m, sizes));
    return buffers;
}

inline bool same_result(const Module& a, const Module& b, const Sizes& sizes, unsigned seed = 1) {
    std::vector<AnyBuffer> x = run(a, sizes, seed), y = run(b, sizes, seed);
    for (size_t n = 0; n < x.size(); ++n)
        if (!bit_equal(x[n], y[n])) return false;
    return true;
}

/// The first difference between the two in checking mode; empty: there is none.
inline std::string difference(const Module& reference, const Module& scheduled, const Sizes& sizes,
                              unsigned seed = 1) {
    return check_schedule(reference, scheduled, make_arguments(reference, sizes, seed),
                          make_scalars(reference, sizes));
}

/// The scheduled Module is well-formed, and computes what the reference does by the same terms, without
/// races.
inline void expect_right(const Schedule& s, const std::vector<Sizes>& all) {
    INFO(print(s));
    verify(s.module());
    for (const Sizes& sizes : all) {
        std::string text;
        for (const auto& [name, size] : sizes)
            text += name + "=" + std::to_string(size) + " ";
        INFO(text);
        CHECK(difference(s.reference(), s.module(), sizes) == "");
    }
}

/// C += A·B.
struct Gemm {
    Param M{"M"}, N{"N"}, K{"K"};
    Input A, B;
    Var i{"i"}, j{"j"};
    RDom k{0, K, "k"};
    Func C;
    explicit Gemm(Type t = Float(32), Type sum = Float(32))
        : A("A", t, {M, K}), B("B", t, {K, N}), C("C", sum, {M, N}) {
        C(i, j) = 0;
        C(i, j) += A(i, k) * B(k, j);
    }
    static std::vector<Sizes> sizes() {
        return {{{"M", 7}, {"N", 19}, {"K", 5}}, {{"M", 12}, {"N", 32}, {"K", 3}},
                {{"M", 1}, {"N", 1}, {"K", 1}},  {{"M", 0}, {"N", 4}, {"K", 3}},
                {{"M", 3}, {"N", 0}, {"K", 2}},  {{"M", 5}, {"N", 17}, {"K", 0}}};
    }
};

/// The same with B copied into panels, and tiles that are summed apart.
struct PackedGemm {
    Param M{"M"}, N{"N"}, K{"K"};
    Input A{"A", Float(32), {M, K}}, B{"B", Float(32), {K, N}};
    Var i{"i"}, j{"j"}, kk{"kk"};
    RDom k{0, K, "k"};
    Func panel{"panel", Float(32), {K, N}}, P{"P", Float(32), {M, N}}, C{"C", Float(32), {M, N}};
    PackedGemm() {
        panel(kk, j) = B(kk, j);
        P(i, j) = 0;
        P(i, j) += A(i, k) * panel(k, j);
        C(i, j) = P(i, j);
    }
};

/// Two passes of a three-point blur.
struct Blur {
    Param H{"H"}, W{"W"};
    Input in;
    Var y{"y"}, x{"x"};
    Func rows{"rows"}, out;
    explicit Blur(Type t = UInt(8))
        : in("in", t, {Operand(H + 2), Operand(W + 2)}), out("out", UInt(16), {H, W}) {
        rows(y, x) = in(y, x) + in(y, x + 1) + in(y, x + 2);
        out(y, x) = rows(y, x) + rows(y + 1, x) + rows(y + 2, x);
    }
    static std::vector<Sizes> sizes() {
        return {{{"H", 9}, {"W", 13}},
                {{"H", 8}, {"W", 16}},
                {{"H", 1}, {"W", 1}},
                {{"H", 0}, {"W", 3}},
                {{"H", 5}, {"W", 0}}};
    }
};

} // namespace lathe
