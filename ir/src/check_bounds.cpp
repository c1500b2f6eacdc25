#include "lathe/ir/check_bounds.h"

#include "../analysis/bounds_checks.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/scoped_pass.h"

#include <utility>

namespace lathe::ir {
namespace {

class BoundsChecker : public ScopedMutator {
    using ScopedMutator::mutate;
    Stmt mutate(const Stmt& s) override {
        // A network holds nothing but channels and what it runs.
        const bool process = joins && (s.as<CallStmt>() || s.as<Spawn>());
        std::vector<Stmt> parts = process ? std::vector<Stmt>() : checks(s);
        parts.push_back(ScopedMutator::mutate(s));
        return Block::make(std::move(parts));
    }

    /// The condition is evaluated before the loop and at the end of each round.
    using ScopedMutator::visit;
    Stmt visit(const While& loop, const Stmt& s) override {
        const bool unchecked = planted.has(Fault::round_unchecked);
        const Stmt round = unchecked ? ScopedMutator::mutate(loop.body) : (*this)(loop.body);
        const Stmt body = Block::make({round, Block::make(checks(s))});
        return While::make((*this)(loop.condition), body, loop.loc);
    }

    Stmt visit(const LetStmt& l, const Stmt& s) override {
        if (!l.value.type().is_index()) return ScopedMutator::visit(l, s);
        return LetStmt::make(l.symbol, (*this)(l.value), inside(l.symbol, l.value, index(1), l.body), l.loc);
    }

    Stmt visit(const Dataflow& d, const Stmt& s) override {
        const bool outer = std::exchange(joins, true);
        Stmt result = ScopedMutator::visit(d, s);
        joins = outer;
        return result;
    }

    std::vector<Stmt> checks(const Stmt& s) {
        const auto dims = [&](const Symbol& t) -> const std::vector<Dim>& { return declaration(t).dims; };
        return bounds_checks(s, dims, facts());
    }

    bool joins = false; ///< in a network
};

} // namespace

Module check_bounds(const Module& module) {
    return BoundsChecker().run(module);
}

Module check_views(const Module& module) {
    if (module.functions.size() == 1) return module;
    Module checked = BoundsChecker().run(module);
    checked.functions.front() = module.functions.front();
    return checked;
}

} // namespace lathe::ir
