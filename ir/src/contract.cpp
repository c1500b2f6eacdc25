#include "lathe/ir/contract.h"

#include "lathe/ir/visit.h"

#include <optional>

namespace lathe::ir {

namespace {

struct Product {
    Expr a, b;
};

Expr negated(const Expr& e) {
    return Unary::make(UnaryOp::neg, e, e.loc());
}

/// The factor as a number of the product's type, as the multiplication takes it.
Expr factor(const Expr& e, Type t) {
    if (e.type() == t) return e;
    if (const auto* c = e.as<Constant>(); c && e.type().is_real())
        return Constant::make(type_literal(c->value, t.element()), e.loc());
    return Cast::make(t.element(), e, e.loc());
}

/// The factors of `e` if it is a product, or the negative of one, that is rounded to `t`.
std::optional<Product> product_of(const Expr& e, Type t) {
    if (e.type() != t) return {};
    if (const auto* b = e.as<Binary>(); b && b->op == BinaryOp::mul)
        return Product{factor(b->a, t), factor(b->b, t)};
    const auto* u = e.as<Unary>();
    if (!u || u->op != UnaryOp::neg) return {};
    std::optional<Product> inner = product_of(u->a, t);
    if (inner) inner->a = negated(inner->a);
    return inner;
}

class Contract : public Mutator {
  protected:
    using Mutator::visit;

    Expr visit(const Binary&, const Expr& e) override {
        const Expr done = rebuilt(e);
        const auto* b = done.as<Binary>();
        if (!b || !b->type.is_float() || !b->type.is_scalar()) return done;
        const Type t = b->type;
        if (b->op != BinaryOp::add && b->op != BinaryOp::sub) return done;
        const bool minus = b->op == BinaryOp::sub;
        if (const std::optional<Product> p = product_of(b->a, t)) {
            const Expr c = factor(b->b, t);
            return Fma::make(p->a, p->b, minus ? negated(c) : c, b->loc);
        }
        if (const std::optional<Product> p = product_of(b->b, t))
            return Fma::make(minus ? negated(p->a) : p->a, p->b, factor(b->a, t), b->loc);
        return done;
    }

    Stmt visit(const Reduce& before, const Stmt& s) override {
        const Stmt done = Mutator::visit(before, s);
        const auto* r = done.as<Reduce>();
        if (r->op != BinaryOp::add || !r->target.type.is_float()) return done;
        const std::optional<Product> p = product_of(r->target.value, r->target.type);
        if (!p) return done;
        StoreTarget target = r->target;
        target.value = Binary::make(BinaryOp::mul, p->a, p->b, target.value.loc());
        return Reduce::make(r->op, std::move(target), r->loc, r->predicate, true);
    }
};

} // namespace

Stmt contract(const Stmt& s) {
    return Contract()(s);
}

Module contract(const Module& m) {
    Module result = m;
    for (Function& f : result.functions)
        f.body = contract(f.body);
    return result;
}

} // namespace lathe::ir
