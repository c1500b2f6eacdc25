#pragma once
/// \file Small modules for tests of lowering passes, and what every pass must keep: the interpreter's
/// results.

#include "../ir/interpret_random.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/print.h"
#include "lathe/ir/verify.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

namespace lathe::testing {

using namespace ir;

inline Expr var(const Symbol& s) {
    return Variable::make(s, IndexType());
}
inline Expr binary(BinaryOp op, Expr a, Expr b) {
    return Binary::make(op, std::move(a), std::move(b));
}
inline Expr as_type(Type t, Expr a) {
    return Cast::make(t, std::move(a));
}

/// A dense tensor of constant or symbolic extents, from 0.
inline Tensor tensor(std::string name, Type t, const std::vector<Expr>& extents) {
    Tensor result;
    result.symbol = Symbol(std::move(name));
    result.type = t;
    for (const Expr& e : extents)
        result.dims.push_back({index(0), e});
    return result;
}

inline Expr load(const Tensor& t, std::vector<Expr> at) {
    return Load::make(t.symbol, t.type, std::move(at));
}
inline Stmt store(const Tensor& t, std::vector<Expr> at, Expr value) {
    return Store::make(t.symbol, t.type, std::move(at), std::move(value));
}
inline Stmt loop(const Symbol& v, Expr extent, Stmt body, LoopKind kind = {}) {
    return For::make(v, index(0), std::move(extent), std::move(kind), std::move(body));
}

/// A module of one function.
inline Module module_of(std::vector<Tensor> inputs, std::vector<Tensor> outputs, Stmt body,
                        std::vector<Param> params = {}) {
    Function f;
    f.name = "f";
    f.params = std::move(params);
    for (Tensor& t : inputs)
        f.arguments.push_back({std::move(t), Direction::in});
    for (Tensor& t : outputs)
        f.arguments.push_back({std::move(t), Direction::inout});
    f.body = std::move(body);
    Module m;
    m.functions.push_back(std::move(f));
    return m;
}

/// A buffer of another type that holds the same numbers' integers (fixed point), or the same values.
inline AnyBuffer same_bits(Type t, const AnyBuffer& from) {
    AnyBuffer result(t, from.shape());
    const auto size = static_cast<size_t>(from.size());
    for (size_t i = 0; i < size; ++i) {
        const Value v = load_element(from.type(), from.data() + i * element_bytes(from.type()));
        store_element(t, result.data() + i * element_bytes(t),
                      t.is_exact() ? Value::from_raw(t, v.raw()) : v);
    }
    return result;
}

inline AnyBuffer random_buffer(Random& random, Type t, const std::vector<int64_t>& shape) {
    AnyBuffer result(t, shape);
    for (int64_t i = 0; i < result.size(); ++i)
        store_element(t, result.data() + static_cast<size_t>(i) * element_bytes(t), random.value(t));
    return result;
}

/// The arguments after a run on copies of `buffers` (which are given in any type of equal bits).
inline std::vector<AnyBuffer> results(const Module& m, const std::vector<AnyBuffer>& buffers,
                                      const std::map<std::string, Value>& scalars = {}) {
    std::vector<AnyBuffer> copies;
    for (size_t i = 0; i < buffers.size(); ++i)
        copies.push_back(same_bits(m.top().arguments[i].tensor.type, buffers[i]));
    std::vector<AnyBuffer*> pointers;
    for (AnyBuffer& b : copies)
        pointers.push_back(&b);
    interpret(m, pointers, scalars);
    return copies;
}

/// Checks that both modules give equal results, as integers where the types differ.
inline void check_equal_results(const Module& before, const Module& after,
                                const std::vector<AnyBuffer>& buffers,
                                const std::map<std::string, Value>& scalars = {}) {
    INFO(print(before));
    INFO(print(after));
    REQUIRE_NOTHROW(verify(after));
    std::vector<AnyBuffer> expected, got;
    REQUIRE_NOTHROW(expected = results(before, buffers, scalars));
    REQUIRE_NOTHROW(got = results(after, buffers, scalars));
    for (size_t i = 0; i < buffers.size(); ++i)
        REQUIRE(bit_equal(same_bits(got[i].type(), expected[i]), got[i]));
}

/// What lower.h promises of every expression and statement, but for the loops' kinds. Empty, or the first
/// breach.
inline std::string machine_form_breach(const Module& m) {
    std::string breach;
    const auto expression = [&](const Expr& e) {
        const auto require = [&](bool ok, const char* what) {
            if (!ok && breach.empty())
                breach = std::string(what) + ": " + print(e) + " of type " + e.type().str();
        };
        const Type t = e.type();
        require(!t.is_fixed() && !t.is_real(), "not a machine type");
        if (auto* b = e.as<Binary>()) {
            require(b->a.type() == b->b.type(), "operands of two types");
            if (!is_compare(b->op)) require(b->a.type() == t, "an operand has not the node's type");
            const bool logic = b->op == BinaryOp::bit_and || b->op == BinaryOp::bit_or ||
                               b->op == BinaryOp::bit_xor || b->op == BinaryOp::logical_and ||
                               b->op == BinaryOp::logical_or || b->op == BinaryOp::eq ||
                               b->op == BinaryOp::ne;
            require(!b->a.type().is_bool() || logic, "arithmetic on Bools");
        }
        if (auto* u = e.as<Unary>()) {
            require(u->a.type() == t, "an operand has not the node's type");
            require(!t.is_exact() || u->op == UnaryOp::bit_not, "neg or abs of an exact type");
        }
        if (auto* s = e.as<Select>())
            require(s->then_value.type() == t && s->else_value.type() == t, "an arm has not the node's type");
        require(e.kind() != ExprKind::slice, "a slice");
        if (auto* c = e.as<Call>()) require(c->function == "popcount" || c->function == "reverse", "a call");
    };
    const auto statement = [&](const Stmt& s) {
        const auto require = [&](bool ok, const char* what) {
            if (!ok && breach.empty()) breach = std::string(what) + ": " + print(s);
        };
        if (auto* w = s.as<Store>())
            for (const StoreTarget& t : w->targets)
                require(t.value.type().element() == t.type, "a value has not the tensor's type");
        if (auto* r = s.as<Reduce>()) {
            require(r->target.value.type().element() == r->target.type, "a value has not the tensor's type");
            require(r->commutes, "a reduction whose order matters");
        }
    };
    for (const Function& f : m.functions)
        for_each(f.body, statement, expression);
    return breach;
}

} // namespace lathe::testing
