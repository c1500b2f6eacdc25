#pragma once
/// \file Inline reductions become accumulators before the statement that uses them.

#include "resolve.h"

namespace lathe {

/// Loops of a domain, outermost first, around `body`; `scope` resolves their bounds and learns their variables.
class DomainLoops {
  public:
    DomainLoops(const RDomData& domain, Resolver& scope);
    Stmt around(Stmt body) const; ///< the conditions too
    std::vector<std::pair<Symbol, Symbol>> loops; ///< user variable → loop

  private:
    const RDomData& domain;
    std::vector<Dim> ranges;
    std::vector<Expr> conditions;
};

/// Makes the accumulators of all inline reductions in the expressions that run where a statement runs. A reduction is
/// evaluated only where its value is used: under the conditions of the selects around it.
class Accumulators {
  public:
    /// Binds each reduction in `roots` in `scope`.
    Accumulators(const std::vector<Expr>& roots, Resolver& scope);
    /// The accumulators' declarations and computation around `body`.
    Stmt around(Stmt body) const;

  private:
    Expr path_condition(const ExprNode* node);
    void find(const Expr& e);
    void emit(const InlineReduction& r);
    Stmt computation(const InlineReduction& r, const Tensor& accumulator);

    struct Use {
        Expr parent;    ///< empty: a root
        Expr condition; ///< of the select's arm, in the user's terms
    };
    Resolver& scope;
    std::map<const ExprNode*, std::vector<Use>> uses; ///< of expressions that hold a reduction
    std::map<const ExprNode*, bool> holds;
    std::map<const ExprNode*, Expr> conditions;
    std::set<const InlineReduction*> emitted;
    std::vector<Tensor> tensors;
    std::vector<Stmt> computations;
};

} // namespace lathe
