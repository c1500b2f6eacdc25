#pragma once
/// \file The printer's parts: names of symbols, and the text of expressions.

#include "lathe/ir/visit.h"

namespace lathe::ir {

/// Printed names: the display name, with a suffix _1, _2 … where a name in scope has it already.
class PrintedNames {
  public:
    std::string bind(const Symbol& s);
    void release(const Symbol& s);
    /// The printed name of a symbol in scope; the display name of any other.
    const std::string& operator[](const Symbol& s) const;
    /// PrintedNames for everything that is used in the statement or expression but not defined there.
    void bind_free(const Stmt& s);
    void bind_free(const Expr& e);
    std::string temporary();
    void release(const std::string& temporary);

  private:
    std::string unused(const std::string& wish);
    void bind_unknown(const std::vector<Symbol>& used, const std::set<Symbol>& defined);
    std::map<Symbol, std::string> names;
    std::set<std::string> taken;
};

/// Which nodes of a group of expressions get a name of their own, and where: in front of everything, or at
/// the start of the body of the let on which they depend.
class Sharing {
  public:
    /// What is shared or deeply nested gets a name. Nothing does while the text is short.
    explicit Sharing(const std::vector<Expr>& roots);
    /// The nodes to name at the start of `scope`'s body (nullptr: in front), operands before parents.
    const std::vector<Expr>& at(const Let* scope) const;

  private:
    void measure(const Expr& e, std::unordered_map<const ExprNode*, size_t>& uses);
    size_t nesting(const Expr& e);
    void note_lets(const Expr& e);
    const Let* scope_of(const Expr& e);
    size_t level(const Symbol& s);

    std::vector<Expr> order;
    std::unordered_map<const ExprNode*, size_t> size, depth;
    std::map<Symbol, const Let*> lets;
    std::unordered_map<const ExprNode*, std::set<Symbol>> free_lets; ///< let-bound variables free in a node
    std::map<Symbol, size_t> levels;
    std::map<const Let*, std::vector<Expr>> scopes;
};

/// The text of the expressions of one statement.
class ExprPrinter {
  public:
    ExprPrinter(PrintedNames& n, const std::vector<Expr>& roots);
    ExprPrinter(const ExprPrinter&) = delete;
    ~ExprPrinter();

    /// The lines `let t0 = …` that go in front.
    const std::vector<std::string>& lets() const { return lines; }
    /// `beside`: a constant of this type needs no type of its own here.
    std::string operator()(const Expr& e, std::optional<Type> beside = {}) { return text(e, 0, beside); }
    /// "A[i, j]", "A[i where p]".
    std::string access(const Symbol& tensor, const std::vector<Expr>& indices, const Expr& predicate);
    std::string list(const std::vector<Expr>& expressions);

  private:
    std::string text(const Expr& e, int outer, std::optional<Type> beside = {});
    std::pair<std::string, int> node(const Expr& e, std::optional<Type> beside);
    std::pair<std::string, int> binary(const Binary& n);
    std::pair<std::string, int> unary(const Unary& n);
    std::string let(const Let& first);
    std::vector<std::string> name_shared(const Let* scope);

    PrintedNames& names;
    Sharing sharing;
    std::unordered_map<const ExprNode*, std::string> named;
    std::vector<std::string> temporaries, lines;
};

/// The operator that prints an update: "+", "min", "and", "%" for floormod.
std::string update_symbol(BinaryOp op);

} // namespace lathe::ir
