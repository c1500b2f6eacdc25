#pragma once
/// \file Func: a tensor that an algorithm computes, by a pure definition and updates.

#include "lathe/dsl/tensor.h"
#include "lathe/dsl/var.h"

namespace lathe {

struct FuncData;
class FuncRef;

/// Several values that belong together: what defines a Func of several values, and what its elements are.
///
///     Func best("best", {Float(32), Int(32)}, {N});
///     best(i) = Tuple(A(i, 0), 0);
///     best(i) = Tuple(max(best(i)[0], A(i, k)), select(A(i, k) > best(i)[0], k, best(i)[1]));
class Tuple {
  public:
    template <class... V>
        requires(sizeof...(V) > 0 && (Operable<V> && ...))
    Tuple(const Operand& first, V&&... rest)
        : exprs(subscript_list(first, std::forward<V>(rest)...)), location(first.loc()) {}
    explicit Tuple(std::vector<Expr> values, Loc loc = Loc::current());
    /// All values of an element.
    explicit Tuple(FuncRef&& element);

    size_t size() const { return exprs.size(); }
    /// \throws Error when there is no such value.
    const Expr& operator[](size_t n) const;
    const std::vector<Expr>& values() const { return exprs; }

  private:
    std::vector<Expr> exprs;
    Loc location;
};

/// Each value of one tuple or of the other.
[[nodiscard]] Tuple select(const Operand& condition, const Tuple& then_values, const Tuple& else_values);

/// The types of a Func of several values: `{Float(32), Int(32)}`.
class Types {
  public:
    template <std::same_as<Type>... T>
    Types(Type first, Type second, T... more) : all{first, second, more...} {}
    const std::vector<Type>& types() const { return all; }

  private:
    std::vector<Type> all;
};

/// `C(i, j)`: an element of a Func, to be read (as ElementRef) or defined. Every assignment is one definition
/// of the Func.
class FuncRef : public ElementRef {
  public:
    FuncRef(const std::shared_ptr<FuncData>& func, std::vector<Expr> subscripts, Loc loc);

    void operator=(const Operand& value) &&;
    void operator=(FuncRef&& value) &&;
    void operator=(const Tuple& values) &&; ///< all values at once: they see the old ones
    void operator+=(const Operand& value) &&;
    void operator-=(const Operand& value) &&;
    void operator*=(const Operand& value) &&;
    void operator/=(const Operand& value) &&;
    void operator%=(const Operand& value) &&;
    void operator&=(const Operand& value) &&;
    void operator|=(const Operand& value) &&;
    void operator^=(const Operand& value) &&;
    void operator<<=(const Operand& value) &&;
    void operator>>=(const Operand& value) &&;

    /// Of a Func of several values, value n; of another, bit n of its only value.
    const Expr operator[](BitPosition n) &&;
    using ElementRef::operator[];

  private:
    friend class Tuple;
    void update(ir::BinaryOp op, const Operand& value);
    void define(std::optional<ir::BinaryOp> op, std::vector<Expr> values);
};

/// A tensor that the algorithm computes. Each definition is a loop nest of its own, run in the order of the
/// program: loops over the left side's Vars in their order, then over the RDoms' dimensions.
///
/// The first definition is pure (`f(y, x) = …`, distinct Vars on the left), or a `+=` and the like that
/// starts from the operator's identity. Later ones are updates. A Var in an update promises that its
/// iterations are independent: a read of the Func itself must have the Var in the same place. After another
/// definition has read the Func, or `build`, it is closed.
///
/// Handles share: a copy of a Func is the same Func.
class Func {
  public:
    /// Type and region from the definition and the uses.
    explicit Func(Name name);
    Func(Name name, Type type);
    /// The domain is a fact: subscripts 0 … extent − 1 in each dimension. Uses outside are errors.
    Func(Name name, Type type, const Shape& shape);
    Func(Name name, const Shape& shape);
    /// Of several values. A caller meets them as tensors `name`, `name_1`, `name_2`, …
    Func(Name name, const Types& types);
    Func(Name name, const Types& types, const Shape& shape);

    const std::string& name() const;
    const ir::Symbol& symbol() const;
    const ir::Symbol& symbol(size_t value) const; ///< of one value's tensor
    size_t values() const;                        ///< how many values an element holds
    Type type(size_t value = 0) const;            ///< \throws Error while neither declared nor defined
    size_t rank() const;                          ///< \throws Error while neither shaped nor defined
    bool defined() const;                         ///< has a definition
    size_t definitions() const;          ///< number of definitions, an implied initialisation included
    Expr min(size_t dimension) const;    ///< the first coordinate, as a value; likewise
    Expr extent(size_t dimension) const; ///< as a value. \throws Error unless a shape was declared
    Loc loc() const;

    template <class... I>
        requires(Operable<I> && ...)
    FuncRef operator()(const Operand& first, I&&... rest) const {
        return {func, subscript_list(first, std::forward<I>(rest)...), first.loc()};
    }
    FuncRef operator()(const std::vector<Expr>& subscripts, Loc loc = Loc::current()) const {
        return {func, subscripts, loc};
    }
    FuncRef operator()(Loc loc = Loc::current()) const { return {func, {}, loc}; } ///< of a scalar
    /// Every function that computes the Func checks the condition, on parameters alone, when it is called,
    /// and schedules may rely on it: `f.require(floor_mod(N, 8) == 0)`. \throws Error when something else
    /// than parameters occurs in it.
    void require(const Operand& condition, const std::string& message = "") const;

    const std::shared_ptr<FuncData>& data() const { return func; }

  private:
    std::shared_ptr<FuncData> func;
};

} // namespace lathe
