#pragma once
/// \file Private to the simplifier: the normal form of Index expressions and conditions, and what can be
/// proved of them.
///
/// An Index expression is a polynomial with integer coefficients over *atoms*: variables, floor divisions,
/// minima, selects, and opaque expressions (loads, casts of values). Three rewritings make equal things look
/// equal:
///   a mod b   = a − b·(a div b)                   so (a div b)·b + a mod b collapses by itself
///   max(a, b) = −min(−a, −b)                      so there is one kind of extremum
///   min(a, b) = a + min(0, b − a), a the smaller  so a common offset leaves the minimum
/// `emit` undoes all three, so that people read % and max again.
///
/// Limits, beyond which a subexpression stays as it is or a proof is given up: see `limits`.

#include "lathe/ir/index_ranges.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <deque>
#include <functional>
#include <unordered_map>

namespace lathe::ir::algebra {

namespace limits {
constexpr size_t terms = 48;          ///< of a polynomial that a product makes
constexpr size_t degree = 6;          ///< of a monomial
constexpr size_t coefficient = 4096;  ///< bits of a coefficient that a product makes
constexpr size_t min_arguments = 10;  ///< of one minimum
constexpr size_t rows = 72;           ///< inequalities in one elimination
constexpr size_t columns = 22;        ///< monomials in one elimination
constexpr int splits = 4;             ///< nested case distinctions of one proof
constexpr int leaves = 24;            ///< cases of one proof
constexpr int64_t work = 4'000'000;   ///< multiplications in all eliminations for one top-level expression
constexpr int extremes = 2000;        ///< ends of choices inside each other that one elimination looks at
constexpr int scoped_visits = 500;    ///< nodes visited below select arms for one top-level expression
constexpr size_t together = 8;        ///< parts of && or || that are simplified in view of each other
constexpr int statements = 2'000'000; ///< statements visited by one call
} // namespace limits

struct Atom;
using AtomRef = const Atom*;       ///< interned: equal atoms of one Algebra are one object
using Mono = std::vector<AtomRef>; ///< a product, sorted; empty: 1

int compare(AtomRef a, AtomRef b);
struct AtomLess {
    bool operator()(AtomRef a, AtomRef b) const { return compare(a, b) < 0; }
};
/// Higher degree first, the constant last.
struct MonoLess {
    bool operator()(const Mono& a, const Mono& b) const;
};
Mono product(const Mono& a, const Mono& b);

/// Σ coefficient·monomial, no zero coefficients.
struct Poly {
    std::map<Mono, mpz_class, MonoLess> terms;

    Poly() = default;
    Poly(const mpz_class& c) { add({}, c); }
    Poly(long c) : Poly(mpz_class(c)) {}
    Poly(int c) : Poly(mpz_class(c)) {}
    explicit Poly(AtomRef a) { terms[{a}] = 1; }

    bool is_constant() const { return terms.empty() || terms.begin()->first.empty(); }
    mpz_class constant() const;
    mpz_class coefficient(const Mono& m) const;
    void add(const Mono& m, const mpz_class& c);
    /// gcd of all coefficients, with or without the constant's; 0 if there are none.
    mpz_class content(bool with_constant) const;
    /// Every coefficient divided, which must be exact except for the constant: that is rounded down.
    Poly divided(const mpz_class& d) const;
};

Poly operator+(Poly a, const Poly& b);
Poly operator-(Poly a, const Poly& b);
Poly operator*(Poly a, const mpz_class& c);
Poly operator-(Poly a);
int compare(const Poly& a, const Poly& b);
inline bool operator==(const Poly& a, const Poly& b) {
    return compare(a, b) == 0;
}
struct PolyLess {
    bool operator()(const Poly& a, const Poly& b) const { return compare(a, b) < 0; }
};

struct Cond;
using CondRef = std::shared_ptr<const Cond>;

struct Cond {
    enum class Kind { constant, ge, eq, ne, opaque, both, either };
    Kind kind = Kind::constant;
    bool value = true;          ///< constant: the truth; opaque: false if negated
    Poly poly;                  ///< ge: poly ≥ 0; eq, ne: compared with 0
    AtomRef atom = nullptr;     ///< opaque: a Bool expression, interned
    std::vector<CondRef> parts; ///< both, either
    bool is(bool b) const { return kind == Kind::constant && value == b; }
};
int compare(const Cond& a, const Cond& b);
CondRef negate(const CondRef& c);

enum class AtomKind { variable, opaque, div, mod, min, select };

struct Atom {
    AtomKind kind;
    Expr expr;              ///< variable, opaque
    Symbol symbol;          ///< variable
    size_t number = 0;      ///< opaque: order of first appearance
    std::vector<Poly> args; ///< div, mod: dividend, divisor; min: 0 and the others; select: then, else
    CondRef condition;      ///< select
    std::set<Symbol> free;  ///< variables anywhere inside
    bool loads = false;     ///< a load anywhere inside
    int depth = 0;          ///< of nested atoms
};
/// A range whose bounds may be unknown.
struct PolyRange {
    std::optional<Poly> min, max;
};

/// One simplification: interned atoms, and a stack of what is known.
class Algebra {
  public:
    explicit Algebra(const Facts& facts);
    Algebra(const Algebra&) = delete;

