#include "lathe/dsl/math.h"

#include "lathe/ir/implied_cast.h"

namespace lathe {

using namespace ir;

Expr select(const Operand& condition, const Operand& a, const Operand& b) {
    return Select::make(condition.expr(), a.expr(), b.expr(), condition.loc());
}

Expr cast(Type to, const Operand& a) {
    if (!to.is_element()) fail(a.loc(), "cast to {}: values have sized types", to.str());
    return Cast::make(to, a.expr(), a.loc());
}

Expr bitcast(Type to, const Operand& a) {
    return Bitcast::make(to, a.expr(), a.loc());
}

Expr let(const Operand& a) {
    return a.expr();
}

Expr minimum_of(const Operand& a, const Operand& b) {
    return Binary::make(BinaryOp::min, a.expr(), b.expr(), a.loc());
}
Expr maximum_of(const Operand& a, const Operand& b) {
    return Binary::make(BinaryOp::max, a.expr(), b.expr(), a.loc());
}
Expr min(const Expr& a, const Expr& b, Loc loc) {
    return minimum_of(Operand(a, loc), Operand(b, loc));
}
Expr max(const Expr& a, const Expr& b, Loc loc) {
    return maximum_of(Operand(a, loc), Operand(b, loc));
}
Expr min(const Var& a, const Var& b, Loc loc) {
    return minimum_of(Operand(a, loc), Operand(b, loc));
}
Expr max(const Var& a, const Var& b, Loc loc) {
    return maximum_of(Operand(a, loc), Operand(b, loc));
}
Expr min(const Param& a, const Param& b, Loc loc) {
    return minimum_of(Operand(a, loc), Operand(b, loc));
}
Expr max(const Param& a, const Param& b, Loc loc) {
    return maximum_of(Operand(a, loc), Operand(b, loc));
}

Expr clamp_of(const Operand& x, const Operand& low, const Operand& high) {
    const Expr below = Binary::make(BinaryOp::min, x.expr(), high.expr(), x.loc());
    return Binary::make(BinaryOp::max, below, low.expr(), x.loc());
}

Expr clamp(const Expr& x, const Expr& low, const Expr& high, Loc loc) {
    return clamp_of(Operand(x, loc), Operand(low, loc), Operand(high, loc));
}

namespace {

Expr unary(UnaryOp op, const Operand& a) {
    return Unary::make(op, a.expr(), a.loc());
}

Expr call(const char* function, const Operand& a) {
    return Call::make(function, {a.expr()}, a.loc());
}

} // namespace

Expr abs(const Operand& a) {
    return unary(UnaryOp::abs, a);
}
Expr sqrt(const Operand& a) {
    return unary(UnaryOp::sqrt, a);
}
Expr floor(const Operand& a) {
    return unary(UnaryOp::floor, a);
}
Expr ceil(const Operand& a) {
    return unary(UnaryOp::ceil, a);
}
Expr trunc(const Operand& a) {
    return unary(UnaryOp::trunc, a);
}
Expr round(const Operand& a) {
    return unary(UnaryOp::round_even, a);
}

Expr fma(const Operand& a, const Operand& b, const Operand& c) {
    const std::vector<Expr> all = common_float({a.expr(), b.expr(), c.expr()}, a.loc());
    return Fma::make(all[0], all[1], all[2], a.loc());
}

Expr exp(const Operand& a) {
    return call("exp", a);
}
Expr log(const Operand& a) {
    return call("log", a);
}
Expr tanh(const Operand& a) {
    return call("tanh", a);
}
Expr sin(const Operand& a) {
    return call("sin", a);
}
Expr cos(const Operand& a) {
    return call("cos", a);
}
Expr pow(const Operand& a, const Operand& b) {
    return Call::make("pow", common_float({a.expr(), b.expr()}, a.loc()), a.loc());
}
Expr reverse(const Operand& a) {
    return call("reverse", a);
}
Expr popcount(const Operand& a) {
    return call("popcount", a);
}
Expr concat(const Operand& high, const Operand& low) {
    return Call::make("concat", {high.expr(), low.expr()}, high.loc());
}

} // namespace lathe
