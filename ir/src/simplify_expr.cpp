// Expressions of every type: Index and Bool go through the normal form, all others are only constant-folded.

#include "simplify_algebra.h"

#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::ir::algebra {

// ---- Values: folding that is right for every type, floats included.

static const Value* constant_value(const Expr& e) {
    auto* c = e.as<Constant>();
    return c ? &c->value : nullptr;
}

/// The constant `v` as type `t`, to which the node's operation wraps it; nothing if that is not a plain wrap.
static Expr wrapped(const Value& v, Type t, Loc loc) {
    if (v.type() == t) return Constant::make(v, loc);
    bool exact = v.type().is_exact() && t.is_exact() && v.type().frac() == t.frac();
    return exact ? Constant::make(Value::from_raw(t, v.raw()), loc) : Expr();
}

static Expr fold_call(const Call& c, const Expr& e) {
    std::vector<const Value*> v;
    for (auto& a : c.arguments) {
        v.push_back(constant_value(a));
        if (!v.back()) return e;
    }
    if (c.function == "popcount") return Constant::make(popcount(*v[0]), e.loc());
    if (c.function == "reverse") return Constant::make(reverse_bits(*v[0]), e.loc());
    if (c.function == "concat") return Constant::make(concat(*v[0], *v[1]), e.loc());
    return e;
}

/// `e`, whose operands are simplified, folded if they are constants. Never changes what a float operation
/// computes.
Expr Algebra::fold(const Expr& e) {
    if (!e.type().is_scalar()) return e;
    if (auto* c = e.as<Cast>()) {
        if (c->a.type() == e.type()) return c->a;
        if (auto* v = constant_value(c->a)) return Constant::make(cast(e.type(), *v), e.loc());
    } else if (auto* u = e.as<Unary>()) {
        if (auto* v = constant_value(u->a); v && !v->type().is_real())
            if (Expr r = wrapped(apply(u->op, *v), e.type(), e.loc()); r.defined()) return r;
    } else if (auto* b = e.as<Binary>()) {
        auto *x = constant_value(b->a), *y = constant_value(b->b);
        if (x && y && !e.type().is_real())
            if (Expr r = wrapped(apply(b->op, *x, *y), e.type(), e.loc()); r.defined()) return r;
    } else if (auto* s = e.as<Select>()) {
        bool yes = is_const_true(s->condition);
        const Expr& arm = yes ? s->then_value : s->else_value;
        if (yes || is_const_false(s->condition))
            return arm.type() == e.type() ? arm : fold(Cast::make(e.type(), arm, e.loc()));
    } else if (auto* l = e.as<Slice>()) {
        if (auto* v = constant_value(l->a)) return Constant::make(slice(*v, l->hi, l->lo), e.loc());
    } else if (auto* t = e.as<Bitcast>()) {
        if (t->a.type() == e.type()) return t->a;
        if (auto* v = constant_value(t->a)) return Constant::make(bitcast(e.type(), *v, e.loc()), e.loc());
    } else if (auto* call = e.as<Call>()) {
        return fold_call(*call, e);
    }
    return e;
}

/// Whether it says anything about Index values, beyond that some Bool value holds.
static bool informs(const Cond& c) {
    if (c.kind == Cond::Kind::both || c.kind == Cond::Kind::either)
        return std::ranges::any_of(c.parts, [](const CondRef& p) { return informs(*p); });
    return c.kind != Cond::Kind::constant && c.kind != Cond::Kind::opaque;
}

/// `arm`, which is simplified already, where `c` holds. The very node if that makes no difference: what
/// several arms share must stay shared.
Expr Algebra::simplify_arm(const Expr& arm, const CondRef& c) {
    if (!informs(*c) || !may_scope()) return arm;
    Scope scope(*this);
    assume(c);
    Expr r = simplify(arm);
    return equal(r, arm) ? arm : r;
}

