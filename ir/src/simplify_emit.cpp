// From normal form back to expressions that people read: %, max and offsets inside min come back.

#include "simplify_algebra.h"

#include <algorithm>

namespace lathe::ir::algebra {

// ---- a − b·(a div b) back into a mod b.

/// `p` with its term c·m, m = (A div B)·rest, taken into a floormod; nothing if the term does not fit one.
std::optional<Poly> Algebra::mod_for(const Poly& p, const Mono& m, const mpz_class& c) {
    for (size_t i = 0; i < m.size(); ++i) {
        if (m[i]->kind != AtomKind::div) continue;
        const Poly &a = m[i]->args[0], &b = m[i]->args[1];
        Mono rest = m;
        rest.erase(rest.begin() + static_cast<long>(i));
        std::vector<std::pair<Poly, Poly>> candidates; // dividend, divisor
        if (b.is_constant()) {
            mpz_class d = b.constant(), k = abs(c);
            if (c % d == 0)
                candidates.push_back({a, b});
            else if (k > 1 && d % k == 0)
                candidates.push_back({floordiv(a, Poly(d / k)), Poly(k)});
        } else if (b.terms.size() == 1 && c % b.terms.begin()->second == 0) {
            const Mono& divisor = b.terms.begin()->first;
            if (!std::includes(rest.begin(), rest.end(), divisor.begin(), divisor.end(), AtomLess{}))
                continue;
            Mono other;
            std::set_difference(rest.begin(), rest.end(), divisor.begin(), divisor.end(),
                                std::back_inserter(other), AtomLess{});
            rest = other;
            candidates.push_back({a, b});
        }
        for (auto& [dividend, divisor] : candidates) {
            Poly scale;
            scale.add(rest, -c / divisor.terms.begin()->second);
            Poly quotient(m[i]);
            Poly mod = atom(AtomKind::mod, {dividend, divisor});
            Poly q = p - multiply(scale, dividend - multiply(divisor, quotient)) + multiply(scale, mod);
            if (q.terms.size() < p.terms.size()) return q;
        }
    }
    return std::nullopt;
}

Poly Algebra::with_mods(Poly p) {
    for (bool changed = true; changed;) {
        changed = false;
        for (auto& [m, c] : p.terms)
            if (auto q = mod_for(p, m, c)) {
                p = *q;
                changed = true;
                break;
            }
    }
    return p;
}

// ---- Sums.

Expr Algebra::emit_atom(AtomRef a) {
    switch (a->kind) {
    case AtomKind::variable:
    case AtomKind::opaque:
        return a->expr;
    case AtomKind::div:
        return Binary::make(BinaryOp::floordiv, emit(a->args[0]), emit(a->args[1]));
    case AtomKind::mod:
        return Binary::make(BinaryOp::floormod, emit(a->args[0]), emit(a->args[1]));
    case AtomKind::min:
    case AtomKind::select:
        break;
    }
    Poly none;
    return emit_choice(a, 1, none);
}

/// |c|·m without its sign.
Expr Algebra::emit_term(const Mono& m, const mpz_class& c) {
    Expr e;
    for (AtomRef a : m)
        e = e.defined() ? imul(e, emit(Poly(a))) : emit_atom(a);
    if (!e.defined()) return index(abs(c));
    return abs(c) == 1 ? e : imul(index(abs(c)), e);
}

/// How many terms the arguments of a choice get more of (fewer of: negative) when c·m moves into them.
static int cost_inside(const std::vector<Poly>& args, const Mono& m, const mpz_class& c) {
    int cost = 0;
    for (auto& p : args) {
        if (p.terms.empty()) continue; // a printed 0 makes room
        mpz_class there = p.coefficient(m);
        cost += there == 0 ? 1 : there == -c ? -1 : 0;
    }
    return cost;
}

/// k·a for a min or select, with those terms of `rest` moved inside (and out of `rest`) that read better
/// there.
Expr Algebra::emit_choice(AtomRef a, const mpz_class& k, Poly& rest) {
    std::vector<Poly> args;
    for (auto& p : a->args)
        args.push_back(p * k);
    Poly outside;
    for (auto& [m, c] : rest.terms) {
        if (cost_inside(args, m, c) > (m.empty() ? 1 : 0)) {
            outside.add(m, c);
            continue;
        }
        for (auto& p : args)
            p.add(m, c);
    }
    rest = outside;
    if (a->kind == AtomKind::select) return Select::make(emit(a->condition), emit(args[0]), emit(args[1]));
    std::sort(args.begin(), args.end(), [](const Poly& x, const Poly& y) {
        return x.is_constant() != y.is_constant() ? x.is_constant() : compare(x, y) > 0;
    });
    Expr e;
    for (auto& p : args)
        e = !e.defined() ? emit(p) : k > 0 ? imin(e, emit(p)) : imax(e, emit(p));
    return e;
}

/// The sum of `first` and the terms of `p`, positive ones first and the constant last.
Expr Algebra::emit_sum(const Poly& p, const std::vector<Expr>& first) {
    Expr sum;
    auto add = [&](const Expr& e) { sum = sum.defined() ? iadd(sum, e) : e; };
    for (auto& [m, c] : p.terms)
        if (!m.empty() && c > 0) add(emit_term(m, c));
    for (auto& e : first)
        add(e);
    mpz_class constant = p.constant();
    bool leads = !sum.defined() && constant > 0;
    if (leads) sum = index(constant);
    for (auto& [m, c] : p.terms) {
        if (m.empty() || c > 0) continue;
        Expr term = emit_term(m, c);
        if (sum.defined())
            sum = isub(sum, term);
        else
            sum = c == -1 ? imul(index(-1), term) : imul(index(c), emit_term(m, 1));
    }
    if (!sum.defined()) return index(constant);
    if (leads || constant == 0) return sum;
    return constant > 0 ? iadd(sum, index(constant)) : isub(sum, index(mpz_class(-constant)));
}

Expr Algebra::emit(const Poly& p) {
    auto& memo = frames.back().emitted;
    if (auto i = memo.find(p); i != memo.end()) return i->second;
    Poly rest = with_mods(p);
    std::vector<Expr> first;
    for (auto open = choices(rest); !open.empty(); open = choices(rest)) {
        auto [a, k] = open.front();
        rest.add({a}, -k);
        first.push_back(emit_choice(a, k, rest));
    }
    Expr e = emit_sum(rest, first);
    frames.back().emitted.emplace(p, e);
    return e;
}

// ---- Conditions.

/// p ≥ 0, p = 0 or p ≠ 0 with negative terms moved to the other side.
Expr Algebra::emit_compare(const Cond& c) {
    Poly left, right;
    Poly p = with_mods(c.poly);
    mpz_class constant = p.constant();
    p.add({}, -constant);
    for (auto& [m, k] : p.terms)
        (k > 0 ? left : right).add(m, abs(k));
    if (c.kind != Cond::Kind::ge) {
        BinaryOp op = c.kind == Cond::Kind::eq ? BinaryOp::eq : BinaryOp::ne;
        if (left.terms.empty()) std::swap(left, right), constant = -constant;
        (constant > 0 && !right.terms.empty() ? left : right)
            .add({}, constant > 0 && !right.terms.empty() ? constant : mpz_class(-constant));
        return Binary::make(op, emit(left), emit(right));
    }
    // right ≤ left + constant
    if (right.terms.empty()) return Binary::make(BinaryOp::ge, emit(left), index(mpz_class(-constant)));
    if (left.terms.empty()) return Binary::make(BinaryOp::lt, emit(right), index(mpz_class(constant + 1)));
    if (constant == -1) return Binary::make(BinaryOp::lt, emit(right), emit(left));
    if (constant > 0)
        left.add({}, constant);
    else
        right.add({}, -constant);
    return Binary::make(BinaryOp::le, emit(right), emit(left));
}

Expr Algebra::emit(const CondRef& c) {
    switch (c->kind) {
    case Cond::Kind::constant:
        return Constant::make(Value::boolean(c->value));
    case Cond::Kind::opaque:
        return c->value ? c->atom->expr : Unary::make(UnaryOp::bit_not, c->atom->expr);
    case Cond::Kind::ge:
    case Cond::Kind::eq:
    case Cond::Kind::ne:
        return emit_compare(*c);
    case Cond::Kind::both:
    case Cond::Kind::either:
        break;
    }
    BinaryOp op = c->kind == Cond::Kind::both ? BinaryOp::logical_and : BinaryOp::logical_or;
    Expr e;
    for (auto& p : c->parts)
        e = e.defined() ? Binary::make(op, e, emit(p)) : emit(p);
    return e;
}

} // namespace lathe::ir::algebra