    /// While it lives, further facts may be assumed; they end with it.
    class Scope {
      public:
        explicit Scope(Algebra& a);
        ~Scope();
        Scope(const Scope&) = delete;

      private:
        Algebra& owner;
    };
    void assume(const CondRef& c);
    void assume_ge(const Poly& p); ///< p ≥ 0
    void assume_range(const Symbol& v, const PolyRange& r);
    /// A range that was so at an earlier moment: an end that does not last gives the numbers it lies between.
    void learn(const Symbol& v, const Interval& r, const std::function<bool(const Expr&)>& lasts);
    void bind(const Symbol& v, const Poly& p) { bindings.insert_or_assign(v, p); } ///< v is p from now on
    void reset_budget();

    IndexRanges machine; ///< what a machine may see: which numbers it computes in how many bits

    // Expressions into normal form and back.
    Expr simplify(const Expr& e); ///< any type
    Poly poly(const Expr& e);     ///< scalar Index
    CondRef cond(const Expr& e);  ///< scalar Bool
    Expr emit(const Poly& p);
    Expr emit(const CondRef& c);
    Poly variable(const Symbol& s);

    // The rules: each gives a polynomial (condition) equal to the named operation wherever the facts hold.
    Poly multiply(const Poly& a, const Poly& b);
    Poly floordiv(const Poly& a, const Poly& b);
    Poly floormod(const Poly& a, const Poly& b);
    Poly minimum(std::vector<Poly> args);
    Poly maximum(std::vector<Poly> args);
    Poly select(const CondRef& c, const Poly& a, const Poly& b);
    CondRef ge(const Poly& p);
    CondRef eq(const Poly& p);
    CondRef both(std::vector<CondRef> parts);
    CondRef either(std::vector<CondRef> parts);

    // Proofs.
    bool nonnegative(const Poly& p);
    bool positive(const Poly& p) { return nonnegative(p - Poly(1)); }
    std::optional<mpz_class> upper(const Poly& p);
    std::optional<mpz_class> lower(const Poly& p);

    /// Bounds of `p` where `guards` (each ≥ 0) hold and `variables` (outermost first) range as given. No
    /// bound mentions one of them or a load.
    PolyRange bounds(const Poly& p, const std::vector<std::pair<Symbol, PolyRange>>& variables,
                     std::vector<Poly> guards);

  private:
    /// What a scope adds. Memos stand here because every one of them depends on the facts in force.
    struct Frame {
        size_t constraints = 0, disjunctions = 0, opaque = 0, multiples = 0;
        std::unordered_map<const ExprNode*, std::pair<Expr, Poly>> polys;
        std::unordered_map<const ExprNode*, std::pair<Expr, CondRef>> conds;
        std::unordered_map<const ExprNode*, std::pair<Expr, Expr>> exprs;
        /// Whether p ≥ 0: −1 if it was proved, else within how many other proofs it was not (deeper ones try
        /// less).
        std::map<Poly, int, PolyLess> proved;
        std::map<Poly, std::optional<mpz_class>, PolyLess> uppers;
        std::map<Poly, Expr, PolyLess> emitted;
    };

    // simplify_expr.cpp
    Expr rebuild(const Expr& e);
    bool wider(const Expr& now, const Expr& before);
    Expr simplify_select(const Expr& e);
    Expr simplify_arm(const Expr& arm, const CondRef& c);
    Expr simplify_let(const Expr& e);
    Expr fold(const Expr& e);
    Poly make_poly(const Expr& e);
    Poly poly_of_binary(const Binary& b, const Expr& e);
    Poly poly_of_select(const Select& s);
    std::optional<Poly> lift(const Expr& e, bool opaque_leaves);
    std::optional<Poly> lift_binary(const Binary& b, bool opaque_leaves);
    bool within(const Poly& p, Type t);
    void note_multiple(const Poly& zero);
    void forget(); ///< drops what was found with fewer facts
    bool may_scope() { return ++visits < limits::scoped_visits; }

