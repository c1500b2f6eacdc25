#pragma once
// Short forms for tests of the simplifier and the analyses.

#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

namespace simplify_test {

using namespace lathe;
using namespace lathe::ir;

/// A named Index variable.
struct Name {
    Symbol symbol;
    Expr e;
    explicit Name(const char* name) : symbol(name), e(Variable::make(symbol, IndexType())) {}
    operator Expr() const { return e; }
};

inline Expr op(BinaryOp o, Expr a, Expr b) {
    return Binary::make(o, std::move(a), std::move(b));
}
inline Expr n(int64_t i) {
    return index(i);
}
inline Expr operator+(Expr a, Expr b) {
    return op(BinaryOp::add, a, b);
}
inline Expr operator-(Expr a, Expr b) {
    return op(BinaryOp::sub, a, b);
}
inline Expr operator*(Expr a, Expr b) {
    return op(BinaryOp::mul, a, b);
}
inline Expr operator/(Expr a, Expr b) {
    return op(BinaryOp::floordiv, a, b);
}
inline Expr operator%(Expr a, Expr b) {
    return op(BinaryOp::floormod, a, b);
}
inline Expr operator<(Expr a, Expr b) {
    return op(BinaryOp::lt, a, b);
}
inline Expr operator<=(Expr a, Expr b) {
    return op(BinaryOp::le, a, b);
}
inline Expr operator>(Expr a, Expr b) {
    return op(BinaryOp::gt, a, b);
}
inline Expr operator>=(Expr a, Expr b) {
    return op(BinaryOp::ge, a, b);
}
inline Expr operator==(Expr a, Expr b) {
    return op(BinaryOp::eq, a, b);
}
inline Expr operator!=(Expr a, Expr b) {
    return op(BinaryOp::ne, a, b);
}
inline Expr operator&&(Expr a, Expr b) {
    return op(BinaryOp::logical_and, a, b);
}
inline Expr operator||(Expr a, Expr b) {
    return op(BinaryOp::logical_or, a, b);
}
inline Expr operator!(Expr a) {
    return Unary::make(UnaryOp::bit_not, a);
}
inline Expr min_(Expr a, Expr b) {
    return op(BinaryOp::min, a, b);
}
inline Expr max_(Expr a, Expr b) {
    return op(BinaryOp::max, a, b);
}
inline Expr clamp(Expr x, Expr low, Expr high) {
    return min_(max_(x, low), high);
}
inline Expr ceil_div(Expr a, int64_t b) {
    return (a + n(b - 1)) / n(b);
}

/// low ≤ v < low + extent
inline void loop(Facts& f, const Name& v, Expr low, Expr extent) {
    f.bound(v.symbol, {low, low + extent - n(1)});
}
inline std::string simple(const Expr& e, const Facts& f = {}) {
    return print(simplify(e, f));
}

} // namespace simplify_test