Expr Algebra::simplify_select(const Expr& e) {
    const Select& s = *e.as<Select>();
    if (!s.condition.type().is_scalar())
        return with_operands(e, {simplify(s.condition), simplify(s.then_value), simplify(s.else_value)});
    CondRef c = cond(s.condition);
    Expr arms[2] = {s.then_value, s.else_value};
    for (int i = 0; i < 2; ++i) {
        if (c->is(i == 1)) continue; // the dead arm
        arms[i] = simplify_arm(simplify(arms[i]), i == 0 ? c : negate(c));
    }
    Expr condition = emit(c);
    if (equal(condition, s.condition)) condition = s.condition;
    const bool decided = c->kind == Cond::Kind::constant;
    if (!decided && condition.same_as(s.condition) && arms[0].same_as(s.then_value) &&
        arms[1].same_as(s.else_value))
        return e;
    return fold(with_operands(e, {condition, arms[0], arms[1]}));
}

Expr Algebra::simplify_let(const Expr& e) {
    const Let& l = *e.as<Let>();
    Expr value = simplify(l.value);
    bool plain = value.as<Constant>() || value.as<Variable>();
    if (plain && value.type() == IndexType()) {
        bind(l.symbol, poly(value));
        return simplify(l.body);
    }
    if (plain) return simplify(substitute(l.body, {{l.symbol, value}}));
    if (value.type() != IndexType()) return with_operands(e, {value, simplify(l.body)});
    Scope scope(*this);
    Poly v = poly(value);
    assume_range(l.symbol, {v, v});
    return with_operands(e, {value, simplify(l.body)});
}

/// `e` with simplified operands; its own operation is only folded.
Expr Algebra::rebuild(const Expr& e) {
    if (e.kind() == ExprKind::select) return simplify_select(e);
    if (e.kind() == ExprKind::let) return simplify_let(e);
    std::vector<Expr> old = operands(e), now;
    bool changed = false;
    for (auto& o : old) {
        now.push_back(o.defined() ? simplify(o) : o);
        changed |= !now.back().same_as(o);
    }
    return fold(changed ? with_operands(e, now) : e);
}

/// Whether `now` needs more bits than `before`, and more than a machine has: a sum of terms may be wider than
/// what it was made from, such as 8·min(x·y, 7).
bool Algebra::wider(const Expr& now, const Expr& before) {
    if (now.same_as(before) || planted.has(Fault::width_unchecked)) return false;
    const size_t bits = machine.widest(now);
    return bits > IndexRanges::machine_bits && bits > machine.widest(before);
}

Expr Algebra::simplify(const Expr& e) {
    if (!e.defined() || e.kind() == ExprKind::constant) return e;
    if (auto i = frames.back().exprs.find(e.get()); i != frames.back().exprs.end()) return i->second.second;
    if (frames.size() > 1) ++visits;
    Expr r;
    if (e.type() == IndexType())
        r = emit(poly(e));
    else if (e.type() == Bool())
        r = emit(cond(e));
    else
        r = rebuild(e);
    if (!r.same_as(e) && equal(r, e)) r = e; // keeps the user's lines
    if (wider(r, e)) r = rebuild(e);
    if (wider(r, e)) r = e;
    frames.back().exprs.emplace(e.get(), std::pair{e, r});
    return r;
}

// ---- Index expressions into polynomials.

Poly Algebra::poly(const Expr& e) {
    if (auto* c = e.as<Constant>()) return Poly(c->value.raw());
    if (auto* v = e.as<Variable>()) return variable(v->symbol);
    if (auto i = frames.back().polys.find(e.get()); i != frames.back().polys.end()) return i->second.second;
    Poly p = without_factors(make_poly(e));
    frames.back().polys.emplace(e.get(), std::pair{e, p});
    return p;
}

Poly Algebra::make_poly(const Expr& e) {
    if (auto* b = e.as<Binary>()) return poly_of_binary(*b, e);
    if (auto* u = e.as<Unary>(); u && (u->op == UnaryOp::neg || u->op == UnaryOp::abs)) {
        Poly p = poly(u->a);
        return u->op == UnaryOp::neg ? -p : maximum({p, -p});
    }
    if (auto* s = e.as<Select>(); s && s->condition.type().is_scalar()) return poly_of_select(*s);
    if (auto* l = e.as<Let>()) {
        if (l->value.type() == IndexType()) {
            bind(l->symbol, poly(l->value));
            return poly(l->body);
        }
        return Poly(opaque(simplify_let(e)));
    }
    if (auto* c = e.as<Cast>()) {
        if (c->a.type() == IndexType()) return poly(c->a);
        if (auto p = lift(c->a, true)) return *p;
    }
    Expr r = rebuild(e);
    if (auto* c = r.as<Constant>()) return Poly(c->value.raw());
    return Poly(opaque(r));
}

