/// \file Short forms of expr.h: Index arithmetic that folds constants and neutral elements.

#include "lathe/ir/expr.h"

namespace lathe::ir {

namespace {

const Constant* index_constant(const Expr& e) {
    const Constant* c = e.as<Constant>();
    return c && c->type.is_index() ? c : nullptr;
}

bool is_index_constant(const Expr& e, int i) {
    const Constant* c = index_constant(e);
    return c && c->value.raw() == i;
}

/// The folds below are for scalars: a folded vector would lose its lanes.
bool is_scalar_index(const Expr& e) {
    return e.type() == IndexType();
}

/// The operation on two constants, or an empty handle.
Expr fold(BinaryOp op, const Expr& a, const Expr& b) {
    const Constant *x = index_constant(a), *y = index_constant(b);
    if (!x || !y) return {};
    return Constant::make(apply(op, x->value, y->value));
}

} // namespace

Expr index(int64_t i) {
    return Constant::make(Value::index(i));
}

Expr index(const mpz_class& i) {
    return Constant::make(Value::index(i));
}

Expr iadd(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::add, a, b); folded.defined()) return folded;
    if (!is_scalar_index(a) || !is_scalar_index(b)) return Binary::make(BinaryOp::add, a, b);
    if (index_constant(a)) std::swap(a, b);
    if (is_index_constant(b, 0)) return a;
    const auto* sum = a.as<Binary>();
    const Constant* c = index_constant(b);
    if (c && sum && sum->op == BinaryOp::add && index_constant(sum->b)) return iadd(sum->a, iadd(sum->b, b));
    if (c && sum && sum->op == BinaryOp::sub && index_constant(sum->b)) return iadd(sum->a, isub(b, sum->b));
    return Binary::make(BinaryOp::add, std::move(a), std::move(b));
}

Expr isub(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::sub, a, b); folded.defined()) return folded;
    if (!is_scalar_index(a) || !is_scalar_index(b)) return Binary::make(BinaryOp::sub, a, b);
    if (a.same_as(b)) return index(0);
    if (const Constant* c = index_constant(b)) return iadd(std::move(a), index(mpz_class(-c->value.raw())));
    return Binary::make(BinaryOp::sub, std::move(a), std::move(b));
}

Expr imul(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::mul, a, b); folded.defined()) return folded;
    if (!is_scalar_index(a) || !is_scalar_index(b)) return Binary::make(BinaryOp::mul, a, b);
    if (is_index_constant(a, 0) || is_index_constant(b, 1)) return a;
    if (is_index_constant(b, 0) || is_index_constant(a, 1)) return b;
    return Binary::make(BinaryOp::mul, std::move(a), std::move(b));
}

Expr ifloordiv(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::floordiv, a, b); folded.defined()) return folded;
    if (is_scalar_index(a) && is_scalar_index(b) && (is_index_constant(b, 1) || is_index_constant(a, 0)))
        return a;
    return Binary::make(BinaryOp::floordiv, std::move(a), std::move(b));
}

Expr ifloormod(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::floormod, a, b); folded.defined()) return folded;
    if (is_scalar_index(a) && is_scalar_index(b) && (is_index_constant(b, 1) || is_index_constant(a, 0)))
        return index(0);
    return Binary::make(BinaryOp::floormod, std::move(a), std::move(b));
}

Expr imin(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::min, a, b); folded.defined()) return folded;
    if (a.same_as(b)) return a;
    return Binary::make(BinaryOp::min, std::move(a), std::move(b));
}

Expr imax(Expr a, Expr b) {
    if (Expr folded = fold(BinaryOp::max, a, b); folded.defined()) return folded;
    if (a.same_as(b)) return a;
    return Binary::make(BinaryOp::max, std::move(a), std::move(b));
}

Expr both(Expr a, Expr b) {
    if (!a.defined() || (b.defined() && is_const_true(a))) return b;
    if (!b.defined() || is_const_true(b) || a.same_as(b) || is_const_false(a)) return a;
    if (is_const_false(b)) return b;
    return Binary::make(BinaryOp::logical_and, std::move(a), std::move(b));
}

std::optional<int64_t> as_int(const Expr& e) {
    const Constant* c = e.as<Constant>();
    if (!c || !(c->type.is_index() || c->type.is_int()) || !c->value.raw().fits_slong_p()) return {};
    return c->value.raw().get_si();
}

namespace {

std::optional<bool> bool_constant(const Expr& e) {
    if (const auto* b = e.as<Broadcast>()) return bool_constant(b->a);
    const Constant* c = e.as<Constant>();
    if (!c || !c->type.is_bool()) return {};
    return c->value.is_true();
}

} // namespace

bool is_const_true(const Expr& e) {
    return bool_constant(e) == true;
}

bool is_const_false(const Expr& e) {
    return bool_constant(e) == false;
}

} // namespace lathe::ir
