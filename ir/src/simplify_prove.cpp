// Proofs of linear inequalities: Fourier-Motzkin elimination over the monomials of the goal and of what is
// known about them, with integer tightening, products with known signs, and case distinctions on min and
// select. All arithmetic is exact; an inequality that overflows 64 bits, or is one too many, is forgotten,
// which only weakens what is known.

#include "simplify_algebra.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace lathe::ir::algebra {

/// The cases that a proof is in, and how many more it may distinguish.
struct Algebra::Proof {
    std::vector<Poly> assumed;
    std::set<AtomRef> split;
    size_t disjunctions = 0;
    int leaves = limits::leaves;
};

// ---- What is known about an atom by its definition.

void Algebra::intrinsic(AtomRef a, std::vector<Poly>& out) {
    Poly x(a);
    if (a->kind == AtomKind::min) {
        for (auto& p : a->args)
            out.push_back(p - x);
    } else if (a->kind == AtomKind::opaque) {
        PolyRange r = type_range(a);
        if (r.min) out.push_back(x - *r.min);
        if (r.max) out.push_back(*r.max - x);
    } else if (a->kind == AtomKind::div) {
        const Poly &n = a->args[0], &d = a->args[1];
        if (!positive(d)) return;
        Poly multiple = multiply(x, d);
        out.push_back(n - multiple);
        out.push_back(multiple + d - Poly(1) - n);
        if (!d.is_constant() && nonnegative(n)) {
            out.push_back(x);
            out.push_back(n - x);
        }
    }
}

// ---- Collecting the inequalities that may matter.

std::vector<Poly> Algebra::relevant(std::vector<Poly> rows, const Proof& proof) {
    rows.insert(rows.end(), proof.assumed.begin(), proof.assumed.end());
    std::set<AtomRef, AtomLess> known;
    std::vector<bool> used(constraints.size());
    size_t seen = 0;
    for (int round = 0; round < 4; ++round) {
        std::vector<AtomRef> fresh;
        for (; seen < rows.size(); ++seen)
            for (AtomRef a : factors(rows[seen]))
                if (known.insert(a).second) fresh.push_back(a);
        if (fresh.empty() || known.size() > limits::columns) break;
        for (AtomRef a : fresh)
            intrinsic(a, rows);
        for (size_t i = constraints.size(); i-- > 0;) {
            if (used[i] || rows.size() > limits::rows) continue;
            auto f = factors(constraints[i]);
            if (std::none_of(f.begin(), f.end(), [&](AtomRef a) { return known.count(a) != 0; })) continue;
            used[i] = true;
            rows.push_back(constraints[i]);
        }
    }
    return rows;
}

/// x ≥ 0 and r ≥ 0 give x·r ≥ 0: added, twice over, where a product in it is part of one that already occurs.
void Algebra::add_products(std::vector<Poly>& rows) {
    std::set<Mono, MonoLess> products;
    std::set<AtomRef, AtomLess> candidates;
    for (auto& r : rows)
        for (auto& [m, c] : r.terms)
            if (m.size() > 1 && products.insert(m).second) candidates.insert(m.begin(), m.end());
    if (products.empty()) return;
    std::vector<AtomRef> scales;
    for (AtomRef x : candidates)
        if (scales.size() < 4 && nonnegative(Poly(x))) scales.push_back(x);
    std::map<Mono, bool, MonoLess> parts;
    auto occurs = [&](const Mono& m) {
        auto [known, first] = parts.try_emplace(m);
        if (first)
            known->second = std::ranges::any_of(products, [&](const Mono& whole) {
                return std::includes(whole.begin(), whole.end(), m.begin(), m.end(), AtomLess{});
            });
        return known->second;
    };
    std::set<Poly, PolyLess> seen(rows.begin(), rows.end());
    size_t first = 0;
    for (int round = 0; round < 2; ++round) {
        size_t end = rows.size();
        for (size_t i = first; i < end; ++i)
            for (AtomRef x : scales) {
                if (rows.size() >= limits::rows) return;
                auto& terms = rows[i].terms;
                const bool useful = std::ranges::any_of(terms, [&](auto& t) {
                    return !t.first.empty() && occurs(algebra::product(t.first, {x}));
                });
                if (!useful) continue;
                Poly scaled;
                for (auto& [m, k] : terms)
                    scaled.add(algebra::product(m, {x}), k);
                if (seen.insert(scaled).second) rows.push_back(std::move(scaled));
            }
        first = end;
    }
}

// ---- Elimination.

