#include "lathe/ir/bounds_checks.h"

#include "lathe/ir/analysis.h"
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
    if (const auto* f = s.as<For>()) return For::make(f->var, f->min, f->extent, f->loop, {}, f->loc);
    if (const auto* w = s.as<While>()) return While::make(w->condition, {}, w->loc);
    if (const auto* i = s.as<If>()) return If::make(i->condition, {}, {}, i->loc);
    if (const auto* l = s.as<LetStmt>()) return LetStmt::make(l->symbol, l->value, {}, l->loc);
    return s.as<Store>() || s.as<Reduce>() || s.as<Assert>() || s.as<Print>() || s.as<ExternCall>() ? s
                                                                                                    : Stmt();
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

/// Builds what must hold so that the numbers in one expression that are wider than machine subscripts can
/// become ones, with room for sums and differences of two. Lazy, and empty where nothing is that wide. A
/// load's subscripts are an access of their own.
class Fits {
  public:
    Expr operator()(const Expr& e) {
        if (const auto found = memo.find(e.get()); found != memo.end()) return found->second;
        return memo[e.get()] = make(e);
    }

  private:
    static constexpr int bits = 62;

    static Expr then(const Expr& a, const Expr& b) {
        if (!a.defined() || !b.defined()) return a.defined() ? a : b;
        return Select::make(a, b, truth(false));
    }

    Expr make(const Expr& e) {
        if (e.as<Load>()) return {};
        if (const auto* s = e.as<Select>(); s && s->condition.type().is_scalar()) {
            const Expr a = (*this)(s->then_value), b = (*this)(s->else_value);
            const auto arm = [](const Expr& x) { return x.defined() ? x : truth(true); };
            const bool any = a.defined() || b.defined();
            return then((*this)(s->condition), any ? Select::make(s->condition, arm(a), arm(b)) : Expr());
        }
        Expr all;
        for (const Expr& o : operands(e))
            all = then(all, (*this)(o));
        if (const auto* c = e.as<Cast>(); c && c->type == IndexType()) all = then(all, fits(c->a));
        return all;
    }

    static Expr fits(const Expr& x) {
        const Type t = x.type();
        if (!t.is_int() || t.width() - t.is_signed() <= bits) return {};
        const mpz_class most = mpz_class(1) << bits;
        const Expr high = Binary::make(BinaryOp::lt, x, Constant::make(Value::literal(most)));
        if (!t.is_signed()) return high;
        return then(high, Binary::make(BinaryOp::gt, x, Constant::make(Value::literal(mpz_class(-most)))));
    }

    std::map<const ExprNode*, Expr> memo; ///< the expression keeps its nodes alive
};

/// What a statement evaluates, beside its accesses' subscripts, that is an Index.
std::vector<Expr> index_values(const Stmt& s) {
    if (const auto* f = s.as<For>()) return {f->min, f->extent};
    const auto* l = s.as<LetStmt>();
    return l && l->value.type() == IndexType() ? std::vector{l->value} : std::vector<Expr>{};
}

} // namespace

std::vector<Stmt> bounds_checks(const Stmt& s, const DimsOf& dims_of, const Facts& facts) {
    const Stmt alone = without_bodies(s);
    if (!alone.defined()) return {};
    const Substitution lets = lets_of(alone);
    std::vector<Stmt> checks;
    const auto check_fit = [&](const Expr& e, const Expr& condition, Loc loc) {
        Expr ok = Fits()(e);
        if (!ok.defined()) return;
        if (condition.defined()) ok = Select::make(lazy(condition), ok, truth(true));
        checks.push_back(Assert::make(ok, "a subscript or a loop's bound does not fit in 64 bits", loc));
    };
    for (const Access& access : accesses(alone)) {
        const std::vector<Dim>& dims = dims_of(access.tensor);
        const Expr condition = access.condition.defined() ? substitute(access.condition, lets) : Expr();
        Facts here = facts;
        if (condition.defined()) here.assume(condition);
        for (size_t d = 0; d < dims.size(); ++d) {
            const Expr i = substitute(access.indices[d], lets);
            check_fit(i, condition, access.loc);
            const Expr from = Binary::make(BinaryOp::ge, i, dims[d].min);
            const Expr before = Binary::make(BinaryOp::lt, i, iadd(dims[d].min, dims[d].extent));
            if (prove(from, here) && prove(before, here)) continue;
            const Expr inside = Select::make(from, before, truth(false));
            const Expr ok = condition.defined() ? Select::make(lazy(condition), inside, truth(true)) : inside;
            const auto is_known = [&](const Stmt& c) { return equal(c.as<Assert>()->condition, ok); };
            if (std::ranges::any_of(checks, is_known)) continue;
            checks.push_back(Assert::make(
                ok, fmt::format("subscript {} of {} is out of bounds", d, access.tensor.name()), access.loc));
        }
    }
    for (const Expr& e : index_values(alone))
        check_fit(substitute(e, lets), {}, alone.loc());
    return checks;
}

} // namespace lathe::ir
