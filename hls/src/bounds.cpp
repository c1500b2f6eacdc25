#include "bounds.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::hls {

namespace {

Expr truth(bool b) {
    return Constant::make(Value::boolean(b));
}

/// The condition, each part of which is evaluated only where those before it leave it open.
Expr lazy(const Expr& condition) {
    const auto* b = condition.as<Binary>();
    if (b && b->op == BinaryOp::logical_and) return Select::make(lazy(b->a), lazy(b->b), truth(false));
    if (b && b->op == BinaryOp::logical_or) return Select::make(lazy(b->a), truth(true), lazy(b->b));
    return condition;
}

/// The statement without its bodies.
Stmt head(const Stmt& s) {
    if (const auto* f = s.as<For>()) return For::make(f->var, f->min, f->extent, f->loop, {}, f->loc);
    if (const auto* i = s.as<If>()) return If::make(i->condition, {}, {}, i->loc);
    if (const auto* l = s.as<LetStmt>()) return LetStmt::make(l->symbol, l->value, {}, l->loc);
    return s.as<Store>() || s.as<Reduce>() || s.as<Assert>() ? s : Stmt();
}

/// What the lets in the statement's expressions stand for, in terms of what is known outside of them.
Substitution lets_of(const Stmt& s) {
    std::vector<const Let*> inside; // operands before parents
    for (const Expr& e : expressions(s))
        for_each_expr(e, [&](const Expr& x) {
            if (const auto* l = x.as<Let>()) inside.push_back(l);
        });
    Substitution lets;
    for (auto l = inside.rbegin(); l != inside.rend(); ++l)
        lets[(*l)->symbol] = substitute((*l)->value, lets);
    return lets;
}

} // namespace

std::vector<Stmt> bounds_checks(const Stmt& s, const Scope& scope) {
    const Stmt alone = head(s);
    if (!alone.defined()) return {};
    const Substitution lets = lets_of(alone);
    std::vector<Stmt> checks;
    for (const Access& access : accesses(alone)) {
        const Array& array = scope.array(access.tensor);
        const Expr condition = access.condition.defined() ? substitute(access.condition, lets) : Expr();
        Facts facts = scope.facts;
        if (condition.defined()) facts.assume(condition);
        for (size_t d = 0; d < array.dims.size(); ++d) {
            const Dim& dim = array.dims[d];
            const Expr i = substitute(access.indices[d], lets);
            const Expr from = Binary::make(BinaryOp::ge, i, dim.min);
            const Expr before = Binary::make(BinaryOp::lt, i, iadd(dim.min, dim.extent));
            if (prove(from, facts) && prove(before, facts)) continue;
            const Expr inside = Select::make(from, before, truth(false));
            const Expr ok = condition.defined() ? Select::make(lazy(condition), inside, truth(true)) : inside;
            const auto is_known = [&](const Stmt& c) { return equal(c.as<Assert>()->condition, ok); };
            if (std::ranges::any_of(checks, is_known)) continue;
            const std::string message =
                fmt::format("subscript {} of {} is out of bounds", d, access.tensor.name());
            checks.push_back(Assert::make(ok, message, access.loc));
        }
    }
    return checks;
}

} // namespace lathe::hls
