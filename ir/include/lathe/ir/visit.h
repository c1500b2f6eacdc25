#pragma once
/// \file Traversal: one visitor, one mutator, and lambdas for short queries. All keep sharing: a node that
/// several parents share is visited (or rebuilt) once.

#include "lathe/ir/stmt.h"

#include <functional>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace lathe::ir {

/// Calls `f` once for every expression node reachable from `e`, operands before parents.
void for_each_expr(const Expr& e, const std::function<void(const Expr&)>& f);
/// Calls `on_expr` for every expression in `s` (bounds, subscripts, predicates, values, tensor dims too) and
/// `on_stmt` for every statement, outer before inner, a statement before its expressions. Either may be null.
void for_each(const Stmt& s, const std::function<void(const Stmt&)>& on_stmt,
              const std::function<void(const Expr&)>& on_expr);

/// Direct operands of an expression, and the expression with them replaced (types computed again).
std::vector<Expr> operands(const Expr& e);
/// A Binary whose operand types stay keeps its type, made by make_as or not; else a type that result_type
/// gave is computed again, and one that make_as gave stays.
Expr with_operands(const Expr& e, const std::vector<Expr>& operands);

/// The expressions that stand directly in a statement (bounds, subscripts, predicates, values, tensor dims),
/// and the statements directly in it. Undefined ones are left out.
std::vector<Expr> expressions(const Stmt& s);
std::vector<Stmt> bodies(const Stmt& s);

/// Rebuilds graphs. Override visit for the nodes that you care for, and call the base class for the rest: it
/// rebuilds a node from its mutated parts, and returns the same node (`self`) if none changed. A node that is
/// treated like all others, or by what several have in common, is met in mutate, which calls visit. The memo
/// is by expression node, so an override must give equal answers for one node wherever it stands; one whose
/// answer depends on where it is must call forget() when it enters or leaves such a place. Statements have no
/// memo.
class Mutator {
  public:
    virtual ~Mutator() = default;
    Expr operator()(const Expr& e); ///< memoised mutate
    Stmt operator()(const Stmt& s);
    Tensor operator()(const Tensor& t); ///< mutates the dims
    std::vector<Expr> operator()(const std::vector<Expr>& list);

  protected:
    virtual Expr mutate(const Expr& e);
    virtual Stmt mutate(const Stmt& s);

    virtual Stmt visit(const Block& n, const Stmt& self);
    virtual Stmt visit(const For& n, const Stmt& self);
    virtual Stmt visit(const While& n, const Stmt& self);
    virtual Stmt visit(const If& n, const Stmt& self);
    virtual Stmt visit(const LetStmt& n, const Stmt& self);
    virtual Stmt visit(const Store& n, const Stmt& self);
    virtual Stmt visit(const Reduce& n, const Stmt& self);
    virtual Stmt visit(const Allocate& n, const Stmt& self);
    virtual Stmt visit(const Assert& n, const Stmt& self);
    virtual Stmt visit(const Print& n, const Stmt& self);
    virtual Stmt visit(const ExternCall& n, const Stmt& self);
    virtual Stmt visit(const Stage& n, const Stmt& self);
    virtual Stmt visit(const DeclareStream& n, const Stmt& self);
    virtual Stmt visit(const Push& n, const Stmt& self);
    virtual Stmt visit(const Pop& n, const Stmt& self);
    virtual Stmt visit(const Fill& n, const Stmt& self);
    virtual Stmt visit(const Drain& n, const Stmt& self);
    virtual Stmt visit(const CallStmt& n, const Stmt& self);
    virtual Stmt visit(const Dataflow& n, const Stmt& self);
    virtual Stmt visit(const Spawn& n, const Stmt& self);
    virtual Stmt visit(const Copy& n, const Stmt& self);

    virtual Expr visit(const Constant&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Variable&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Load&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Unary&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Binary&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Select&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Cast&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Bitcast&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Slice&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Fma&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Call&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Let&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Ramp&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const Broadcast&, const Expr& self) { return rebuilt(self); }
    virtual Expr visit(const VectorReduce&, const Expr& self) { return rebuilt(self); }

    /// `e` with its operands mutated.
    Expr rebuilt(const Expr& e);
    void forget() { memo.clear(); }

  private:
    std::unordered_map<const ExprNode*, std::pair<Expr, Expr>>
        memo; ///< key kept alive by the first of the pair
};

/// A statement with its own expressions and the statements directly in it replaced; the same if none changed.
Stmt with_parts(const Stmt& s, const std::function<Expr(const Expr&)>& expr,
                const std::function<Stmt(const Stmt&)>& body);

/// Replaces variables by expressions (of the same type), everywhere in `e` / `s`. Ids are unique, so no
/// capture is possible.
using Substitution = std::map<Symbol, Expr>;
Expr substitute(const Expr& e, const Substitution& with);
Stmt substitute(const Stmt& s, const Substitution& with);
/// A copy in which every loop, let and allocated tensor has a fresh identity (display names stay). `renamed`,
/// if given, receives old → new.
Stmt fresh_copy(const Stmt& s, std::map<Symbol, Symbol>* renamed = nullptr);
/// The same for a Function: its parameters, arguments, constants and streams are others, too.
Function fresh_copy(const Function& f, std::map<Symbol, Symbol>* renamed = nullptr);
Expr fresh_copy(const Expr& e); ///< likewise: only lets bind in an expression

/// Variables that occur free in `e` / `s` (tensors not included); tensors that are read or written.
std::set<Symbol> free_variables(const Expr& e);
std::set<Symbol> free_variables(const Stmt& s);
bool uses(const Expr& e, const Symbol& variable);
std::set<Symbol> tensors_read(const Stmt& s);
std::set<Symbol> tensors_read(const Expr& e);
std::set<Symbol> tensors_written(const Stmt& s);

/// What a statement itself writes, beside what is in its bodies. Whoever draws a conclusion from all writers
/// of a tensor asks for these.
struct Write {
    Symbol tensor;
    const StoreTarget* target = nullptr; ///< null: any elements, as an extern call does
    bool reads = false;                  ///< what was there is read, too
};
std::vector<Write> writes_of(const Stmt& s);

/// The streams that a statement itself names: pushes, pops, fills, drains, or passes to a Function.
std::vector<StreamElement> streams_in(const Stmt& s);

/// "push s", "the call of f": a statement that keeps its place among others that touch streams or call.
std::string ordered_name(const Stmt& s);

/// The calls of extern functions in `s`, in program order.
std::vector<const ExternCall*> extern_calls(const Stmt& s);

/// Structural equality: same structure, symbols equal (bound ones modulo renaming), source lines ignored.
bool equal(const Expr& a, const Expr& b);
bool equal(const Stmt& a, const Stmt& b);
/// Modulo renaming of all symbols, arguments included.
bool equal(const Module& a, const Module& b);
/// Equal for equal expressions.
size_t structural_hash(const Expr& e);

} // namespace lathe::ir
