#include "check_bounds.h"

#include "lathe/ir/analysis.h"
#include "scoped_pass.h"

#include <algorithm>

namespace lathe {
namespace {

Expr truth(bool b) {
    return Constant::make(Value::boolean(b));
}

/// The same condition, whose parts are evaluated only as far as they decide: a load in one happens where the
/// parts before it let it.
Expr lazy(const Expr& condition) {
    auto* b = condition.as<Binary>();
    if (b && b->op == BinaryOp::logical_and) return Select::make(lazy(b->a), lazy(b->b), truth(false));
    if (b && b->op == BinaryOp::logical_or) return Select::make(lazy(b->a), truth(true), lazy(b->b));
    return condition;
}

/// The values of the lets inside a statement's expressions, each in terms of what is known outside of them.
Substitution lets_of(const Stmt& s) {
    std::vector<const Let*> inside; // operands come before parents: an inner let before those around it
    for (const Expr& e : expressions(s))
        for_each_expr(e, [&](const Expr& x) {
            if (auto* l = x.as<Let>()) inside.push_back(l);
        });
    Substitution lets;
    for (auto l = inside.rbegin(); l != inside.rend(); ++l)
        lets[(*l)->symbol] = substitute((*l)->value, lets);
    return lets;
}

class BoundsChecker : public ScopedMutator {
    Stmt mutate(const Stmt& s) override {
        if (auto* loop = s.as<While>()) return repeat(*loop);
        std::vector<Stmt> parts;
        if (const Stmt head = without_bodies(s); head.defined()) parts = checks(head);
        parts.push_back(ScopedMutator::mutate(s));
        return Block::make(std::move(parts));
    }

    /// The condition is evaluated before the loop and at the end of each round.
    Stmt repeat(const While& loop) {
        const Stmt check = Block::make(checks(While::make(loop.condition, {}, loop.loc)));
        const Stmt body = Block::make({ScopedMutator::mutate(loop.body), check});
        return Block::make({check, While::make((*this)(loop.condition), body, loop.loc)});
    }

    /// What a statement evaluates before its body runs.
    static Stmt without_bodies(const Stmt& s) {
        if (auto* loop = s.as<For>())
            return For::make(loop->var, loop->min, loop->extent, loop->loop, Stmt(), loop->loc);
        if (auto* branch = s.as<If>()) return If::make(branch->condition, Stmt(), Stmt(), branch->loc);
        if (auto* let = s.as<LetStmt>()) return LetStmt::make(let->symbol, let->value, Stmt(), let->loc);
        return s.as<Store>() || s.as<Reduce>() || s.as<Assert>() || s.as<Print>() ? s : Stmt();
    }

    std::vector<Stmt> checks(const Stmt& s) {
        std::vector<Stmt> result;
        const Substitution lets = lets_of(s);
        for (const Access& access : accesses(s)) {
            const Tensor& tensor = declaration(access.tensor);
            const Expr condition = access.condition.defined() ? substitute(access.condition, lets) : Expr();
            Facts here = facts();
            if (condition.defined()) here.assume(condition);
            for (size_t d = 0; d < tensor.dims.size(); ++d) {
                const Dim& dim = tensor.dims[d];
                const Expr i = substitute(access.indices[d], lets);
                const Expr from = Binary::make(BinaryOp::ge, i, dim.min);
                const Expr before = Binary::make(BinaryOp::lt, i, iadd(dim.min, dim.extent));
                if (prove(from, here) && prove(before, here)) continue;
                const Expr inside = Select::make(from, before, truth(false));
                const Expr ok =
                    condition.defined() ? Select::make(lazy(condition), inside, truth(true)) : inside;
                const auto has_it = [&](const Stmt& c) { return equal(c.as<Assert>()->condition, ok); };
                if (std::ranges::any_of(result, has_it)) continue;
                result.push_back(Assert::make(
                    ok, fmt::format("subscript {} of {} is out of bounds", d, access.tensor.name()),
                    access.loc));
            }
        }
        return result;
    }
};

} // namespace

Module check_bounds(const Module& module) {
    return BoundsChecker().run(module);
}

} // namespace lathe
