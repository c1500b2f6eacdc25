#pragma once
/// \file Func: a tensor that an algorithm computes, by a pure definition and updates.

#include "lathe/dsl/tensor.h"
#include "lathe/dsl/var.h"

namespace lathe {

struct FuncData;

/// `C(i, j)`: an element of a Func, to be read (as ElementRef) or defined. Every assignment is one definition
/// of the Func.
class FuncRef : public ElementRef {
  public:
    FuncRef(const std::shared_ptr<FuncData>& func, std::vector<Expr> subscripts, Loc loc);

    void operator=(const Operand& value) &&;
    void operator=(FuncRef&& value) &&;
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

  private:
    void update(BinaryOp op, const Operand& value);
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

    const std::string& name() const;
    const Symbol& symbol() const;
    Type type() const;                   ///< \throws Error while neither declared nor defined
    size_t rank() const;                 ///< \throws Error while neither shaped nor defined
    bool defined() const;                ///< has a definition
    size_t definitions() const;          ///< number of definitions, an implied initialisation included
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
    const std::shared_ptr<FuncData>& data() const { return func; }

  private:
    std::shared_ptr<FuncData> func;
};

} // namespace lathe
