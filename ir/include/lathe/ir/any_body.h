#pragma once
/// \file A walk over the statements in a statement that makes no copies of them, for searches that every
/// schedule call repeats.

#include "lathe/ir/stmt.h"

#include <algorithm>

namespace lathe::ir {

/// The statements from `root` to `loop`, each in the one before it; empty: there is no such loop.
std::vector<Stmt> path_to_loop(const Stmt& root, const Symbol& loop);

/// Calls `f` for each statement directly in `s`, in order, until it returns true; whether it did.
template <class F> bool any_body(const Stmt& s, const F& f) {
    const auto one = [&](const Stmt& body) { return body.defined() && f(body); };
    switch (s.kind()) {
    case StmtKind::block:
        return std::ranges::any_of(s.as<Block>()->stmts, one);
    case StmtKind::for_:
        return one(s.as<For>()->body);
    case StmtKind::while_:
        return one(s.as<While>()->body);
    case StmtKind::if_:
        return one(s.as<If>()->then_body) || one(s.as<If>()->else_body);
    case StmtKind::let:
        return one(s.as<LetStmt>()->body);
    case StmtKind::allocate:
        return one(s.as<Allocate>()->body);
    case StmtKind::stage:
        return one(s.as<Stage>()->body);
    case StmtKind::stream:
        return one(s.as<DeclareStream>()->body);
    case StmtKind::pop:
        return one(s.as<Pop>()->body);
    case StmtKind::fill:
        return one(s.as<Fill>()->body);
    case StmtKind::drain:
        return one(s.as<Drain>()->body);
    case StmtKind::dataflow:
        return one(s.as<Dataflow>()->body);
    case StmtKind::spawn:
        return one(s.as<Spawn>()->call);
    case StmtKind::store:
    case StmtKind::reduce:
    case StmtKind::assert_:
    case StmtKind::print:
    case StmtKind::extern_call:
    case StmtKind::push:
    case StmtKind::call:
    case StmtKind::copy:
        return false;
    }
    throw InternalError("unknown kind of statement");
}

} // namespace lathe::ir
