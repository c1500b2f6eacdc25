#include "contract.h"

#include "lathe/ir/visit.h"

namespace lathe {

namespace {

/// The product when `e` is one of operands of type `t`.
const Binary* product(const Expr& e, Type t) {
    const Binary* b = e.as<Binary>();
    return b && b->op == BinaryOp::mul && b->type == t && b->a.type() == t && b->b.type() == t ? b : nullptr;
}

Expr negated(const Expr& e) { return Unary::make(UnaryOp::neg, e, e.loc()); }

class Contraction : public Mutator {
  protected:
    Expr mutate(const Expr& e) override {
        Expr inner = Mutator::mutate(e);
        const Binary* b = inner.as<Binary>();
        if (!b || !b->type.is_float() || (b->op != BinaryOp::add && b->op != BinaryOp::sub)) return inner;
        bool minus = b->op == BinaryOp::sub;
        if (const Binary* p = product(b->a, b->type); p && b->b.type() == b->type)
            return Fma::make(p->a, p->b, minus ? negated(b->b) : b->b, e.loc());
        if (const Binary* p = product(b->b, b->type); p && b->a.type() == b->type)
            return Fma::make(minus ? negated(p->a) : p->a, p->b, b->a, e.loc());
        return inner;
    }

    Stmt mutate(const Stmt& s) override {
        Stmt inner = Mutator::mutate(s);
        const Reduce* r = inner.as<Reduce>();
        if (!r || r->op != BinaryOp::add || !r->target.type.is_float() || !product(r->target.value, r->target.type))
            return inner;
        return Reduce::make(r->op, r->target, r->loc, r->predicate, true);
    }
};

} // namespace

Module contract(const Module& m) {
    Module result = m;
    Contraction contraction;
    for (Function& f : result.functions) f.body = contraction(f.body);
    return result;
}

} // namespace lathe