namespace {

/// Σ c[i]·x[i] + constant ≥ 0, in 64 bits without the least number, which has no opposite.
struct Row {
    std::array<int64_t, limits::columns> c{};
    int64_t constant = 0;
    friend auto operator<=>(const Row&, const Row&) = default;
};

enum class Kept { yes, trivial, contradiction };

Kept tighten(Row& r) {
    int64_t g = 0;
    for (int64_t c : r.c)
        g = std::gcd(g, c);
    if (g == 0) return r.constant < 0 ? Kept::contradiction : Kept::trivial;
    if (g > 1) {
        for (int64_t& c : r.c)
            c /= g;
        int64_t q = r.constant / g;
        r.constant = r.constant % g < 0 ? q - 1 : q;
    }
    return Kept::yes;
}

/// p·low + q·high with the column gone; nothing on overflow.
std::optional<Row> combine(const Row& low, const Row& high, size_t column) {
    int64_t a = low.c[column], b = high.c[column]; // a > 0 > b
    int64_t g = std::gcd(a, b), p = -b / g, q = a / g;
    Row r;
    auto mix = [&](int64_t x, int64_t y, int64_t& to) {
        int64_t u, v;
        return !__builtin_mul_overflow(x, p, &u) && !__builtin_mul_overflow(y, q, &v) &&
               !__builtin_add_overflow(u, v, &to) && to != INT64_MIN;
    };
    for (size_t i = 0; i < r.c.size(); ++i)
        if (!mix(low.c[i], high.c[i], r.c[i])) return std::nullopt;
    if (!mix(low.constant, high.constant, r.constant)) return std::nullopt;
    return r;
}

/// Of rows with equal coefficients only the strongest, the sparsest first; at most `limits::rows`.
void prune(std::vector<Row>& rows) {
    std::sort(rows.begin(), rows.end());
    auto same = [](const Row& a, const Row& b) { return a.c == b.c; };
    rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
    if (rows.size() <= limits::rows) return;
    auto weight = [](const Row& r) {
        return std::count_if(r.c.begin(), r.c.end(), [](int64_t c) { return c != 0; });
    };
    std::sort(rows.begin(), rows.end(),
              [&](const Row& a, const Row& b) { return std::pair(weight(a), a) < std::pair(weight(b), b); });
    rows.resize(limits::rows);
}

bool opposite(const Row& a, const Row& b) {
    if (a.constant != -b.constant) return false;
    for (size_t i = 0; i < a.c.size(); ++i)
        if (a.c[i] != -b.c[i]) return false;
    return true;
}

/// Columns with a coefficient ±1 in an equation (a row and its opposite).
std::vector<bool> solved_columns(const std::vector<Row>& rows, size_t columns) {
    std::vector<bool> solved(columns);
    for (size_t i = 0; i < rows.size(); ++i)
        for (size_t j = i + 1; j < rows.size(); ++j)
            if (opposite(rows[i], rows[j]))
                for (size_t k = 0; k < columns; ++k)
                    if (std::abs(rows[i].c[k]) == 1) solved[k] = true;
    return solved;
}

/// The column other than `keep` to eliminate next. Elimination is exact over the integers where an equation
/// has a coefficient ±1, or all lower or all upper bounds have: those first, then by the number of rows that
/// come about.
std::optional<size_t> cheapest(const std::vector<Row>& rows, size_t columns, size_t keep) {
    std::vector<bool> solved = solved_columns(rows, columns);
    std::optional<size_t> best;
    std::pair<int, long> best_cost;
    for (size_t i = 0; i < columns; ++i) {
        if (i == keep) continue;
        long p = 0, n = 0;
        bool exact_low = true, exact_high = true;
        for (auto& r : rows) {
            p += r.c[i] > 0, n += r.c[i] < 0;
            exact_low &= r.c[i] <= 1, exact_high &= r.c[i] >= -1;
        }
        if (p + n == 0) continue;
        std::pair<int, long> cost{solved[i] ? 0 : exact_low || exact_high ? 1 : 2, p * n - p - n};
        if (!best || cost < best_cost) best = i, best_cost = cost;
    }
    return best;
}

} // namespace

