#pragma once
/// \file Random expressions of random types.

#include "lathe/lathe.h"

#include <random>

/// Makes expressions over what `leaf` gives. \throws lathe::Error when a type would be too wide.
class RandomExpressions {
  public:
    explicit RandomExpressions(std::mt19937& r) : random(r) {}
    virtual ~RandomExpressions() = default;

  protected:
    using Expr = lathe::Expr;
    using Type = lathe::Type;

    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    Type exact_type();
    Type float_type();
    Type storage_type();

    /// A value of any type at a position.
    virtual Expr leaf(const Expr& y, const Expr& x) = 0;
    Expr value(const Expr& y, const Expr& x, int depth);
    Expr unary(const Expr& a);
    /// An operation on both.
    Expr combined(const Expr& a, const Expr& b);
    Expr compared(const Expr& a, const Expr& b);
    /// y, to stand beside x: a float and an exact number do not mix.
    Expr alike(const Expr& y, const Expr& x);
    Expr position(const Expr& x, const Expr& last);
    static Expr zero(Type t);
    /// An inline reduction of any kind over none to four points of a value that `at` makes for a position.
    /// `number`, any value, may decide how many points there are.
    Expr reduced(const Expr& number, const std::function<Expr(const Expr&)>& at);
    Expr few(const Expr& number, const Expr& most); ///< 0 … most, from any value

  private:
    Expr tamed(const Expr& x);
    Expr small(const Expr& x);
    Expr of_floats(const Expr& a, const Expr& b);
    Expr of_exact(const Expr& a, const Expr& b);
    Expr reduced(const lathe::RDom& r, const Expr& value, bool constant);
    Expr best(const lathe::RDom& r, const Expr& value);
    Expr pair(const lathe::RDom& r, const Expr& value);

    int reductions = 0; ///< around what is made now
    std::mt19937& random;
};
