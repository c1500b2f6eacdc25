#include "bounds_checks.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/node.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <map>

namespace lathe::ir {

namespace {

Expr truth(bool b) {
    return Constant::make(Value::boolean(b));
}

/// The same condition, whose parts are evaluated only as far as they decide: a load in one happens where the
/// parts before it let it.
Expr lazy(const Expr& condition) {
    const auto* b = condition.as<Binary>();
    if (b && b->op == BinaryOp::logical_and) return Select::make(lazy(b->a), lazy(b->b), truth(false));
    if (b && b->op == BinaryOp::logical_or) return Select::make(lazy(b->a), truth(true), lazy(b->b));
    return condition;
}

/// What a statement evaluates before its body runs.
Stmt without_bodies(const Stmt& s) {
    return with_node(
        s,
        Overloads{
            [](const For& f) { return For::make(f.var, f.min, f.extent, f.loop, {}, f.loc); },
            [](const While& w) { return While::make(w.condition, {}, w.loc); },
            [](const If& i) { return If::make(i.condition, {}, {}, i.loc); },
            [](const LetStmt& l) { return LetStmt::make(l.symbol, l.value, {}, l.loc); },
            [](const Pop& p) { return Pop::make(p.symbol, p.from, p.type, {}, p.loc); },
            [&](const OneOf<Store, Reduce, Assert, Print, ExternCall, Push, CallStmt> auto&) { return s; },
            // What these name of tensors and streams is there as a whole.
            [](const OneOf<Block, Allocate, Stage, DeclareStream, Fill, Drain, Dataflow, Spawn, Copy> auto&) {
                return Stmt();
            },
        });
}

/// The values of the lets inside a statement's expressions, each in terms of what is known outside of them.
Substitution lets_of(const Stmt& s) {
    std::vector<const Let*> inside; // operands come before parents: an inner let before those around it
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

std::vector<Stmt> bounds_checks(const Stmt& s, const DimsOf& dims_of, const Facts& facts) {
    const Stmt alone = without_bodies(s);
    if (!alone.defined()) return {};
    const Substitution lets = lets_of(alone);
    std::vector<Stmt> checks;
    for (const Access& access : accesses(alone)) {
        if (access.whole) continue; // what is passed is what is there
        const std::vector<Dim>& dims = dims_of(access.tensor);
        // What holds wherever the access may happen is asked first: a condition may be as long as all
        // selects.
        Expr condition;
        std::optional<Facts> there;
        for (size_t d = 0; d < dims.size(); ++d) {
            const Expr i = substitute(access.indices[d], lets);
            const Expr from = Binary::make(BinaryOp::ge, i, dims[d].min);
            const Expr before = Binary::make(BinaryOp::lt, i, iadd(dims[d].min, dims[d].extent));
            if (prove(from, facts) && prove(before, facts)) continue;
            if (access.condition.defined() && !there) {
                condition = substitute(access.condition, lets);
                there = facts;
                there->assume(condition);
            }
            if (there && prove(from, *there) && prove(before, *there)) continue;
            const Expr inside = Select::make(from, before, truth(false));
            const Expr ok = condition.defined() ? Select::make(lazy(condition), inside, truth(true)) : inside;
            const auto is_known = [&](const Stmt& c) { return equal(c.as<Assert>()->condition, ok); };
            if (std::ranges::any_of(checks, is_known)) continue;
            checks.push_back(Assert::make(
                ok, fmt::format("subscript {} of {} is out of bounds", d, access.tensor.name()), access.loc));
        }
    }
    return checks;
}

} // namespace lathe::ir
