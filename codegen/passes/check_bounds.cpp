#include "check_bounds.h"

#include "lathe/ir/bounds_checks.h"
#include "lathe/ir/planted.h"
#include "scoped_pass.h"

namespace lathe::codegen {
namespace {

class BoundsChecker : public ScopedMutator {
    using ScopedMutator::mutate;
    Stmt mutate(const Stmt& s) override {
        std::vector<Stmt> parts = checks(s);
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

    std::vector<Stmt> checks(const Stmt& s) {
        const auto dims = [&](const Symbol& t) -> const std::vector<Dim>& { return declaration(t).dims; };
        return bounds_checks(s, dims, facts());
    }
};

} // namespace

Module check_bounds(const Module& module) {
    return BoundsChecker().run(module);
}

} // namespace lathe::codegen
