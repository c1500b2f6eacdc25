#pragma once
/// \file Algebra on Index expressions and Bool conditions; values of other types are only constant-folded.
///
/// Index is a mathematical integer: nothing here overflows. Every query has a budget, so nothing explodes:
/// past it an expression stays as it is and a proof fails. Integer expressions of fixed width (Int(32) of a
/// loop variable, say) take part in comparisons and subscripts when the facts show that no step of them
/// wraps, so bound your parameters.

#include "lathe/ir/stmt.h"

namespace lathe::ir {

/// An inclusive range of an Index expression; an undefined bound is unbounded. Bounds are Index expressions.
struct Interval {
    Expr min, max;
};

/// What is known where an expression stands: ranges of variables, and conditions that hold.
class Facts {
  public:
    void bound(const Symbol& variable,
               Interval range); ///< replaces an earlier bound; an undefined end keeps it
    /// A Bool over Index expressions, e.g. 6·io + 6 ≤ M. Conditions that read memory are ignored: it may
    /// change.
    void assume(const Expr& condition);
    const Interval* range(const Symbol& variable) const;
    const std::map<Symbol, Interval>& variable_ranges() const { return ranges; }
    const std::vector<Expr>& conditions() const { return known; }

  private:
    std::map<Symbol, Interval> ranges;
    std::vector<Expr> known;
};

/// An equal expression, simpler: linear terms collected, floordiv/floormod/min/max/comparisons decided where
/// the facts allow.
Expr simplify(const Expr& e, const Facts& facts = {});
/// Simplifies every expression with the facts of the loops and conditions around it; removes dead branches
/// and empty loops.
Stmt simplify(const Stmt& s, const Facts& facts = {});

/// True if the condition (a Bool over Index expressions) certainly holds. False means "not proved", never
/// "proved false".
bool prove(const Expr& condition, const Facts& facts);

/// Bounds of an Index expression when `variables` range over their intervals: symbolic in the other
/// variables.
Interval bounds_of(const Expr& e, const std::map<Symbol, Interval>& variables);
/// A variable and its range, which may mention variables that come before it.
using VariableRange = std::pair<Symbol, Interval>;
/// The same for variables listed outermost first, where `condition` (empty: always) holds: it narrows the
/// ranges. Loads have their integer type's range. If the range of a variable is empty, or the condition never
/// holds, then the bounds are those of nothing: any, often with max < min. Shared subexpressions cost once.
Interval bounds_of(const Expr& e, const std::vector<VariableRange>& variables, const Expr& condition,
                   const Facts& facts);
/// Constant bounds, if the facts give them.
std::optional<int64_t> const_lower_bound(const Expr& e, const Facts& facts);
std::optional<int64_t> const_upper_bound(const Expr& e, const Facts& facts);

/// e as c0 + Σ c_v·v over Index variables with integer coefficients, if it is that.
struct Linear {
    mpz_class constant;
    std::map<Symbol, mpz_class> coefficients; ///< no zeros
};
std::optional<Linear> as_linear(const Expr& e);

} // namespace lathe::ir
