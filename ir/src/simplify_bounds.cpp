// Symbolic bounds: variables are eliminated innermost first, each by the end of its range that is extreme for
// the expression. Guards narrow the ranges and are projected onto the variables that remain.

#include "simplify_algebra.h"

#include <algorithm>

namespace lathe::ir::algebra {

static bool is_choice(AtomRef a) {
    return a->kind == AtomKind::min || a->kind == AtomKind::select;
}

/// r, narrowed by those guards that are linear in v with a constant coefficient.
PolyRange Algebra::narrowed(PolyRange r, AtomRef v, const std::vector<Poly>& guards) {
    std::vector<Poly> lows, highs;
    if (r.min) lows.push_back(*r.min);
    if (r.max) highs.push_back(*r.max);
    for (auto& g : guards) {
        auto parts = split_by(g, v);
        if (!parts || !parts->first.is_constant() || parts->first.terms.empty() || mentions(parts->second, v))
            continue;
        mpz_class k = parts->first.constant();
        if (k > 0)
            lows.push_back(-floordiv(parts->second, Poly(k)));
        else
            highs.push_back(floordiv(parts->second, Poly(mpz_class(-k))));
    }
    if (!lows.empty()) r.min = maximum(std::move(lows));
    if (!highs.empty()) r.max = minimum(std::move(highs));
    return r;
}

/// A bound of p (an upper one if `up`) that does not mention box.v, where box.v has its range.
std::optional<Poly> Algebra::extreme(const Poly& given, const Box& box, bool up) {
    if (!mentions(given, box.v)) return given;
    if (extremes-- <= 0) return std::nullopt; // choices among choices: each doubles what there is to look at
    Poly p = with_mods(given);
    for (auto& [a, k] : choices(p)) {
        if (!mentions(a, box.v)) continue;
        Poly rest = p - Poly(a) * k;
        std::vector<Poly> bounds;
        bool all = true;
        for (size_t i = 0; i < a->args.size(); ++i) {
            Box inner = box;
            if (a->kind == AtomKind::select) {
                std::vector<Poly> guards;
                inequalities(i == 0 ? *a->condition : *negate(a->condition), guards);
                inner.range = narrowed(box.range, box.v, guards);
            }
            if (auto b = extreme(rest + a->args[i] * k, inner, up))
                bounds.push_back(*b);
            else
                all = false;
        }
        // Any argument bounds a minimum from above (k < 0: a maximum from below); the other way all are
        // needed.
        bool is_min = a->kind == AtomKind::min && (k > 0);
        bool is_max = a->kind == AtomKind::min && (k < 0);
        bool any_suffices = (is_min && up) || (is_max && !up);
        if (bounds.empty() || (!all && !any_suffices)) return std::nullopt;
        bool smallest = is_min || (!is_max && !up);
        return smallest ? minimum(std::move(bounds)) : maximum(std::move(bounds));
    }
    return extreme_terms(p, box, up);
}

/// The same for a sum: each factor that mentions box.v goes to the end of its own range that its
/// coefficient's sign asks for.
std::optional<Poly> Algebra::extreme_terms(const Poly& p, const Box& box, bool up) {
    Poly sum = p;
    for (AtomRef a : factors(p)) {
        if (!mentions(a, box.v)) continue;
        auto parts = split_by(sum, a);
        if (!parts || mentions(parts->first, box.v)) return std::nullopt;
        const Poly& k = parts->first;
        bool rising = nonnegative(k);
        if (!rising && !nonnegative(-k)) return std::nullopt;
        PolyRange r = atom_range(a, box);
        const std::optional<Poly>& end = rising == up ? r.max : r.min;
        if (!end) return std::nullopt;
        sum = parts->second + multiply(k, *end);
    }
    if (mentions(sum, box.v)) return std::nullopt;
    return sum;
}

/// The range of the atom `a` itself, which mentions box.v.
PolyRange Algebra::atom_range(AtomRef a, const Box& box) {
    if (a == box.v) return box.range;
    if (a->kind == AtomKind::mod) return mod_range(a, box);
    PolyRange r;
    if (a->kind == AtomKind::div) {
        const Poly& d = a->args[1];
        if (mentions(d, box.v) || !positive(d)) return r;
        if (auto low = extreme(a->args[0], box, false)) r.min = floordiv(*low, d);
        if (auto high = extreme(a->args[0], box, true)) r.max = floordiv(*high, d);
        return r;
    }
    if (is_choice(a)) {
        r.min = extreme(Poly(a), box, false);
        r.max = extreme(Poly(a), box, true);
        return r;
    }
    return type_range(a);
}

PolyRange Algebra::mod_range(AtomRef a, const Box& box) {
    const Poly& d = a->args[1];
    if (mentions(d, box.v) || !positive(d)) return {};
    auto low = extreme(a->args[0], box, false), high = extreme(a->args[0], box, true);
    if (low && high) {
        Poly block = floordiv(*low, d);
        if (block == floordiv(*high, d)) { // no wrap-around within the range
            Poly base = multiply(block, d);
            return {*low - base, *high - base};
        }
    }
    Poly last = d - Poly(1);
    if (low && high && nonnegative(*low)) last = minimum({last, *high});
    return {Poly(0), last};
}

/// Bounds p's bounds over v, and rewrites the guards so that they no longer mention v.
PolyRange Algebra::eliminate_atom(const PolyRange& p, AtomRef v, const PolyRange& r,
                                  std::vector<Poly>& guards) {
    PolyRange out;
    {
        Scope scope(*this);
        for (auto& g : guards)
            if (!mentions(g, v)) assume_ge(g);
        Box box{v, narrowed(r, v, guards)};
        extremes = limits::extremes;
        if (p.min) out.min = extreme(*p.min, box, false);
        if (p.max) out.max = extreme(*p.max, box, true);
    }
    std::vector<Poly> kept, low, high;
    if (r.min) low.push_back(Poly(v) - *r.min);
    if (r.max) high.push_back(*r.max - Poly(v));
    for (auto& g : guards) {
        if (!mentions(g, v)) {
            kept.push_back(g);
            continue;
        }
        auto parts = split_by(g, v);
        if (!parts || !parts->first.is_constant() || parts->first.terms.empty() || mentions(parts->second, v))
            continue;
        (parts->first.constant() > 0 ? low : high).push_back(g);
    }
    for (auto& l : low)
        for (auto& h : high) {
            if (kept.size() > limits::rows / 2) break;
            Poly g = l * mpz_class(-h.coefficient({v})) + h * l.coefficient({v});
            if (!g.is_constant()) kept.push_back(std::move(g));
        }
    guards = std::move(kept);
    return out;
}

/// Adds the loads among p's atoms, however deep; `seen` are atoms whose inside was looked at.
static void loads_in(const Poly& p, std::set<AtomRef, AtomLess>& out, std::set<AtomRef, AtomLess>& seen) {
    for (AtomRef a : factors(p)) {
        if (!a->loads || !seen.insert(a).second) continue;
        if (a->kind == AtomKind::opaque) out.insert(a);
        for (auto& q : a->args)
            loads_in(q, out, seen);
    }
}

static std::set<AtomRef, AtomLess> loads_in(const Poly& p) {
    std::set<AtomRef, AtomLess> loads, seen;
    loads_in(p, loads, seen);
    return loads;
}

PolyRange Algebra::bounds(const Poly& p, const std::vector<std::pair<Symbol, PolyRange>>& variables,
                          std::vector<Poly> guards) {
    std::deque<Scope> scopes;
    for (auto& [v, r] : variables) {
        scopes.emplace_back(*this);
        assume_range(v, r);
    }
    PolyRange b{p, p};
    for (AtomRef a : loads_in(p))
        b = eliminate_atom(b, a, type_range(a), guards);
    for (size_t i = variables.size(); i-- > 0;) {
        scopes.pop_back();
        Poly v = variable(variables[i].first);
        if (v.terms.size() == 1 && v.terms.begin()->first.size() == 1)
            b = eliminate_atom(b, v.terms.begin()->first[0], variables[i].second, guards);
    }
    auto closed = [&](const std::optional<Poly>& e) {
        return e && loads_in(*e).empty() && std::none_of(variables.begin(), variables.end(), [&](auto& v) {
                   AtomRef a =
                       factors(variable(v.first)).empty() ? nullptr : *factors(variable(v.first)).begin();
                   return a && mentions(*e, a);
               });
    };
    if (!closed(b.min)) b.min.reset();
    if (!closed(b.max)) b.max.reset();
    return b;
}

} // namespace lathe::ir::algebra
