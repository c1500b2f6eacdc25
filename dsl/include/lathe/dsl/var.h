#pragma once
/// \file Variables: free ones (Var) that name the dimensions of a definition, and reduction domains (RDom).

#include "lathe/dsl/operand.h"

namespace lathe {

/// A free variable: on the left of a definition it stands for every position of its dimension.
/// As a value it is an Int(32); in a subscript it is a mathematical integer.
class Var {
  public:
    using loop_handle = void;
    Var(Loc loc = Loc::current());
    explicit Var(Name name);
    const std::string& name() const { return variable.name(); }
    const ir::Symbol& symbol() const { return variable; }
    Loc loc() const { return location; }
    Expr value(Loc loc) const;
    operator Expr() const { return value(location); }

  private:
    ir::Symbol variable;
    Loc location;
};

struct RDomData;

/// One dimension of an RDom.
class RVar {
  public:
    using loop_handle = void;
    RVar() = default; ///< of no domain; using it is an Error
    const std::string& name() const;
    const ir::Symbol& symbol() const;
    Expr value(Loc loc) const;
    operator Expr() const { return value({}); }

  private:
    friend class RDom;
    RVar(std::shared_ptr<RDomData> d, size_t n) : domain(std::move(d)), dimension(n) {}
    std::shared_ptr<RDomData> domain;
    size_t dimension = 0;
};

/// One range min … min + extent − 1 of an RDom.
struct RRange {
    Operand min, extent;
};

/// A reduction domain: the points that an update or an inline reduction runs through, in lexicographic order
/// (the first dimension is outermost). A one-dimensional RDom is its own variable.
///
/// Bounds are integers, sizes, variables of the definition's left side and earlier dimensions: `RDom k(0, i)`
/// is a triangle.
class RDom {
  public:
    using loop_handle = void;
    RDom(const Operand& min, const Operand& extent, Name name = "r");
    explicit RDom(const std::vector<RRange>& ranges, Name name = "r");
    /// Of two, three or four dimensions: min, extent, min, extent, …, outermost first.
    RDom(const Operand& min0, const Operand& extent0, const Operand& min1, const Operand& extent1,
         Name name = "r")
        : RDom({{min0, extent0}, {min1, extent1}}, std::move(name)) {}
    RDom(const Operand& min0, const Operand& extent0, const Operand& min1, const Operand& extent1,
         const Operand& min2, const Operand& extent2, Name name = "r")
        : RDom({{min0, extent0}, {min1, extent1}, {min2, extent2}}, std::move(name)) {}
    RDom(const Operand& min0, const Operand& extent0, const Operand& min1, const Operand& extent1,
         const Operand& min2, const Operand& extent2, const Operand& min3, const Operand& extent3,
         Name name = "r")
        : RDom({{min0, extent0}, {min1, extent1}, {min2, extent2}, {min3, extent3}}, std::move(name)) {}
    /// Only points where the condition holds take part. Conditions add up. \throws Error once the domain was
    /// used.
    void where(const Operand& condition);

    size_t rank() const;
    RVar operator[](size_t dimension) const; ///< \throws Error beyond the rank
    RVar x, y, z, w;                         ///< the first four dimensions

    const std::string& name() const;
    const ir::Symbol& symbol() const; ///< of the only dimension. \throws Error if there are more
    Expr value(Loc loc) const;
    operator Expr() const { return value({}); }
    const std::shared_ptr<RDomData>& data() const { return domain; }

  private:
    std::shared_ptr<RDomData> domain;
};

} // namespace lathe
