#include "simplify_algebra.h"

#include <algorithm>

namespace lathe::ir::algebra {

mpz_class floor_div(const mpz_class& a, const mpz_class& b) {
    mpz_class q;
    mpz_fdiv_q(q.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
    return q;
}

// ---- Order. It is the same in every Algebra except among opaque atoms, so printed results are canonical.

static int sign_of(bool less, bool greater) {
    return less ? -1 : greater ? 1 : 0;
}

template <class List, class Compare> static int compare_lists(const List& a, const List& b, Compare f) {
    if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
    for (size_t i = 0; i < a.size(); ++i)
        if (int c = f(a[i], b[i])) return c;
    return 0;
}

int compare(AtomRef a, AtomRef b) {
    if (a == b) return 0;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->kind == AtomKind::variable) return sign_of(a->symbol < b->symbol, b->symbol < a->symbol);
    if (a->kind == AtomKind::opaque) return sign_of(a->number < b->number, b->number < a->number);
    if (int c = compare_lists(a->args, b->args, [](const Poly& p, const Poly& q) { return compare(p, q); }))
        return c;
    return a->condition ? compare(*a->condition, *b->condition) : 0;
}

static int compare_mono(const Mono& a, const Mono& b) {
    if (a.size() != b.size()) return a.size() > b.size() ? -1 : 1;
    for (size_t i = 0; i < a.size(); ++i)
        if (int c = compare(a[i], b[i])) return c;
    return 0;
}

bool MonoLess::operator()(const Mono& a, const Mono& b) const {
    return compare_mono(a, b) < 0;
}

/// The sign of the first coefficient of a − b: an order that adding the same polynomial to both does not
/// change.
int compare(const Poly& a, const Poly& b) {
    auto i = a.terms.begin(), j = b.terms.begin();
    while (i != a.terms.end() || j != b.terms.end()) {
        int c = i == a.terms.end() ? 1 : j == b.terms.end() ? -1 : compare_mono(i->first, j->first);
        if (c < 0) return sgn(i->second);
        if (c > 0) return -sgn(j->second);
        if (i->second != j->second) return i->second < j->second ? -1 : 1;
        ++i, ++j;
    }
    return 0;
}

int compare(const Cond& a, const Cond& b) {
    if (&a == &b) return 0;
    if (a.kind != b.kind) return a.kind < b.kind ? -1 : 1;
    if (a.value != b.value) return a.value < b.value ? -1 : 1;
    if (int c = compare(a.poly, b.poly)) return c;
    if (a.atom != b.atom) return compare(a.atom, b.atom);
    return compare_lists(a.parts, b.parts,
                         [](const CondRef& p, const CondRef& q) { return compare(*p, *q); });
}

// ---- Arithmetic.

Mono product(const Mono& a, const Mono& b) {
    Mono m;
    std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(m), AtomLess{});
    return m;
}

mpz_class Poly::constant() const {
    return coefficient({});
}

mpz_class Poly::coefficient(const Mono& m) const {
    auto i = terms.find(m);
    return i == terms.end() ? mpz_class(0) : i->second;
}

void Poly::add(const Mono& m, const mpz_class& c) {
    if (c == 0) return;
    auto [i, fresh] = terms.emplace(m, c);
    if (fresh) return;
    i->second += c;
    if (i->second == 0) terms.erase(i);
}

mpz_class Poly::content(bool with_constant) const {
    mpz_class g = 0;
    for (auto& [m, c] : terms)
        if (with_constant || !m.empty()) g = gcd(g, c);
    return g;
}

Poly Poly::divided(const mpz_class& d) const {
    Poly r;
    for (auto& [m, c] : terms)
        r.add(m, floor_div(c, d));
    return r;
}

Poly operator+(Poly a, const Poly& b) {
    for (auto& [m, c] : b.terms)
        a.add(m, c);
    return a;
}

Poly operator-(Poly a, const Poly& b) {
    for (auto& [m, c] : b.terms)
        a.add(m, -c);
    return a;
}

Poly operator*(Poly a, const mpz_class& c) {
    if (c == 0) return {};
    for (auto& t : a.terms)
        t.second *= c;
    return a;
}

Poly operator-(Poly a) {
    return std::move(a) * mpz_class(-1);
}

// ---- Queries.

bool mentions(AtomRef a, AtomRef v) {
    if (a == v) return true;
    if (v->kind == AtomKind::variable) return a->free.count(v->symbol) != 0;
    if (v->loads && !a->loads) return false;
    // A condition is searched only for variables and loads: an opaque atom inside counts by its loads.
    if (a->condition && v->loads) return true;
    return std::any_of(a->args.begin(), a->args.end(), [&](const Poly& p) { return mentions(p, v); });
}

bool mentions(const Poly& p, AtomRef v) {
    for (auto& [m, c] : p.terms)
        for (AtomRef a : m)
            if (mentions(a, v)) return true;
    return false;
}

std::set<AtomRef, AtomLess> factors(const Poly& p) {
    std::set<AtomRef, AtomLess> s;
    for (auto& [m, c] : p.terms)
        s.insert(m.begin(), m.end());
    return s;
}

std::vector<std::pair<AtomRef, mpz_class>> choices(const Poly& p) {
    std::vector<std::pair<AtomRef, mpz_class>> found;
    for (auto& [m, c] : p.terms)
        if (m.size() == 1 && (m[0]->kind == AtomKind::min || m[0]->kind == AtomKind::select))
            found.push_back({m[0], c});
    std::sort(found.begin(), found.end(), [](auto& a, auto& b) {
        if (a.first->depth != b.first->depth) return a.first->depth > b.first->depth;
        return compare(a.first, b.first) < 0;
    });
    return found;
}

std::optional<std::pair<Poly, Poly>> split_by(const Poly& p, AtomRef a) {
    Poly quotient, rest;
    for (auto& [m, c] : p.terms) {
        auto n = std::count(m.begin(), m.end(), a);
        if (n > 1) return std::nullopt;
        if (n == 0) {
            rest.add(m, c);
            continue;
        }
        Mono other = m;
        other.erase(std::find(other.begin(), other.end(), a));
        quotient.add(other, c);
    }
    return std::pair{quotient, rest};
}

Poly replaced(Algebra& algebra, const Poly& p, AtomRef a, const Poly& by) {
    auto parts = split_by(p, a);
    if (!parts) return p;
    return algebra.multiply(parts->first, by) + parts->second;
}

PolyRange type_range(AtomRef a) {
    if (a->kind != AtomKind::opaque) return {};
    const Cast* c = a->expr.as<Cast>();
    if (!c) return {};
    Type t = c->a.type();
    if (!t.is_bool() && !t.is_int()) return {};
    mpz_class low = min_value(t).raw(), high = max_value(t).raw();
    // x & mask and x % divisor stay below a constant.
    const Binary* b = c->a.as<Binary>();
    const Constant* k = b ? b->b.as<Constant>() : nullptr;
    if (k && b->op == BinaryOp::bit_and && k->value.raw() >= 0) {
        low = 0;
        high = std::min(high, k->value.raw());
    } else if (k && b->op == BinaryOp::mod && k->value.raw() > 0) {
        high = std::min(high, mpz_class(k->value.raw() - 1));
        low = std::max(low, mpz_class(1 - k->value.raw()));
    }
    return {Poly(low), Poly(high)};
}

} // namespace lathe::ir::algebra
