#pragma once
/// \file What Index expressions may be at most, and Index expressions that may leave 64 bits.
///
/// An Index is a mathematical integer; machines compute it in 64 bits. `widen_index` makes the two equal: it
/// is run before a Module is interpreted, compiled or printed as C++. After it no Index operation leaves 64
/// bits, and the simplifier makes none that does: it never makes one wider than what stood there.

#include "lathe/ir/simplify.h"

#include <unordered_map>

namespace lathe {

/// Inclusive.
struct IntegerRange {
    mpz_class low, high;
    bool inside(const IntegerRange& o) const { return o.low <= low && high <= o.high; }
    /// The bits of a signed integer that holds it.
    size_t bits() const;
};

/// Conservative ranges of integer expressions from the types of what they read, the sizes (which are of 31
/// bits, as functions check when they are entered) and the loops. Quick: there is no algebra in it.
class IndexRanges {
  public:
    static constexpr size_t machine_bits = 64;

    IndexRanges() = default;
    explicit IndexRanges(const Facts& facts);
    /// Knows every loop and let of `s`.
    explicit IndexRanges(const Stmt& s);

    /// Knows the variable that `s` itself binds, if it does. Ids are unique, so that none is ever forgotten.
    void enter(const Stmt& s);
    /// Of an Index or an integer. A variable that is not known is a size, or bounded like one.
    IntegerRange of(const Expr& e);
    /// Whether `e` and all operations that it consists of fit in 64 bits (down to values of other types).
    bool fits(const Expr& e);
    /// The most bits that an Index expression anywhere inside of `e` may need.
    size_t widest(const Expr& e);

  private:
    /// A loop's min and extent, or a let's value. Of a let that is a statement it is known to be of 62 bits.
    struct Definition {
        Expr min, extent, value;
        bool statement = true;
    };
    void enter(const Expr& e);
    IntegerRange compute(const Expr& e);
    IntegerRange of_loop(const Definition& d);
    IntegerRange of_variable(const Variable& v);
    IntegerRange of_cast(const Cast& c);
    std::optional<IntegerRange> of_binary(const Binary& b);
    IntegerRange of_product(const Binary& b);

    Facts known;
    std::map<Symbol, Definition> definitions;
    std::map<Symbol, std::optional<IntegerRange>> variables; ///< empty: being computed
    std::unordered_map<const ExprNode*, std::pair<Expr, IntegerRange>> ranges;
    std::unordered_map<const ExprNode*, std::pair<Expr, bool>> fit;
    std::unordered_map<const ExprNode*, std::pair<Expr, size_t>> widths;
};

/// The same Module with every Index operation that may leave 64 bits computed in integers that are wide
/// enough. A subscript beyond 64 bits saturates, and so is out of bounds. A loop's bound, an Index let, a
/// printed Index and an array's size must be less than 2^62 in magnitude: where that is not certain, an
/// Assert in front says so.
Module widen_index(const Module& module);
Function widen_index(const Function& function);

} // namespace lathe
