#pragma once
/// \file Short forms to build modules by hand.

#include "lathe/ir/interpret.h"

namespace lathe::testing {

using namespace ir;

inline Expr var(const Symbol& s) {
    return Variable::make(s, IndexType());
}
inline Expr number(Type t, double x) {
    return Constant::make(cast(t, Value::from_double(Float(64), x)));
}
inline Expr load(const Tensor& t, std::vector<Expr> at, Loc loc = {}, Expr predicate = {}) {
    return Load::make(t.symbol, t.type, std::move(at), loc, std::move(predicate));
}
inline Stmt store(const Tensor& t, std::vector<Expr> at, Expr value, Loc loc = {}, Expr predicate = {}) {
    return Store::make(t.symbol, t.type, std::move(at), std::move(value), loc, std::move(predicate));
}
inline Stmt loop(const Symbol& v, Expr min, Expr extent, Stmt body) {
    return For::make(v, std::move(min), std::move(extent), {}, std::move(body));
}
inline Expr less(Expr a, Expr b) {
    return Binary::make(BinaryOp::lt, std::move(a), std::move(b));
}

inline Tensor tensor(const char* name, Type type, std::vector<Expr> extents) {
    Tensor t;
    t.symbol = Symbol(name);
    t.type = type;
    t.loc = {"user.cpp", 7};
    for (Expr& e : extents)
        t.dims.push_back({index(0), std::move(e)});
    return t;
}

inline Module module_of(std::vector<Argument> arguments, Stmt body, std::vector<Param> params = {},
                        std::vector<Tensor> constants = {}) {
    Function f;
    f.name = "f";
    f.arguments = std::move(arguments);
    f.body = std::move(body);
    f.params = std::move(params);
    f.constants = std::move(constants);
    Module m;
    m.functions.push_back(std::move(f));
    return m;
}

/// What the interpreter says, with the location.
inline std::string refusal(const Module& m, const std::vector<AnyBuffer*>& buffers,
                           const std::map<std::string, Value>& scalars = {}) {
    try {
        interpret(m, buffers, scalars);
    } catch (const InternalError& e) {
        return std::string("internal: ") + e.what();
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

template <class T> std::vector<T> elements(const Buffer<T>& b) {
    return {b.begin(), b.end()};
}

inline const Loc line{"user.cpp", 42};

} // namespace lathe::testing
