#pragma once
/// \file What a pass over statements knows where it stands.

#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

namespace lathe::ir {

/// A Mutator that keeps the facts (ranges of the loops around, conditions that hold, parameters of the top
/// Function that are sizes: those of others may be anything) and the declarations of the tensors in scope.
class ScopedMutator : public Mutator {
  public:
    /// Mutates the body of every function.
    Module run(const Module& module);

  protected:
    using Mutator::visit;
    Stmt visit(const For& loop, const Stmt& s) override;
    Stmt visit(const If& branch, const Stmt& s) override;
    Stmt visit(const Allocate& a, const Stmt& s) override;
    Stmt visit(const Fill& f, const Stmt& s) override;
    Stmt visit(const Drain& d, const Stmt& s) override;
    const Facts& facts() const { return known; }
    /// A constant bound of the loop's extent, if it has one.
    std::optional<int64_t> most_iterations(const For& loop) const;
    const Tensor& declaration(const Symbol& tensor) const;
    /// Mutates `s` where `condition` is known to hold, or where `var` lies in [min, min + extent).
    Stmt under(const Expr& condition, const Stmt& s);
    Stmt inside(const Symbol& var, const Expr& min, const Expr& extent, const Stmt& s);
    /// Allocates these tensors around the body, mutated with them in scope.
    Stmt allocated(std::vector<Tensor> declared, const Stmt& body);

  private:
    Stmt learning(const std::function<void()>& learn, const Stmt& s);

    Facts known;
    std::map<Symbol, Tensor> tensors;
};

} // namespace lathe::ir
