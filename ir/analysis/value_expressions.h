#pragma once
/// \file Bounds of expressions while a program is followed.

#include "value_ops.h"
#include "value_places.h"

#include <unordered_map>

namespace lathe::ir {

ValueRange around_of(const Value& v);

/// What is known at one point of the program, and what expressions make of it.
class Expressions {
  public:
    explicit Expressions(const Stmt& body) : place(body) {}

    ValueBound total(const Form& f) const;
    Form form(const Expr& e);
    void let(const Symbol& name, const Expr& value);
    /// A value as it is after its conversion to the type of where it goes.
    ValueBound stored(const ValueBound& v, Type from, Type to, const Symbol& tensor, Loc loc);
    std::vector<Span> places(const Cells& cells, const std::vector<Expr>& subscripts);
    /// Whether rounding has a say in an Index (or in anything else).
    bool uncertain(const Expr& e);
    bool uncertain(const std::vector<Expr>& all);

    void overflow(const std::optional<double>& value, Type to, const Symbol& tensor, Loc loc, bool attained);
    /// Notes why there is no error bound; that of what is given is infinite.
    ValueBound without_bound(ValueBound b, Loc loc, std::string why);

    /// A load, and what it gave. Equal ones are one value as long as nothing is written to what they read.
    struct Known {
        Expr load;
        uint64_t version;
        ValueBound bound;
    };

    /// Forgets the loads of a statement.
    class Scope {
      public:
        explicit Scope(std::vector<Known>& l) : loads(l), size(l.size()) {}
        ~Scope() { loads.erase(loads.begin() + static_cast<std::ptrdiff_t>(size), loads.end()); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        std::vector<Known>& loads;
        size_t size;
    };

    Places place;
    std::map<Symbol, Cells> elements;    ///< of what is known one by one and never written
    std::map<Symbol, Cells> tensors;     ///< as far as the program has run
    std::map<Symbol, uint64_t> versions; ///< how often a tensor was written
    std::map<Symbol, Form> scalars;
    std::set<Symbol> uncertain_places; ///< lets and loops of which rounding decides
    std::vector<Known> loads;          ///< of this statement, and of lets around it
    std::map<std::tuple<std::string, Symbol, std::string>, PossibleOverflow> overflows;
    std::vector<UnknownError> unknown;
    int conditions = 0;   ///< how many stand around
    Symbol writing;       ///< by the statement
    bool several = false; ///< values of one store of several

  private:
    uint64_t version_of(const Expr& load);
    Form load(const Expr& e);
    Form known(size_t n) const;
    ValueBound element(const Load& l, Loc loc);
    Form finished(Form f) const;
    /// What a coefficient loses as a double goes to the rest.
    void coefficient(Form& f, size_t load, double c, double lost) const;
    Form times(const Form& a, double factor) const;
    Form added(const Form& a, const Form& b) const;
    Form converted(Form f, Type to, Type from, const Symbol& tensor, Loc loc);
    /// An operand as it is converted beside the other: literals take its type, exact numbers a float's.
    Form operand(const Expr& e, Type result, Type other);
    Form rounded(Form f, Type t, Loc loc);
    Form product(const Form& x, const Form& y, bool same) const;
    Form binary(const Binary& e);
    Form unary(const Unary& e);
    /// An arm that is compared in the condition, where that lets it be chosen.
    ValueBound arm(const Expr& e, ValueBound b, const Select& of, bool chosen, bool certain);
    Form select(const Select& e);
    Form call(const Call& e);
    /// What depends on single bits: exact on exact numbers.
    Form bits(const std::vector<Form>& from, const ValueRange& held, const char* what, Loc loc);

    std::set<std::pair<std::string, std::string>> blamed;
    std::unordered_map<const ExprNode*, size_t> load_numbers; ///< of nodes that the Module keeps
    std::unordered_map<const ExprNode*, std::vector<Symbol>> reads;
};

} // namespace lathe::ir
