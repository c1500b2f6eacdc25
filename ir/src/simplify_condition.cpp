// Conditions in normal form: comparisons of a polynomial with zero, flat && and ||, negation pushed to the
// leaves.

#include "simplify_algebra.h"

#include <algorithm>

namespace lathe::ir::algebra {

using Kind = Cond::Kind;

static CondRef constant(bool b) {
    return std::make_shared<Cond>(Cond{Kind::constant, b, {}, nullptr, {}});
}
static CondRef compared(Kind k, Poly p) {
    return std::make_shared<Cond>(Cond{k, true, std::move(p), nullptr, {}});
}

CondRef negate(const CondRef& c) {
    Cond n = *c;
    switch (c->kind) {
    case Kind::constant:
    case Kind::opaque:
        n.value = !n.value;
        break;
    case Kind::ge:
        n.poly = -c->poly - Poly(1);
        break;
    case Kind::eq:
        n.kind = Kind::ne;
        break;
    case Kind::ne:
        n.kind = Kind::eq;
        break;
    case Kind::both:
    case Kind::either:
        n.kind = c->kind == Kind::both ? Kind::either : Kind::both;
        for (auto& p : n.parts)
            p = negate(p);
        break;
    }
    return std::make_shared<Cond>(std::move(n));
}

void inequalities(const Cond& c, std::vector<Poly>& out) {
    if (c.kind == Kind::ge || c.kind == Kind::eq) out.push_back(c.poly);
    if (c.kind == Kind::eq) out.push_back(-c.poly);
    if (c.kind == Kind::both)
        for (auto& p : c.parts)
            inequalities(*p, out);
}

// ---- Comparisons.

CondRef Algebra::ge(const Poly& given) {
    Poly p = without_factors(given);
    if (mpz_class g = p.content(false); g > 1) p = p.divided(g); // g·x + c ≥ 0 is x + floor(c / g) ≥ 0
    if (p.is_constant()) return constant(p.constant() >= 0);
    // r + k·min(a, b) ≥ 0 is both r + k·a ≥ 0 and r + k·b ≥ 0 for k > 0, and one of them for k < 0.
    for (auto& [m, k] : choices(p)) {
        if (m->kind != AtomKind::min || m->args.size() > 4) continue;
        Poly rest = p - Poly(m) * k;
        std::vector<CondRef> parts;
        for (auto& a : m->args)
            parts.push_back(ge(rest + a * k));
        if (k > 0)
            std::reverse(parts.begin(), parts.end()); // in the order in which emit writes minima and maxima
        return k > 0 ? both(std::move(parts)) : either(std::move(parts));
    }
    if (nonnegative(p)) return constant(true);
    if (positive(-p)) return constant(false);
    return compared(Kind::ge, p);
}

CondRef Algebra::eq(const Poly& given) {
    Poly p = without_factors(given);
    if (mpz_class g = p.content(false); g > 1) {
        if (p.constant() % g != 0) return constant(false);
        p = p.divided(g);
    }
    if (p.is_constant()) return constant(p.terms.empty());
    if (p.terms.begin()->second < 0) p = -p;
    return decide(compared(Kind::eq, p));
}

CondRef Algebra::compare_polys(BinaryOp op, const Poly& a, const Poly& b) {
    switch (op) {
    case BinaryOp::lt:
        return ge(b - a - Poly(1));
    case BinaryOp::le:
        return ge(b - a);
    case BinaryOp::gt:
        return ge(a - b - Poly(1));
    case BinaryOp::ge:
        return ge(a - b);
    case BinaryOp::eq:
        return eq(a - b);
    default:
        return negate(eq(a - b));
    }
}

/// `c`, or a constant (or the remaining parts) if the facts decide it.
CondRef Algebra::decide(const CondRef& c) {
    switch (c->kind) {
    case Kind::constant:
        return c;
    case Kind::ge:
        if (nonnegative(c->poly)) return constant(true);
        return positive(-c->poly) ? constant(false) : c;
    case Kind::eq:
    case Kind::ne: {
        bool is_eq = c->kind == Kind::eq;
        if (nonnegative(c->poly) && nonnegative(-c->poly)) return constant(is_eq);
        return impossible({c->poly, -c->poly}) ? constant(!is_eq) : c;
    }
    case Kind::opaque:
        for (auto& f : facts)
            if (f->atom == c->atom) return constant(f->value == c->value);
        return c;
    case Kind::both:
    case Kind::either:
        break;
    }
    std::vector<CondRef> parts;
    bool changed = false;
    for (auto& p : c->parts) {
        parts.push_back(decide(p));
        changed |= parts.back() != p;
    }
    return changed ? join(c->kind, std::move(parts)) : c;
}

// ---- && and ||.

CondRef Algebra::join(Kind kind, std::vector<CondRef> given) {
    bool neutral = kind == Kind::both;
    std::vector<CondRef> parts;
    std::vector<const Cond*> sorted; // the parts, to find one among many
    const auto place = [&](const Cond& c) {
        return std::lower_bound(sorted.begin(), sorted.end(), c,
                                [](const Cond* a, const Cond& b) { return compare(*a, b) < 0; });
    };
    const auto is_part = [&](const Cond& c) {
        const auto p = place(c);
        return p != sorted.end() && compare(**p, c) == 0;
    };
    std::vector<CondRef> todo(given.rbegin(), given.rend());
    while (!todo.empty()) {
        CondRef c = todo.back();
        todo.pop_back();
        if (c->is(!neutral)) return c;
        if (c->is(neutral)) continue;
        if (c->kind == kind) {
            todo.insert(todo.end(), c->parts.rbegin(), c->parts.rend());
            continue;
        }
        if (is_part(*negate(c))) return constant(!neutral);
        if (is_part(*c)) continue;
        sorted.insert(place(*c), c.get());
        parts.push_back(c);
    }
    if (parts.empty()) return constant(neutral);
    if (parts.size() == 1) return parts[0];
    return std::make_shared<Cond>(Cond{kind, true, {}, nullptr, std::move(parts)});
}

CondRef Algebra::both(std::vector<CondRef> given) {
    CondRef c = join(Kind::both, std::move(given));
    if (c->kind != Kind::both || c->parts.size() > limits::together) return c;
    std::vector<CondRef> parts = c->parts;
    for (size_t i = 0; i < parts.size(); ++i) { // each in view of all the others as they are by now
        Scope scope(*this);
        for (size_t j = 0; j < parts.size(); ++j)
            if (j != i) assume(parts[j]);
        parts[i] = decide(parts[i]);
    }
    return join(Kind::both, std::move(parts));
}

CondRef Algebra::either(std::vector<CondRef> given) {
    for (auto& p : given)
        p = negate(p);
    return negate(both(std::move(given)));
}

// ---- Expressions.

CondRef Algebra::opaque_cond(const Expr& given) {
    Expr e = rebuild(given);
    if (is_const_true(e) || is_const_false(e)) return constant(is_const_true(e));
    return decide(std::make_shared<Cond>(Cond{Kind::opaque, true, {}, opaque(e), {}}));
}

namespace {

bool joins(const Expr& e, Kind kind) {
    const Binary* b = e.as<Binary>();
    if (!b) return false;
    const bool bools = b->a.type() == Bool() && b->b.type() == Bool();
    return kind == Kind::both ? b->op == BinaryOp::logical_and || (bools && b->op == BinaryOp::bit_and)
                              : b->op == BinaryOp::logical_or || (bools && b->op == BinaryOp::bit_or);
}

/// Whether more than `most` conditions are joined.
bool joins_more_than(const Expr& e, Kind kind, size_t most) {
    std::vector<Expr> todo{e};
    for (size_t seen = 0; !todo.empty();) {
        if (seen + todo.size() > most) return true;
        const Expr at = todo.back();
        todo.pop_back();
        if (joins(at, kind))
            todo.insert(todo.end(), {at.as<Binary>()->b, at.as<Binary>()->a});
        else
            ++seen;
    }
    return false;
}

} // namespace

/// The operands of a chain of && or ||: few of them as they are nested, since they are simplified in view of
/// each other; many all at once.
std::vector<CondRef> Algebra::joined(const Binary& e, Kind kind) {
    std::vector<CondRef> parts;
    std::vector<Expr> todo{e.b, e.a};
    while (!todo.empty()) {
        const Expr at = todo.back();
        todo.pop_back();
        if (joins_more_than(at, kind, limits::together))
            todo.insert(todo.end(), {at.as<Binary>()->b, at.as<Binary>()->a});
        else
            parts.push_back(cond(at));
    }
    return parts;
}

CondRef Algebra::make_cond(const Expr& e) {
    if (auto* u = e.as<Unary>(); u && u->op == UnaryOp::bit_not) return negate(cond(u->a));
    const Binary* b = e.as<Binary>();
    if (!b) return opaque_cond(e);
    if (joins(e, Kind::both)) return both(joined(*b, Kind::both));
    if (joins(e, Kind::either)) return either(joined(*b, Kind::either));
    if (!is_compare(b->op)) return opaque_cond(e);
    if (b->a.type() == IndexType() && b->b.type() == IndexType())
        return compare_polys(b->op, poly(b->a), poly(b->b));
    auto left = lift(b->a, false);
    auto right = left ? lift(b->b, false) : std::nullopt;
    return right ? compare_polys(b->op, *left, *right) : opaque_cond(e);
}

CondRef Algebra::cond(const Expr& e) {
    if (auto* c = e.as<Constant>()) return constant(c->value.is_true());
    auto& memo = frames.back().conds;
    if (auto i = memo.find(e.get()); i != memo.end()) return i->second.second;
    CondRef c = make_cond(e);
    frames.back().conds.emplace(e.get(), std::pair{e, c});
    return c;
}

// ---- Facts.

Algebra::Algebra(const Facts& given) : machine(given) {
    frames.emplace_back();
    // What memory held may have changed: of values read from it only their types' bounds are known.
    const auto lasts = [](const Expr& e) { return tensors_read(e).empty(); };
    for (auto& [v, r] : given.variable_ranges())
        learn(v, r, lasts);
    for (auto& c : given.conditions())
        if (lasts(c)) assume(cond(c));
    reset_budget();
}

Algebra::Scope::Scope(Algebra& a) : owner(a) {
    Frame& f = a.frames.emplace_back();
    f.constraints = a.constraints.size();
    f.disjunctions = a.disjunctions.size();
    f.opaque = a.facts.size();
    f.multiples = a.multiples.size();
}

Algebra::Scope::~Scope() {
    Frame& f = owner.frames.back();
    owner.constraints.resize(f.constraints);
    owner.disjunctions.resize(f.disjunctions);
    owner.facts.resize(f.opaque);
    owner.multiples.resize(f.multiples);
    owner.frames.pop_back();
}

void Algebra::reset_budget() {
    work = 0;
    visits = 0;
}

void Algebra::assume_ge(const Poly& p) {
    // p = r + k·min(a, b) ≥ 0 bounds both r + k·a and r + k·b.
    for (auto& [m, k] : p.terms)
        if (m.size() == 1 && m[0]->kind == AtomKind::min && k > 0) {
            Poly rest = p - Poly(m[0]) * k;
            for (auto& a : m[0]->args)
                assume_ge(rest + a * k);
            return;
        }
    constraints.push_back(p);
    forget();
}

void Algebra::forget() {
    Frame& f = frames.back();
    f.proved.clear();
    f.uppers.clear();
    f.polys.clear();
    f.conds.clear();
    f.exprs.clear();
    f.emitted.clear();
}

/// x mod c = 0 is x − c·(x div c) = 0 here.
void Algebra::note_multiple(const Poly& zero) {
    for (AtomRef q : factors(zero)) {
        if (q->kind != AtomKind::div || !q->args[1].is_constant()) continue;
        const Poly& x = q->args[0];
        mpz_class c = q->args[1].constant();
        bool one = x.terms.size() == 1 && x.terms.begin()->first.size() == 1 && x.terms.begin()->second == 1;
        Poly p = x - Poly(q) * c;
        if (one && (p == zero || p == -zero)) multiples.push_back({x.terms.begin()->first[0], c, q});
    }
}

void Algebra::learn(const Symbol& v, const Interval& r, const std::function<bool(const Expr&)>& lasts) {
    const auto bound = [&](const Expr& e, std::optional<mpz_class> (Algebra::*numeric)(const Poly&)) {
        std::optional<Poly> result;
        if (!e.defined()) return result;
        result = poly(e);
        if (lasts(e)) return result;
        const auto number = (this->*numeric)(*result);
        return number ? std::optional(Poly(*number)) : std::nullopt;
    };
    assume_range(v, {bound(r.min, &Algebra::lower), bound(r.max, &Algebra::upper)});
}

void Algebra::assume_range(const Symbol& v, const PolyRange& r) {
    Poly x = variable(v);
    if (r.min) assume_ge(x - *r.min);
    if (r.max) assume_ge(*r.max - x);
}

void Algebra::assume(const CondRef& c) {
    switch (c->kind) {
    case Kind::constant:
        break; // an assumption that is false: the code is dead, nothing to gain
    case Kind::ge:
        assume_ge(c->poly);
        break;
    case Kind::eq:
        assume_ge(c->poly);
        assume_ge(-c->poly);
        note_multiple(c->poly);
        break;
    case Kind::opaque:
        facts.push_back(c);
        break;
    case Kind::both:
        for (auto& p : c->parts)
            assume(p);
        break;
    case Kind::ne:
    case Kind::either:
        disjunctions.push_back(c);
        break;
    }
    forget();
}

} // namespace lathe::ir::algebra