    // simplify_condition.cpp
    CondRef make_cond(const Expr& e);
    std::vector<CondRef> joined(const Binary& e, Cond::Kind kind);
    CondRef compare_polys(BinaryOp op, const Poly& a, const Poly& b);
    CondRef opaque_cond(const Expr& e);
    CondRef decide(const CondRef& c);
    CondRef join(Cond::Kind kind, std::vector<CondRef> parts);

    // simplify_rules.cpp
    Poly with_factors(Poly p, const mpz_class& divisor);
    Poly without_factors(Poly p);
    Poly div_by_constant(const Poly& a, mpz_class c);
    std::optional<Poly> div_by_parts(const Poly& a, const mpz_class& c);
    Poly div_by_poly(const Poly& a, const Poly& b);
    AtomRef intern(Atom a);
    AtomRef opaque(const Expr& e);
    Poly atom(AtomKind kind, std::vector<Poly> args, const CondRef& c = nullptr);

    // simplify_emit.cpp
    Poly with_mods(Poly p);
    std::optional<Poly> mod_for(const Poly& p, const Mono& m, const mpz_class& c);
    Expr emit_atom(AtomRef a);
    Expr emit_term(const Mono& m, const mpz_class& c);
    Expr emit_sum(const Poly& p, const std::vector<Expr>& first);
    Expr emit_choice(AtomRef a, const mpz_class& k, Poly& rest);
    Expr emit_compare(const Cond& c);

    // simplify_prove.cpp
    struct Proof;
    bool solve(Proof& proof, const Poly& goal, int depth);
    bool impossible(std::vector<Poly> together); ///< not all of them are ≥ 0
    std::optional<mpz_class> solve_upper(Proof& proof, const Poly& p, int depth);
    void intrinsic(AtomRef a, std::vector<Poly>& out);
    std::vector<Poly> relevant(std::vector<Poly> seeds, const Proof& proof);
    void add_products(std::vector<Poly>& rows);
    bool eliminate(const std::vector<Poly>& rows, AtomRef keep, std::vector<Poly>* kept);

    // simplify_bounds.cpp
    struct Box {
        AtomRef v;
        PolyRange range;
    };
    std::optional<Poly> extreme(const Poly& p, const Box& box, bool up);
    std::optional<Poly> extreme_terms(const Poly& p, const Box& box, bool up);
    PolyRange atom_range(AtomRef a, const Box& box);
    PolyRange mod_range(AtomRef a, const Box& box);
    PolyRange narrowed(PolyRange r, AtomRef v, const std::vector<Poly>& guards);
    PolyRange eliminate_atom(const PolyRange& p, AtomRef v, const PolyRange& r, std::vector<Poly>& guards);

    std::deque<Atom> atoms;
    std::set<AtomRef, AtomLess> interned;
    std::unordered_multimap<size_t, AtomRef> opaques;
    std::vector<Poly> constraints;     ///< each ≥ 0
    std::vector<CondRef> disjunctions; ///< ne, either
    std::vector<CondRef> facts;        ///< opaque conditions that hold
    /// x = factor·quotient, where quotient is the atom x div factor.
    struct Multiple {
        AtomRef x;
        mpz_class factor;
        AtomRef quotient;
    };
    std::vector<Multiple> multiples;
    std::deque<Frame> frames;
    std::map<Symbol, Poly> bindings; ///< Index lets
    int64_t work = 0;
    int visits = 0;
    int extremes = 0; ///< left for this elimination
    int nesting = 0;  ///< proofs within proofs
};

/// Appends the inequalities (each ≥ 0) that `c` certainly implies.
void inequalities(const Cond& c, std::vector<Poly>& out);
/// True if `v` occurs in `p`, however deep.
bool mentions(const Poly& p, AtomRef v);
bool mentions(AtomRef a, AtomRef v);
/// The atoms that occur as factors of `p`.
std::set<AtomRef, AtomLess> factors(const Poly& p);
/// `p` with the factor `a` replaced (not inside other atoms).
Poly replaced(Algebra& algebra, const Poly& p, AtomRef a, const Poly& by);
/// The terms k·a of `p` with a a min or select: those that contain others first.
std::vector<std::pair<AtomRef, mpz_class>> choices(const Poly& p);
/// p = quotient·a + rest with a not a factor of the rest; nothing if `a` occurs squared.
std::optional<std::pair<Poly, Poly>> split_by(const Poly& p, AtomRef a);
/// Exact range of an Index opaque atom: that of the integer type it was cast from.
PolyRange type_range(AtomRef a);
mpz_class floor_div(const mpz_class& a, const mpz_class& b);

} // namespace lathe::ir::algebra