/// True if no integers satisfy all `given` (each ≥ 0). Otherwise, if `kept`, the inequalities on `keep` alone
/// that follow.
bool Algebra::eliminate(const std::vector<Poly>& given, AtomRef keep, std::vector<Poly>* kept) {
    std::map<Mono, size_t, MonoLess> columns;
    for (auto& p : given)
        for (auto& [m, c] : p.terms)
            if (!m.empty() && columns.size() < limits::columns) columns.emplace(m, columns.size());
    std::vector<Row> rows;
    for (auto& p : given) {
        Row r;
        bool fits = true;
        for (auto& [m, c] : p.terms) {
            auto i = columns.find(m);
            fits &= c.fits_slong_p() && c != INT64_MIN && (m.empty() || i != columns.end());
            if (!fits) break;
            (m.empty() ? r.constant : r.c[i->second]) = c.get_si();
        }
        if (!fits) continue;
        Kept k = tighten(r);
        if (k == Kept::contradiction) return true;
        if (k == Kept::yes) rows.push_back(std::move(r));
    }
    size_t keep_column = columns.size();
    if (keep)
        if (auto i = columns.find({keep}); i != columns.end()) keep_column = i->second;
    prune(rows);
    while (auto column = cheapest(rows, columns.size(), keep_column)) {
        std::vector<Row> next, low, high;
        for (auto& r : rows)
            (r.c[*column] == 0 ? next : r.c[*column] > 0 ? low : high).push_back(std::move(r));
        work += static_cast<int64_t>(low.size() * high.size() * columns.size());
        if (work > limits::work) return false;
        for (auto& l : low)
            for (auto& h : high) {
                auto r = combine(l, h, *column);
                if (!r) continue;
                Kept k = tighten(*r);
                if (k == Kept::contradiction) return true;
                if (k == Kept::yes) next.push_back(std::move(*r));
            }
        rows = std::move(next);
        prune(rows);
    }
    for (auto& l : rows)
        for (auto& h : rows)
            if (keep_column < columns.size() && l.c[keep_column] > 0 && h.c[keep_column] < 0) {
                auto r = combine(l, h, keep_column);
                if (r && r->constant < 0) return true;
            }
    if (kept && keep_column < columns.size())
        for (auto& r : rows)
            kept->push_back(Poly(keep) * mpz_class(r.c[keep_column]) + Poly(r.constant));
    return false;
}

// ---- Case distinctions.

/// A min or select factor of `p` not yet split; of minima those of coefficient sign `sign` (0: both).
static AtomRef choice_in(const Poly& p, const std::set<AtomRef>& split, int sign) {
    AtomRef best = nullptr; // one that contains others comes before them
    for (auto& [m, c] : p.terms)
        for (AtomRef a : m) {
            bool fits = a->kind == AtomKind::select ||
                        (a->kind == AtomKind::min && (m.size() > 1 || sign == 0 || sgn(c) == sign));
            if (fits && !split.count(a) && (!best || a->depth > best->depth)) best = a;
        }
    return best;
}

namespace {
/// One case: what holds in it, and what the split atom equals there.
struct Case {
    std::vector<Poly> holds;
    Poly value;
};
} // namespace

static std::vector<Case> cases_of(AtomRef a) {
    std::vector<Case> cases;
    Poly x(a);
    for (auto& value : a->args) {
        Case c{{x - value, value - x}, value};
        if (a->kind == AtomKind::min)
            for (auto& other : a->args)
                if (&other != &value) c.holds.push_back(other - value);
        cases.push_back(std::move(c));
    }
    if (a->kind == AtomKind::select) {
        inequalities(*a->condition, cases[0].holds);
        inequalities(*negate(a->condition), cases[1].holds);
    }
    return cases;
}

static std::vector<Case> cases_of(const Cond& disjunction) {
    std::vector<Case> cases;
    if (disjunction.kind == Cond::Kind::ne) {
        cases.push_back({{disjunction.poly - Poly(1)}, {}});
        cases.push_back({{-disjunction.poly - Poly(1)}, {}});
        return cases;
    }
    for (auto& p : disjunction.parts) {
        Case c;
        inequalities(*p, c.holds);
        if (c.holds.empty()) return {};
        cases.push_back(std::move(c));
    }
    return cases;
}

static bool shares_factor(const Cond& c, const std::set<AtomRef, AtomLess>& with) {
    auto f = factors(c.poly);
    return std::any_of(f.begin(), f.end(), [&](AtomRef a) { return with.count(a) != 0; }) ||
           std::any_of(c.parts.begin(), c.parts.end(),
                       [&](const CondRef& p) { return shares_factor(*p, with); });
}

