// The algebra of floordiv, floormod, min, max, select and products: every rule in one place, each exact over
// the integers under the facts in force. x div 0 = 0 and x mod 0 = x.

#include "simplify_algebra.h"

#include <algorithm>

namespace lathe::ir::algebra {

static bool any_loads(const Poly& p) {
    for (auto& [m, c] : p.terms)
        for (AtomRef a : m)
            if (a->loads) return true;
    return false;
}

static size_t term_count(const Poly& p) {
    return p.terms.size();
}

// ---- Atoms.

static void gather(AtomRef part, Atom& into) {
    into.free.insert(part->free.begin(), part->free.end());
    into.loads |= part->loads;
    into.depth = std::max(into.depth, part->depth + 1);
}

static void gather(const Cond& c, Atom& into) {
    if (c.atom) gather(c.atom, into);
    for (AtomRef a : factors(c.poly))
        gather(a, into);
    for (auto& p : c.parts)
        gather(*p, into);
}

AtomRef Algebra::intern(Atom a) {
    if (auto i = interned.find(&a); i != interned.end()) return *i;
    for (auto& p : a.args)
        for (AtomRef f : factors(p))
            gather(f, a);
    if (a.condition) gather(*a.condition, a);
    atoms.push_back(std::move(a));
    interned.insert(&atoms.back());
    return &atoms.back();
}

Poly Algebra::atom(AtomKind kind, std::vector<Poly> args, const CondRef& c) {
    Atom a{kind, {}, {}, 0, std::move(args), c, {}, false, 0};
    return Poly(intern(std::move(a)));
}

Poly Algebra::variable(const Symbol& s) {
    if (auto i = bindings.find(s); i != bindings.end()) return i->second;
    return Poly(
        intern({AtomKind::variable, Variable::make(s, IndexType()), s, 0, {}, nullptr, {s}, false, 0}));
}

AtomRef Algebra::opaque(const Expr& e) {
    size_t hash = structural_hash(e);
    auto [first, last] = opaques.equal_range(hash);
    for (auto i = first; i != last; ++i)
        if (equal(i->second->expr, e)) return i->second;
    Atom a{AtomKind::opaque,         e, {}, opaques.size(), {}, nullptr, free_variables(e),
           !tensors_read(e).empty(), 0};
    atoms.push_back(std::move(a));
    opaques.emplace(hash, &atoms.back());
    return &atoms.back();
}

// ---- Products.

Poly Algebra::multiply(const Poly& a, const Poly& b) {
    if (a.is_constant()) return b * a.constant();
    if (b.is_constant()) return a * b.constant();
    Poly r;
    bool fits = a.terms.size() * b.terms.size() <= limits::terms * 4;
    for (auto& [m, c] : a.terms) {
        if (!fits) break;
        for (auto& [n, d] : b.terms) {
            r.add(algebra::product(m, n), c * d);
            fits &= m.size() + n.size() <= limits::degree &&
                    mpz_sizeinbase(mpz_class(c * d).get_mpz_t(), 2) <= limits::coefficient;
        }
    }
    if (fits && r.terms.size() <= limits::terms) return r;
    return Poly(opaque(Binary::make(BinaryOp::mul, emit(a), emit(b))));
}

// ---- floordiv, floormod.

Poly Algebra::floordiv(const Poly& a, const Poly& b) {
    if (b.is_constant()) {
        mpz_class c = b.constant();
        if (c == 0) return {};
        return c < 0 ? div_by_constant(-a, -c) : div_by_constant(a, c);
    }
    if (positive(b)) return div_by_poly(a, b);
    if (positive(-b)) return div_by_poly(-a, -b);
    if (a.terms.empty()) return {};
    return atom(AtomKind::div, {a, b});
}

Poly Algebra::floormod(const Poly& a, const Poly& b) {
    return a - multiply(b, floordiv(a, b));
}

/// x becomes f·(x div f) where x is a known multiple of f, and that has more in common with the divisor.
Poly Algebra::with_factors(Poly p, const mpz_class& divisor) {
    for (auto& known : multiples) {
        mpz_class k = p.coefficient({known.x});
        if (k != 0 && gcd(mpz_class(k * known.factor), divisor) > gcd(k, divisor))
            p = p - Poly(known.x) * k + Poly(known.quotient) * mpz_class(k * known.factor);
    }
    return p;
}

/// The reverse: f·(x div f) becomes x.
Poly Algebra::without_factors(Poly p) {
    for (auto& known : multiples) {
        auto parts = split_by(p, known.quotient);
        if (!parts) continue;
        for (auto& [m, k] : parts->first.terms) {
            if (k % known.factor != 0) continue;
            Mono with = algebra::product(m, {known.x}), from = algebra::product(m, {known.quotient});
            p.add(with, k / known.factor);
            p.add(from, -k);
        }
    }
    return p;
}

Poly Algebra::div_by_constant(const Poly& given, mpz_class c) {
    Poly a = with_factors(given, c);
    // (c·x + y) div c = x + y div c. Only the constant is made non-negative: −M div 64 stays readable.
    Poly quotient, rest;
    for (auto& [m, k] : a.terms) {
        mpz_class q = m.empty() ? floor_div(k, c) : mpz_class(k / c);
        quotient.add(m, q);
        rest.add(m, k - q * c);
    }
    if (rest.is_constant()) return quotient; // 0 ≤ rest < c
    // (g·x + k) div (g·c) = (x + k div g) div c
    if (mpz_class g = gcd(rest.content(false), c); g > 1) {
        rest = rest.divided(g);
        c /= g;
        if (c == 1) return quotient + rest;
    }
    // (x div d + y) div c = (x + d·y) div (c·d), for d > 0
    for (auto& [m, k] : rest.terms) {
        if (m.size() != 1 || k != 1 || m[0]->kind != AtomKind::div || !m[0]->args[1].is_constant()) continue;
        auto known = [&](const Multiple& x) { return x.quotient == m[0]; };
        if (std::any_of(multiples.begin(), multiples.end(), known)) continue;
        mpz_class d = m[0]->args[1].constant();
        if (mpz_sizeinbase(mpz_class(c * d).get_mpz_t(), 2) > limits::coefficient) continue;
        return quotient + div_by_constant(m[0]->args[0] + (rest - Poly(m[0])) * d, c * d);
    }
    auto low = lower(rest);
    auto high = low ? upper(rest) : std::nullopt;
    if (high && *low <= *high && floor_div(*low, c) == floor_div(*high, c))
        return quotient + Poly(floor_div(*low, c));
    if (auto parts = div_by_parts(rest, c)) return quotient + *parts;
    return quotient + atom(AtomKind::div, {rest, Poly(c)});
}

/// (g·x + y) div (g·c) = (x + d) div c where y provably lies in [g·d, g·d + g).
std::optional<Poly> Algebra::div_by_parts(const Poly& a, const mpz_class& c) {
    std::set<mpz_class> tried;
    for (auto& [m, k] : a.terms) {
        mpz_class g = gcd(k, c);
        if (m.empty() || g == 1 || !tried.insert(g).second) continue;
        Poly multiple, rest;
        for (auto& [n, l] : a.terms)
            (l % g == 0 ? multiple : rest).add(n, l);
        if (multiple.is_constant()) continue;
        rest.add({}, multiple.constant());
        multiple.add({}, -multiple.constant());
        auto low = lower(rest);
        auto high = low ? upper(rest) : std::nullopt;
        if (!high || *low > *high || floor_div(*low, g) != floor_div(*high, g)) continue;
        return div_by_constant(multiple.divided(g) + Poly(floor_div(*low, g)), c / g);
    }
    return std::nullopt;
}

/// b ≥ 1 is known. (b·x + y) div b = x + y div b, and y div b = d where d·b ≤ y < (d + 1)·b for d in {−1, 0,
/// 1}.
Poly Algebra::div_by_poly(const Poly& a, const Poly& b) {
    if (b.is_constant()) return floordiv(a, b);
    Poly quotient, rest = a;
    const auto& [lead, scale] = *b.terms.begin();
    for (auto& [m, k] : a.terms) {
        if (!std::includes(m.begin(), m.end(), lead.begin(), lead.end(), AtomLess{}) || k % scale != 0)
            continue;
        Mono other;
        std::set_difference(m.begin(), m.end(), lead.begin(), lead.end(), std::back_inserter(other),
                            AtomLess{});
        Poly q;
        q.add(other, k / scale);
        Poly less = rest - multiply(q, b);
        if (term_count(less) >= term_count(rest)) continue;
        quotient = quotient + q;
        rest = less;
    }
    if (rest.terms.empty()) return quotient;
    for (int d : {0, -1, 1}) {
        Poly offset = rest - b * mpz_class(d);
        if (nonnegative(offset) && positive(b - offset)) return quotient + Poly(d);
    }
    return quotient + atom(AtomKind::div, {rest, b});
}

// ---- min, max.

/// r + k·min(a, b, …) = min(r + k·a, r + k·b, …) for k > 0.
static bool flatten_one(std::vector<Poly>& args) {
    for (size_t i = 0; i < args.size(); ++i)
        for (auto& [m, k] : args[i].terms) {
            if (m.size() != 1 || m[0]->kind != AtomKind::min || k < 0) continue;
            const Atom& inner = *m[0];
            if (args.size() - 1 + inner.args.size() > limits::min_arguments) continue;
            Poly rest = args[i] - Poly(m[0]) * k;
            mpz_class scale = k;
            args.erase(args.begin() + static_cast<long>(i));
            for (auto& p : inner.args)
                args.push_back(rest + p * scale);
            return true;
        }
    return false;
}

Poly Algebra::minimum(std::vector<Poly> args) {
    while (flatten_one(args)) {
    }
    std::sort(args.begin(), args.end(), PolyLess{});
    args.erase(std::unique(args.begin(), args.end()), args.end());
    for (size_t i = 0; i < args.size() && args.size() > 1;) {
        bool dominated = false;
        for (size_t j = 0; j < args.size() && !dominated; ++j)
            dominated = j != i && nonnegative(args[i] - args[j]);
        if (dominated)
            args.erase(args.begin() + static_cast<long>(i));
        else
            ++i;
    }
    if (args.size() == 1) return args[0];
    Poly base = args[0];
    mpz_class g = 0;
    for (auto& p : args) {
        p = p - base;
        g = gcd(g, p.content(true));
    }
    for (auto& p : args)
        p = p.divided(g);
    return base + atom(AtomKind::min, std::move(args)) * g;
}

Poly Algebra::maximum(std::vector<Poly> args) {
    for (auto& p : args)
        p = -p;
    return -minimum(std::move(args));
}

// ---- select.

/// `a` and `b` are polynomials that need hold only where the condition does (does not).
Poly Algebra::select(const CondRef& c, const Poly& a, const Poly& b) {
    if (c->is(true) || a == b) return a;
    if (c->is(false)) return b;
    // Loads are lazy: an arm with loads must stay whole.
    if (any_loads(a) || any_loads(b)) return atom(AtomKind::select, {a, b}, c);
    if (c->kind == Cond::Kind::ne || (c->kind == Cond::Kind::opaque && !c->value))
        return select(negate(c), b, a);
    Poly d = a - b;
    if (c->kind == Cond::Kind::ge) {
        Poly up = d - c->poly, down = d + c->poly; // p ≥ 0 ? d : 0 with d = ±p or the neighbour
        if (up == Poly(0) || up == Poly(1)) return b + maximum({d, Poly(0)});
        if (down == Poly(0) || down == Poly(-1)) return b + minimum({d, Poly(0)});
    }
    mpz_class g = d.content(true);
    return b + atom(AtomKind::select, {d.divided(g), Poly(0)}, c) * g;
}

} // namespace lathe::ir::algebra