Poly Algebra::poly_of_binary(const Binary& b, const Expr& e) {
    if (b.a.type() != IndexType() || b.b.type() != IndexType()) return Poly(opaque(rebuild(e)));
    Poly x = poly(b.a), y = poly(b.b);
    switch (b.op) {
    case BinaryOp::add:
        return x + y;
    case BinaryOp::sub:
        return x - y;
    case BinaryOp::mul:
        return multiply(x, y);
    case BinaryOp::floordiv:
        return floordiv(x, y);
    case BinaryOp::floormod:
        return floormod(x, y);
    case BinaryOp::min:
        return minimum({x, y});
    case BinaryOp::max:
        return maximum({x, y});
    default:
        return Poly(opaque(rebuild(e)));
    }
}

Poly Algebra::poly_of_select(const Select& s) {
    CondRef c = cond(s.condition);
    Expr arms[2] = {s.then_value, s.else_value};
    Poly p[2];
    for (int i = 0; i < 2; ++i) {
        if (c->is(i == 1)) continue;
        if (c->kind == Cond::Kind::constant || !may_scope()) {
            p[i] = poly(arms[i]);
            continue;
        }
        Scope scope(*this);
        assume(i == 0 ? c : negate(c));
        p[i] = poly(arms[i]);
    }
    return select(c, p[0], p[1]);
}

// ---- Integers of fixed width whose arithmetic provably does not wrap are mathematical integers too.

bool Algebra::within(const Poly& p, Type t) {
    return nonnegative(p - Poly(min_value(t).raw())) && nonnegative(Poly(max_value(t).raw()) - p);
}

/// The value of an integer expression as a polynomial, if no step of it can wrap. Loads and other values
/// become atoms if `opaque_leaves`.
std::optional<Poly> Algebra::lift(const Expr& e, bool opaque_leaves) {
    Type t = e.type();
    if (!t.is_scalar() || !(t.is_int() || t.is_bool())) return std::nullopt;
    if (auto* c = e.as<Constant>()) return Poly(c->value.raw());
    if (auto* c = e.as<Cast>(); c && t.is_int()) {
        if (c->a.type() == IndexType()) {
            Poly p = poly(c->a);
            if (within(p, t)) return p;
        } else if (auto p = lift(c->a, opaque_leaves); p && within(*p, t)) {
            return p;
        }
    }
    if (auto* b = e.as<Binary>(); b && t.is_int())
        if (auto p = lift_binary(*b, opaque_leaves)) return p;
    if (!opaque_leaves || !t.is_int()) return std::nullopt;
    return Poly(opaque(Cast::make(IndexType(), rebuild(e), e.loc())));
}

std::optional<Poly> Algebra::lift_binary(const Binary& b, bool opaque_leaves) {
    switch (b.op) {
    case BinaryOp::add:
    case BinaryOp::sub:
    case BinaryOp::mul:
    case BinaryOp::min:
    case BinaryOp::max:
    case BinaryOp::floordiv:
    case BinaryOp::floormod:
        break;
    default:
        return std::nullopt;
    }
    auto x = lift(b.a, opaque_leaves);
    auto y = x ? lift(b.b, opaque_leaves) : std::nullopt;
    if (!y) return std::nullopt;
    Poly p;
    switch (b.op) {
    case BinaryOp::add:
        p = *x + *y;
        break;
    case BinaryOp::sub:
        p = *x - *y;
        break;
    case BinaryOp::mul:
        p = multiply(*x, *y);
        break;
    case BinaryOp::min:
        p = minimum({*x, *y});
        break;
    case BinaryOp::max:
        p = maximum({*x, *y});
        break;
    case BinaryOp::floordiv:
        p = floordiv(*x, *y);
        break;
    default:
        p = floormod(*x, *y);
        break;
    }
    bool holds_all = b.type == result_type(b.op, b.a.type(), b.b.type(), b.loc) &&
                     b.op != BinaryOp::floordiv && b.op != BinaryOp::floormod;
    if (holds_all || within(p, b.type)) return p;
    return std::nullopt;
}

} // namespace lathe::ir::algebra