bool Algebra::solve(Proof& proof, const Poly& goal, int depth) {
    if (goal.is_constant() && goal.constant() >= 0) return true;
    std::vector<Poly> rows = relevant({-goal - Poly(1)}, proof);
    add_products(rows);
    if (eliminate(rows, nullptr, nullptr)) return true;
    if (depth == 0 || work > limits::work) return false;

    AtomRef a = choice_in(goal, proof.split, 1);
    if (!a) a = choice_in(goal, proof.split, 0);
    for (size_t i = 0; i < rows.size() && !a; ++i)
        a = choice_in(rows[i], proof.split, -1);
    std::vector<Case> cases;
    Proof inner = proof;
    if (a) {
        cases = cases_of(a);
        inner.split.insert(a);
    } else {
        std::set<AtomRef, AtomLess> known;
        for (auto& r : rows)
            for (AtomRef f : factors(r))
                known.insert(f);
        size_t& i = inner.disjunctions;
        for (; i < disjunctions.size() && cases.empty(); ++i)
            if (shares_factor(*disjunctions[i], known)) cases = cases_of(*disjunctions[i]);
    }
    if (cases.empty() || static_cast<int>(cases.size()) > proof.leaves) return false;
    inner.leaves = proof.leaves / static_cast<int>(cases.size());
    size_t before = inner.assumed.size();
    for (auto& c : cases) {
        inner.assumed.resize(before);
        inner.assumed.insert(inner.assumed.end(), c.holds.begin(), c.holds.end());
        if (!solve(inner, a ? replaced(*this, goal, a, c.value) : goal, depth - 1)) return false;
    }
    return true;
}

bool Algebra::impossible(std::vector<Poly> together) {
    Proof proof;
    proof.assumed = std::move(together);
    return solve(proof, Poly(-1), limits::splits);
}

namespace {
/// Counts proofs that run within proofs.
struct Nested {
    int& count;
    explicit Nested(int& c) : count(c) { ++count; }
    ~Nested() { --count; }
};
} // namespace

bool Algebra::nonnegative(const Poly& p) {
    if (p.is_constant()) return p.constant() >= 0;
    auto& memo = frames.back().proved;
    if (auto i = memo.find(p); i != memo.end() && i->second <= nesting) return i->second < 0;
    if (nesting > 2 || work > limits::work) return false;
    Nested guard(nesting);
    Proof proof;
    bool yes = solve(proof, p, nesting > 1 ? 1 : limits::splits);
    frames.back().proved[p] = yes ? -1 : nesting - 1;
    return yes;
}

// ---- Constant bounds.

std::optional<mpz_class> Algebra::solve_upper(Proof& proof, const Poly& p, int depth) {
    if (p.is_constant()) return p.constant();
    // The bound of t where t ≤ p; no program variable has this symbol.
    Atom bound{AtomKind::variable, {}, Symbol(), 0, {}, nullptr, {}, false, 0};
    std::vector<Poly> rows = relevant({p - Poly(&bound)}, proof);
    add_products(rows);
    std::vector<Poly> kept;
    std::optional<mpz_class> best;
    if (eliminate(rows, &bound, &kept))
        return std::nullopt; // the facts contradict each other: nothing to gain
    for (auto& r : kept) {
        mpz_class k = r.coefficient({&bound});
        if (k >= 0) continue;
        mpz_class b = floor_div(r.constant(), -k);
        if (!best || b < *best) best = b;
    }
    if (depth == 0 || work > limits::work) return best;
    AtomRef a = choice_in(p, proof.split, -1);
    if (!a) return best;
    std::vector<Case> cases = cases_of(a);
    if (static_cast<int>(cases.size()) > proof.leaves) return best;
    Proof inner = proof;
    inner.split.insert(a);
    inner.leaves = proof.leaves / static_cast<int>(cases.size());
    size_t before = inner.assumed.size();
    std::optional<mpz_class> worst;
    for (auto& c : cases) {
        inner.assumed.resize(before);
        inner.assumed.insert(inner.assumed.end(), c.holds.begin(), c.holds.end());
        auto b = solve_upper(inner, replaced(*this, p, a, c.value), depth - 1);
        if (!b) return best;
        if (!worst || *b > *worst) worst = b;
    }
    return !best || (worst && *worst < *best) ? worst : best;
}

std::optional<mpz_class> Algebra::upper(const Poly& p) {
    if (p.is_constant()) return p.constant();
    mpz_class offset = p.constant();
    Poly varying = p - Poly(offset);
    auto& memo = frames.back().uppers;
    auto i = memo.find(varying);
    if (i == memo.end()) {
        if (nesting > 2 || work > limits::work) return std::nullopt;
        Nested guard(nesting);
        Proof proof;
        auto bound = solve_upper(proof, varying, nesting > 1 ? 1 : limits::splits);
        i = frames.back().uppers.emplace(varying, bound).first;
    }
    if (!i->second) return std::nullopt;
    return mpz_class(*i->second + offset);
}

std::optional<mpz_class> Algebra::lower(const Poly& p) {
    auto u = upper(-p);
    if (!u) return std::nullopt;
    return mpz_class(-*u);
}

} // namespace lathe::ir::algebra
