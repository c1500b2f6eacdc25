#pragma once
/// \file From values that a user wrote to IR: subscripts and conditions become Index arithmetic, user
/// variables become loops.

#include "nodes.h"

#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

namespace lathe {

using namespace ir;

/// Turns the expressions of one definition into IR.
///
/// A subscript is made of mathematical integers: +, −, ·, min, max and choices of loop variables, sizes and
/// literals are taken over as they stand, which changes no value since the language's arithmetic is
/// value-preserving. `/` and `%` become floordiv and floormod where the facts say that their operands are not
/// negative. Every other integer is cast to Index. Comparisons of such numbers become comparisons of Index,
/// so that analyses see them.
class Resolver : public Mutator {
  public:
    explicit Resolver(const Facts& f) : facts(f) {}
    /// A Var or RDom dimension is this loop; a parameter or a let is this value.
    void bind(const Symbol& variable, Expr value);
    void rename(const Symbol& tensor, const Symbol& to); ///< a called kernel's argument is this tensor
    const Symbol& tensor(const Symbol& named) const;
    /// Its value is in this accumulator, from now on: one that several statements use has one in each.
    void bind(const InlineReduction& reduction, Expr accumulator);
    void bind(const ReductionGroup& group, std::vector<Expr> accumulators);
    Facts& known() { return facts; }
    /// A subscript or a loop bound. \throws Error when / or % may meet negative operands.
    Expr index(const Expr& e);
    /// The same bindings for an inner scope, which may bind the same variables to other loops.
    Resolver inner() const;

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override;

  private:
    enum class Purpose : uint8_t { subscript, comparison };
    Expr convert(const Expr& e, Purpose purpose);
    Expr convert_node(const Expr& e, Purpose purpose);
    Expr convert_binary(const Expr& e, const Binary& b, Purpose purpose);
    Expr rounded(const Binary& b, Expr x, Expr y, Purpose purpose);
    Expr leaf(const Expr& e, Purpose purpose);
    void forget_all();

    Facts facts;
    std::map<Symbol, Expr> variables;
    std::map<Symbol, Symbol> tensors;
    std::map<const InlineReduction*, Expr> accumulators;
    std::map<const ReductionGroup*, std::vector<Expr>> groups;
    std::unordered_map<const ExprNode*, Expr> converted[2];
};

} // namespace lathe
