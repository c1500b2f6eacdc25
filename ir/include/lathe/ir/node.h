#pragma once
/// \file Typed visits: what a function does with each kind of node. One that leaves a node out does not
/// compile.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// Calls `f` with the statement's node, a `const For&` and so on, and gives back what it returns. \pre `s` is
/// defined. `f` takes every node: an object with a method for each, or an Overloads of lambdas. Nodes that
/// are treated alike are named in a OneOf, so that a new one is not among them before somebody says so.
template <class F> decltype(auto) with_node(const Stmt& s, F&& f) {
    switch (s.kind()) {
    case StmtKind::block:
        return f(*s.as<Block>());
    case StmtKind::for_:
        return f(*s.as<For>());
    case StmtKind::while_:
        return f(*s.as<While>());
    case StmtKind::if_:
        return f(*s.as<If>());
    case StmtKind::let:
        return f(*s.as<LetStmt>());
    case StmtKind::store:
        return f(*s.as<Store>());
    case StmtKind::reduce:
        return f(*s.as<Reduce>());
    case StmtKind::allocate:
        return f(*s.as<Allocate>());
    case StmtKind::assert_:
        return f(*s.as<Assert>());
    case StmtKind::print:
        return f(*s.as<Print>());
    case StmtKind::extern_call:
        return f(*s.as<ExternCall>());
    case StmtKind::stage:
        return f(*s.as<Stage>());
    case StmtKind::stream:
        return f(*s.as<DeclareStream>());
    case StmtKind::push:
        return f(*s.as<Push>());
    case StmtKind::pop:
        return f(*s.as<Pop>());
    case StmtKind::fill:
        return f(*s.as<Fill>());
    case StmtKind::drain:
        return f(*s.as<Drain>());
    case StmtKind::call:
        return f(*s.as<CallStmt>());
    case StmtKind::dataflow:
        return f(*s.as<Dataflow>());
    case StmtKind::spawn:
        return f(*s.as<Spawn>());
    case StmtKind::copy:
        return f(*s.as<Copy>());
    }
    throw InternalError("unknown kind of statement");
}

/// The same for an expression.
template <class F> decltype(auto) with_node(const Expr& e, F&& f) {
    switch (e.kind()) {
    case ExprKind::constant:
        return f(*e.as<Constant>());
    case ExprKind::variable:
        return f(*e.as<Variable>());
    case ExprKind::load:
        return f(*e.as<Load>());
    case ExprKind::unary:
        return f(*e.as<Unary>());
    case ExprKind::binary:
        return f(*e.as<Binary>());
    case ExprKind::select:
        return f(*e.as<Select>());
    case ExprKind::cast:
        return f(*e.as<Cast>());
    case ExprKind::bitcast:
        return f(*e.as<Bitcast>());
    case ExprKind::slice:
        return f(*e.as<Slice>());
    case ExprKind::fma:
        return f(*e.as<Fma>());
    case ExprKind::call:
        return f(*e.as<Call>());
    case ExprKind::let:
        return f(*e.as<Let>());
    case ExprKind::ramp:
        return f(*e.as<Ramp>());
    case ExprKind::broadcast:
        return f(*e.as<Broadcast>());
    case ExprKind::vector_reduce:
        return f(*e.as<VectorReduce>());
    }
    throw InternalError("unknown kind of expression");
}

/// Lambdas as one function with an overload each.
template <class... F> struct Overloads : F... {
    using F::operator()...;
};

} // namespace lathe::ir
