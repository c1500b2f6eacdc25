#pragma once
/// \file Statements that become a Function of their own.

#include "rewrite.h"

namespace lathe::schedule {

using namespace ir;

/// The tensors in scope at the end of the path.
std::map<Symbol, const Tensor*> tensors_in_scope(const Function& f, const Path& path);

/// The Function, and what its call passes: the tensors that the statements use, and other numbers.
class Outlined {
  public:
    Outlined(const std::map<Symbol, const Tensor*>& in_scope, const Stmt& nest, const std::string& name);

    /// With the statements, or what stands for them, as its body.
    Function with_body(const Stmt& nest) const;
    Stmt call(Loc loc) const { return CallStmt::make(function.name, tensors, values, {}, loc); }

  private:
    void pass(const Tensor& t, Direction direction);
    void numbers(const Stmt& s);
    void numbers(const Expr& e);
    void number(const Expr& e, const std::set<Symbol>& free);
    void name_value(const Expr& e);

    Function function;
    std::vector<TensorView> tensors;
    std::vector<Expr> values;
    std::set<Symbol> known;
    std::map<Symbol, Symbol> names; ///< of tensors
    Substitution params;
};

} // namespace lathe::schedule
