#pragma once
/// \file What stands at the root of a Function.

#include "lathe/ir/visit.h"

#include <set>

namespace lathe::schedule {

using namespace ir;

/// Its statements, in order, and the arrays around them.
struct Roots {
    std::vector<Tensor> arrays;
    std::vector<Stmt> statements;

    explicit Roots(const Stmt& body) { add(body); }

  private:
    void add(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* a = s.as<Allocate>()) {
            arrays.insert(arrays.end(), a->tensors.begin(), a->tensors.end());
            add(a->body);
        } else if (const auto* b = s.as<Block>()) {
            for (const Stmt& each : b->stmts)
                add(each);
        } else {
            statements.push_back(s);
        }
    }
};

inline std::set<Symbol> without_own(std::set<Symbol> tensors, const Stmt& s) {
    for_each_stmt(s, [&](const Stmt& x) {
        if (const auto* a = x.as<Allocate>())
            for (const Tensor& t : a->tensors)
                tensors.erase(t.symbol);
    });
    return tensors;
}

/// Tensors that the statement reads and that are there before it.
inline std::set<Symbol> read_from_outside(const Stmt& s) {
    return without_own(tensors_read(s), s);
}

/// Tensors that the statement stores in and that are there after it.
inline std::set<Symbol> stored_outside(const Stmt& s) {
    return without_own(tensors_written(s), s);
}

} // namespace lathe::schedule
