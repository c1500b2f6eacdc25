#pragma once
/// \file What stands at the root of a Function.

#include "lathe/ir/stmt.h"

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

} // namespace lathe::schedule
