#include "lathe/dsl/operators.h"

namespace lathe {

using namespace ir;

void Operand::check_defined() const {
    if (!expression.defined())
        fail(location, "an Expr is used that was never given a value: initialise it, as in `Expr e = 0`");
}

namespace {

Expr binary(BinaryOp op, const Operand& a, const Operand& b) {
    return Binary::make(op, a.expr(), b.expr(), a.loc());
}

} // namespace

Expr operator+(const Operand& a, const Operand& b) {
    return binary(BinaryOp::add, a, b);
}
Expr operator-(const Operand& a, const Operand& b) {
    return binary(BinaryOp::sub, a, b);
}
Expr operator*(const Operand& a, const Operand& b) {
    return binary(BinaryOp::mul, a, b);
}
Expr operator/(const Operand& a, const Operand& b) {
    return binary(BinaryOp::div, a, b);
}
Expr operator%(const Operand& a, const Operand& b) {
    return binary(BinaryOp::mod, a, b);
}
Expr operator&(const Operand& a, const Operand& b) {
    return binary(BinaryOp::bit_and, a, b);
}
Expr operator|(const Operand& a, const Operand& b) {
    return binary(BinaryOp::bit_or, a, b);
}
Expr operator^(const Operand& a, const Operand& b) {
    return binary(BinaryOp::bit_xor, a, b);
}
Expr operator<<(const Operand& a, const Operand& b) {
    return binary(BinaryOp::shl, a, b);
}
Expr operator>>(const Operand& a, const Operand& b) {
    return binary(BinaryOp::shr, a, b);
}
Expr operator==(const Operand& a, const Operand& b) {
    return binary(BinaryOp::eq, a, b);
}
Expr operator!=(const Operand& a, const Operand& b) {
    return binary(BinaryOp::ne, a, b);
}
Expr operator<(const Operand& a, const Operand& b) {
    return binary(BinaryOp::lt, a, b);
}
Expr operator<=(const Operand& a, const Operand& b) {
    return binary(BinaryOp::le, a, b);
}
Expr operator>(const Operand& a, const Operand& b) {
    return binary(BinaryOp::gt, a, b);
}
Expr operator>=(const Operand& a, const Operand& b) {
    return binary(BinaryOp::ge, a, b);
}
Expr operator&&(const Operand& a, const Operand& b) {
    return binary(BinaryOp::logical_and, a, b);
}
Expr operator||(const Operand& a, const Operand& b) {
    return binary(BinaryOp::logical_or, a, b);
}

Expr operator+(const Operand& a) {
    return a.expr();
}
Expr operator-(const Operand& a) {
    return Unary::make(UnaryOp::neg, a.expr(), a.loc());
}
Expr operator~(const Operand& a) {
    return Unary::make(UnaryOp::bit_not, a.expr(), a.loc());
}

Expr operator!(const Operand& a) {
    if (!a.expr().type().is_bool())
        fail(a.loc(), "! of {}: it is defined on Bool; compare with 0, or use ~ for the bits",
             a.expr().type().str());
    return Unary::make(UnaryOp::bit_not, a.expr(), a.loc());
}

Expr floor_div(const Operand& a, const Operand& b) {
    return binary(BinaryOp::floordiv, a, b);
}
Expr floor_mod(const Operand& a, const Operand& b) {
    return binary(BinaryOp::floormod, a, b);
}

} // namespace lathe
