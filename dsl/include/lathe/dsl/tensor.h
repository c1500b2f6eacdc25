#pragma once
/// \file Tensors that an algorithm reads: Input, Const, and references to elements.

#include "lathe/dsl/operand.h"
#include "lathe/ir/buffer.h"

namespace lathe {

struct TensorData;

template <class> inline constexpr bool dependent_false = false;

/// `A(i, k)`: an element that is read. It converts to Expr at once or not at all: `auto t = A(i); t * 2` does
/// not compile, `Expr t = A(i)` and `auto t = let(A(i))` do.
class ElementRef {
  public:
    ElementRef(std::shared_ptr<TensorData> tensor, std::vector<Expr> subscripts, Loc loc);
    ElementRef(const ElementRef&) = delete;
    ElementRef& operator=(const ElementRef&) = delete;

    Expr value(Loc) && { return load(); }
    template <class T = void> Expr value(Loc) const& {
        static_assert(dependent_false<T>,
                      "an element reference is used later than where it was made: "
                      "write `Expr t = f(i)` or `auto t = let(f(i))` instead of `auto t = f(i)`");
        return {};
    }
    operator Expr() && { return load(); }
    template <std::same_as<Expr> T> operator T() const& { return value<T>(Loc{}); }
    const Expr operator[](BitPosition bit) && { return load()[bit]; }
    /// The bit at a position that is computed: 0 beyond the type's bits.
    template <Operable T>
        requires(!ir::Number<std::remove_cvref_t<T>>)
    const Expr operator[](T&& position) && {
        return load()[Operand(std::forward<T>(position), location).expr()];
    }
    const Expr operator()(int hi, int lo, Loc loc = Loc::current()) && { return load()(hi, lo, loc); }

  protected:
    Expr load() const;             ///< the only value
    Expr load(size_t value) const; ///< one of several
    std::shared_ptr<TensorData> tensor;
    std::vector<Expr> subscripts;
    Loc location;
};

/// Subscripts as expressions; the first carries the line.
template <class... Rest> std::vector<Expr> subscript_list(const Operand& first, Rest&&... rest) {
    return {first.expr(), Operand(std::forward<Rest>(rest), first.loc()).expr()...};
}

/// A tensor that an algorithm only reads.
class ReadTensor {
  public:
    const std::string& name() const;
    const ir::Symbol& symbol() const;
    Type type() const;
    size_t rank() const;
    Loc loc() const;
    Expr extent(size_t dimension) const; ///< as a value
    Expr min(size_t dimension) const;    ///< the first coordinate, as a value

    template <class... I>
        requires(Operable<I> && ...)
    ElementRef operator()(const Operand& first, I&&... rest) const {
        return {tensor, subscript_list(first, std::forward<I>(rest)...), first.loc()};
    }
    ElementRef operator()(const std::vector<Expr>& subscripts, Loc loc = Loc::current()) const {
        return {tensor, subscripts, loc};
    }
    ElementRef operator()(Loc loc = Loc::current()) const { return {tensor, {}, loc}; } ///< of a scalar
    const std::shared_ptr<TensorData>& data() const { return tensor; }

  protected:
    explicit ReadTensor(std::shared_ptr<TensorData> t) : tensor(std::move(t)) {}
    std::shared_ptr<TensorData> tensor;
};

/// A tensor that the caller passes: `Input A("A", Float(32), {M, K})`.
class Input : public ReadTensor {
  public:
    Input(Name name, Type type, const Shape& shape);
};

/// A tensor whose elements are part of the program.
class Const : public ReadTensor {
  public:
    /// Elements in row-major order, each a literal that is cast to `type`.
    /// \throws Error on a wrong count, or an integer type that does not hold a value.
    Const(Name name, Type type, const std::vector<int64_t>& shape, const std::vector<Expr>& values);
    Const(Name name, const AnyBuffer& values);
    /// Numbers of C++, in row-major order: `Const("c", Float(32), {2, 3}, std::vector<float>{…})`; of one
    /// dimension and their own type: `Const("c", std::vector<float>{…})`.
    template <ir::Number T>
    Const(Name name, Type type, const std::vector<int64_t>& shape, const std::vector<T>& values)
        : Const(std::move(name), type, shape, std::vector<Expr>(values.begin(), values.end())) {}
    template <ir::Number T>
    Const(Name name, const std::vector<T>& values)
        : Const(std::move(name), ir::type_of<T>(), {static_cast<int64_t>(values.size())}, values) {}
};

} // namespace lathe
