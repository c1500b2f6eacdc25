#include "check_bounds.h"

#include "lathe/ir/bounds_checks.h"
#include "scoped_pass.h"

namespace lathe::codegen {
namespace {

class BoundsChecker : public ScopedMutator {
    Stmt mutate(const Stmt& s) override {
        if (auto* loop = s.as<While>()) return repeat(s, *loop);
        std::vector<Stmt> parts = checks(s);
        parts.push_back(ScopedMutator::mutate(s));
        return Block::make(std::move(parts));
    }

    /// The condition is evaluated before the loop and at the end of each round.
    Stmt repeat(const Stmt& s, const While& loop) {
        const Stmt check = Block::make(checks(s));
        const Stmt body = Block::make({ScopedMutator::mutate(loop.body), check});
        return Block::make({check, While::make((*this)(loop.condition), body, loop.loc)});
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
