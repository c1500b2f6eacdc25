#pragma once
/// \file Expressions in C++.
///
/// AMD's types widen as Lathe's do, so that most operations are written as they are; a plain int among them
/// changes the C++ type of a result but not its value. Where the type of an operand matters (it does in
/// shifts, slices, ~ and the like), it is cast to the node's own type first. What C++ and AMD's headers
/// compute otherwise is a call into lathe_hls.h.

#include "lathe/ir/stmt.h"
#include "scope.h"

#include <optional>
#include <set>
#include <unordered_map>

namespace lathe::hls {

using namespace ir;

/// C++ for an expression. Its value is the node's.
struct Code {
    std::string text;
    Level level = primary;
    bool exact = true; ///< the C++ type is the node's (or the unnamed base class of it)
};

/// The expressions of one statement. What several of them use, and what would be long, gets a name in lines
/// in front of the statement. A select's arm that needs such lines becomes the branch of an if, so that only
/// the chosen arm's loads happen.
class ExprEmitter {
  public:
    /// Lines go to `out`.
    ExprEmitter(Scope& s, Writer& out, const std::vector<Expr>& roots);

    /// `e` as a value of type `to`.
    std::string value(const Expr& e, Type to);
    /// The same where C++ converts to `to` by itself, as in an assignment.
    std::string assigned(const Expr& e, Type to);
    std::string index(const Expr& e) { return value(e, IndexType()); }
    /// The same as an operand of <.
    std::string compared(const Expr& e);
    std::string condition(const Expr& e) { return value(e, Bool()); }
    /// "A[i * N + j]"
    std::string element(const Symbol& tensor, const std::vector<Expr>& indices);
    /// "A[i * N + j] = x;"
    std::string stored(const Symbol& tensor, const std::vector<Expr>& indices, const std::string& value);
    /// `cast(type, old op value)`, and the same of a contracted reduction.
    std::string reduced(const Reduce& r, const std::string& old);
    /// A name for `text`, of type `t`, in a line in front.
    std::string named(const std::string& wish, Type t, const std::string& text);

  private:
    /// Lines that are run together, and what has a name in them.
    struct Lines {
        Writer* out;
        std::unordered_map<const ExprNode*, Code> known;
    };

    /// Where in open words an element is: "w.get(i)" without its end.
    std::string in_word(const OpenWords& w, const Array& a, const Expr& offset);
    void count(const Expr& e);
    Expr resolved(const Expr& e) const;
    bool has_load(const Expr& e);
    const std::set<const ExprNode*>& sure(const Expr& e);
    std::string type_name(Type t) const { return t.is_index() ? scope.index_type : cpp_type(t); }

    Code emit(const Expr& e);
    Code emit_new(const Expr& e);
    Code node(const Expr& e);
    Code constant(const Value& v) const;
    Code variable(const Variable& v) const;
    Code unary_op(const Unary& n);
    Code float_unary(const Unary& n);
    Code binary_op(const Binary& n);
    Code index_binary(const Binary& n);
    Code float_binary(const Binary& n, Type t, const Expr& a, const Expr& b);
    Code bool_binary(const Binary& n);
    Code exact_binary(const Binary& n, const Expr& a, const Expr& b);
    Code comparison(const Binary& n, const Expr& a, const Expr& b);
    Code division(const Binary& n, const Expr& a, const Expr& b);
    Code shifted(const Binary& n);
    Code select(const Select& n);
    Code call(const Call& n);
    Code slice(const Slice& n);
    Code fused(Type t, const std::string& a, const std::string& b, const std::string& c) const;

    /// An operand of arithmetic on AMD's types: a class, or a plain int.
    Code operand(const Expr& e);
    /// An object of AMD's class for the node's very type (of UInt(1) for a Bool).
    Code object(const Expr& e);
    Code converted(const Expr& e, Type to, bool by_itself);
    Code exact_to_exact(const Code& x, Type from, Type to, bool by_itself) const;
    Code from_index(const Code& x, Type to) const;
    Code to_index(const Code& x, Type from) const;

    Scope& scope;
    std::set<const ExprNode*> whole; ///< the statement's expressions, which stand where they are used
    std::vector<Expr> alive;         ///< what the maps below have as keys
    std::vector<Lines> lines;        ///< from the statement's own to those of the arm that is being emitted
    std::unordered_map<const ExprNode*, int> uses;
    std::map<Symbol, Expr> lets;
    std::unordered_map<const ExprNode*, std::string> wishes; ///< names for the values of lets
    std::unordered_map<const ExprNode*, bool> loads;
    std::unordered_map<const ExprNode*, std::set<const ExprNode*>> surely;
};

/// `x` with parentheses if it binds looser than `most`.
std::string in(const Code& x, Level most);

} // namespace lathe::hls
