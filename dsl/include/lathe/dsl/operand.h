#pragma once
/// \file What operators, subscripts and shapes take: anything that has a value, together with the user's
/// line.

#include "lathe/ir/stmt.h"

#include <initializer_list>
#include <utility>

namespace lathe {

/// A name with the line where it was given: lets constructors of named things know where they stand.
struct Name {
    std::string text;
    Loc loc;
    /// \throws Error unless it is UTF-8 without control characters, of at most 200 bytes.
    Name(const char* name, Loc l = Loc::current());
    Name(std::string name, Loc l = Loc::current());
};

/// A handle of the DSL that has a value: Var, RVar, RDom, element references.
template <class T>
concept HasValue = requires(T&& x, Loc loc) {
    { std::forward<T>(x).value(loc) } -> std::same_as<Expr>;
};

/// What converts to an Operand: expressions, literals, parameters, variables, references to elements.
template <class T>
concept Operable =
    std::same_as<std::remove_cvref_t<T>, Expr> || std::same_as<std::remove_cvref_t<T>, Param> ||
    ir::Number<std::remove_cvref_t<T>> || HasValue<T>;

/// An operand of an operator or a subscript. Made implicitly, at the user's line.
class Operand {
  public:
    template <class T>
        requires Operable<T>
    Operand(T&& x, Loc l = Loc::current()) : location(l) {
        if constexpr (HasValue<T>)
            expression = std::forward<T>(x).value(l);
        else if constexpr (ir::Number<std::remove_cvref_t<T>>)
            expression = Expr(x, l);
        else
            expression = x;
        check_defined();
    }
    const Expr& expr() const { return expression; }
    Loc loc() const { return location; }

  private:
    void check_defined() const; ///< \throws Error for an Expr that was never given a value
    Expr expression;
    Loc location;
};

/// The coordinates min … min + extent − 1 of one dimension. A bare size as `min` is what the caller's buffer
/// says, and not negative. In a view: `extent` positions from min on, each `stride` behind the one before.
struct Range {
    Operand min, extent;
    int64_t stride;
    Range(const Operand& first, const Operand& count, int64_t step = 1)
        : min(first), extent(count), stride(step) {}
};

/// One dimension of a shape: an extent, whose coordinates begin at 0, or a Range.
class Extent {
  public:
    template <class T>
        requires Operable<T>
    Extent(T&& x, Loc l = Loc::current()) : range(Operand(0, l), Operand(std::forward<T>(x), l)) {}
    Extent(const Operand& extent) : range(Operand(0, extent.loc()), extent) {}
    Extent(const Range& r) : range(r) {}
    const Operand& min() const { return range.min; }
    int64_t stride() const { return range.stride; }
    const Operand& extent() const { return range.extent; }

  private:
    Range range;
};

/// The extents of a tensor, outermost first: `{M, 3 * K}`, or `{Range(-1, M + 2), 3 * K}`; integers, sizes
/// and expressions of them. No dimensions, `{}`, is a scalar.
class Shape {
  public:
    Shape() = default;
    Shape(std::initializer_list<Extent> extents) : dims(extents) {}
    Shape(std::vector<Extent> extents) : dims(std::move(extents)) {}
    const std::vector<Extent>& extents() const { return dims; }

  private:
    std::vector<Extent> dims;
};

} // namespace lathe
