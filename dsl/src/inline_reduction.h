#pragma once
/// \file Inline reductions become accumulators before the statement that uses them.

#include "resolve.h"

namespace lathe {

using namespace ir;

/// The accumulators of all inline reductions in the expressions of one statement. A reduction is computed
/// before the statement, but only if its value is used: under the conditions of the selects around it.
class Accumulators {
  public:
    /// Binds each reduction in `roots` in `scope`.
    Accumulators(const std::vector<Expr>& roots, Resolver& scope);
    bool empty() const { return tensors.empty(); }
    /// The accumulators' declarations and computations before `body`.
    Stmt around(Stmt body) const;

  private:
    struct Arm {
        size_t condition; ///< of a select, by its place in `conditions`
        bool holds;
        friend bool operator==(const Arm&, const Arm&) = default;
    };
    using Path = std::vector<Arm>; ///< the selects' arms around an expression, outermost first
    struct Use {
        const ExprNode* parent = nullptr; ///< null: a root
        std::optional<Arm> arm;
    };

    bool find(const Expr& e);
    void emit_all(const Expr& e);
    void emit(const Expr& e, const InlineReduction& r);
    void emit(const GroupPart& p);
    void emit_conditions(const std::vector<Path>& reached);
    Stmt computation(const InlineReduction& r, const Tensor& accumulator);
    Stmt computation(const ReductionGroup& g, const std::vector<Tensor>& accumulators, Loc loc);
    Stmt on_paths(const std::vector<Path>& paths, Stmt body);
    Expr lazy_condition(const Path& path);
    Expr arm_condition(const Arm& arm);
    const std::vector<Path>& paths_to(const ExprNode* node, Loc loc);
    size_t condition_number(const Expr& condition);

    Resolver& scope;
    std::map<const ExprNode*, bool> holds; ///< a reduction
    std::map<const ExprNode*, std::vector<Use>> uses;
    std::map<const ExprNode*, std::vector<Path>> paths;
    std::map<const ReductionGroup*, std::vector<const ExprNode*>> parts; ///< that are used
    std::set<const ReductionGroup*> emitted_groups;
    std::vector<Expr> conditions; ///< of selects, as the user wrote them
    std::set<const ExprNode*> emitted;
    std::vector<Tensor> tensors;
    std::vector<Stmt> starts, computations;
};

/// Values that a loop keeps in lets around it.
using Kept = std::vector<std::pair<Symbol, Expr>>;
/// A loop's bound, kept: evaluated once, when the loop is entered.
Expr kept_bound(const Expr& e, const char* name, Resolver& scope, Kept& kept);
Stmt around_kept(const Kept& kept, Stmt body, Loc loc);

/// The loops of a domain; `scope` resolves their bounds and learns their variables.
class DomainLoops {
  public:
    /// `written`, if any, is the Func that the loops update: a bound that reads it is kept.
    DomainLoops(const RDomData& domain, Resolver& scope, const FuncData* written = nullptr);
    Stmt around(Stmt body) const;
    std::vector<std::pair<Symbol, Symbol>> loops; ///< user variable → loop, outermost first

  private:
    struct Level {
        Dim range;
        Kept kept;
        Accumulators sums; ///< of the bounds
    };
    Level level(const RDomData::Dimension& d, Resolver& scope, const FuncData* written) const;

    std::vector<Level> levels;
    Loc loc;
};

/// `body` where the domain's conditions hold. `body` is made after the conditions are bound.
Stmt where_in(const RDomData& domain, Resolver& scope, const std::function<Stmt()>& body);

} // namespace lathe
