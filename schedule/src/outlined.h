#pragma once
/// \file A piece of a Function as a Function of its own.

#include "edit.h"

#include <set>

namespace lathe::schedule {

using namespace ir;

/// The tensors in scope at the end of the path.
std::map<Symbol, const Tensor*> tensors_in_scope(const Function& f, const Path& path);

/// Refuses a piece, at the end of the path, that uses a tensor which holds a part of its elements at a time.
void check_outlined_tensors(const Edit& e, const Function& from, const Path& path);

/// The Function, and what its call passes: whole tensors as arguments, those that it writes as inout; loop
/// variables, lets and parameters as numbers. No Function around has its symbols.
class Outlined {
  public:
    Outlined(const std::map<Symbol, const Tensor*>& in_scope, const Stmt& piece, const std::string& name);
    /// `body`, which uses what the piece uses, as its program.
    Function with_body(const Stmt& body) const;
    Stmt call(Loc loc) const;

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
