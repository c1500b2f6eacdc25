#pragma once
/// \file Finding statements, and putting others in their place.

#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <functional>

namespace lathe::schedule {

using namespace ir;

/// Statements from the root down to one of interest, each a child of the one before it.
using Path = std::vector<Stmt>;

/// The first statement (outer before inner) for which `wanted` holds; empty if there is none.
Path find_path(const Stmt& root, const std::function<bool(const Stmt&)>& wanted);
/// From the root to a loop that is looked for in the stages of `func` first.
Path path_to_loop(const Stmt& root, const Symbol& loop, const Symbol& func);

/// From the root to the first definition of a stage in it.
Path path_to_stage(const Stmt& root, const Symbol& func);

/// `s` with f(body) for each of bodies(s). Where none is left, `s` disappears, too, unless it does something
/// by itself.
Stmt with_bodies(const Stmt& s, const std::function<Stmt(const Stmt&)>& f);
/// `parent` with its child `old` (the very node) replaced.
Stmt with_child(const Stmt& parent, const Stmt& old, const Stmt& fresh);
/// The root after the path's last statement was replaced.
Stmt rebuild(const Path& path, Stmt leaf);
/// For statements with one body: the same with another body.
Stmt with_body(const Stmt& s, Stmt body);

/// An Allocate with its tensors as `change` leaves them, which says whether it changed one.
Stmt with_tensors(const Stmt& s, const std::function<bool(Tensor&)>& change);

/// Rebuilds statements bottom-up: `f` gets each statement with its children already rewritten.
Stmt transform(const Stmt& s, const std::function<Stmt(const Stmt&)>& f);
/// Visits every statement, outer before inner, in program order.
void for_each_stmt(const Stmt& s, const std::function<void(const Stmt&)>& f);

/// What holds where the path's last statement stands: ranges of the loops around it, conditions, assertions
/// that were passed, extents ≥ 0.
Facts facts_at(const Path& path, const Function& f);
/// What holds in the body of the path's last statement, a loop.
Facts facts_inside(const Path& path, const Function& f);

/// The stages in a statement that no other stage of it is around.
void outermost_stages(const Stmt& s, std::set<Symbol>& all);

/// Every loop in `s`, in program order.
std::vector<const For*> loops_in(const Stmt& s);

/// `wish`, or with a number behind it, as no Function in the two lists is called.
std::string free_function_name(const std::string& wish, const std::vector<Function>& a,
                               const std::vector<Function>& b);

/// A copy with fresh identities for every loop, let and tensor: `fresh` makes those of loops and tensors.
Stmt duplicate(const Stmt& s, const std::function<Symbol(const Symbol&)>& fresh,
               std::vector<std::pair<Symbol, Symbol>>* renamed = nullptr);

Expr var(const Symbol& s); ///< a loop variable
Expr less(const Expr& a, const Expr& b);
Expr at_most(const Expr& a, const Expr& b);
Expr equals(const Expr& a, const Expr& b);
Expr ceil_div(const Expr& a, int64_t b);
/// `extent`, or max(extent, 0) where it could be negative.
Expr non_negative(const Expr& extent, const Facts& facts);

} // namespace lathe::schedule
