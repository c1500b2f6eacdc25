#pragma once
/// \file Short forms for branch-free code on Float(32) and 32-bit integers, with any number of lanes.
///
/// The coefficients in the functions' files are weighted minimax fits (least squares on Chebyshev nodes,
/// reweighted by Lawson's rule, 30 digits), rounded to Float(32) one by one from the lowest power, the others
/// fitted again each time. The weight makes the function's relative error even; each fit's error is stated at
/// its polynomial.

#include "lathe/ir/expr.h"

namespace lathe::ir {

class MathBuilder {
  public:
    explicit MathBuilder(int lanes) : n(lanes) {}

    /// Names a value that is used more than once.
    Expr let(const char* name, const Expr& value);
    /// `result` in the scope of every let.
    Expr finish(Expr result) const;

    Expr number(double x) const { return constant(Value::from_double(Float(32), x)); }
    Expr integer(int64_t x) const { return constant(Value::from_raw(Int(32), static_cast<long>(x))); }
    Expr bits(uint32_t x) const { return constant(Value::from_raw(UInt(32), static_cast<unsigned long>(x))); }

    Expr add(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::add, a, b); }
    Expr sub(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::sub, a, b); }
    Expr mul(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::mul, a, b); }
    Expr div(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::div, a, b); }
    Expr fma(const Expr& a, const Expr& b, const Expr& c) const { return Fma::make(a, b, c); }
    Expr neg(const Expr& a) const { return Unary::make(UnaryOp::neg, a); }
    Expr abs(const Expr& a) const { return Unary::make(UnaryOp::abs, a); }
    /// c[0] + c[1]·x + c[2]·x² …
    Expr polynomial(const Expr& x, const std::vector<double>& c) const;

    Expr bit_and(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::bit_and, a, b); }
    Expr bit_or(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::bit_or, a, b); }
    Expr bit_xor(const Expr& a, const Expr& b) const { return keep_type(BinaryOp::bit_xor, a, b); }
    Expr shl(const Expr& a, int by) const { return Binary::make(BinaryOp::shl, a, amount(by)); }
    Expr shr(const Expr& a, int by) const { return Binary::make(BinaryOp::shr, a, amount(by)); }
    Expr shl(const Expr& a, const Expr& by) const { return Binary::make(BinaryOp::shl, a, by); }
    Expr shr(const Expr& a, const Expr& by) const { return Binary::make(BinaryOp::shr, a, by); }

    Expr lt(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::lt, a, b); }
    Expr le(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::le, a, b); }
    Expr eq(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::eq, a, b); }
    Expr ne(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::ne, a, b); }
    Expr both(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::logical_and, a, b); }
    Expr either(const Expr& a, const Expr& b) const { return Binary::make(BinaryOp::logical_or, a, b); }
    Expr select(const Expr& c, const Expr& a, const Expr& b) const { return Select::make(c, a, b); }

    Expr cast(Type t, const Expr& a) const { return Cast::make(t, a); }
    Expr as_float(const Expr& a) const { return Bitcast::make(Float(32), a); }
    Expr as_int(const Expr& a) const { return Bitcast::make(Int(32), a); }
    Expr as_bits(const Expr& a) const { return Bitcast::make(UInt(32), a); }

    // Building blocks of the functions.

    /// A float rounded to the nearest integer, halves to even: as a float and as an Int(32). For |x| < 2^22;
    /// a NaN stays one in the float.
    struct Rounded {
        Expr as_float, as_int;
    };
    /// Of x·scale.
    Rounded round(const Expr& x, double scale);
    /// y·2^k rounded once, for |k| < 252 and y near 1.
    Expr scaled(const Expr& y, const Expr& k);
    /// e^x for |x| < 200 and NaN, without the last scaling: e^x = y·2^k.
    struct Power {
        Expr y, k;
    };
    Power exp(const Expr& x);
    /// x > 0 finite as m·2^e with 2/3 ≤ m < 4/3.
    struct Parts {
        Expr m, e;
    };
    Parts split(const Expr& x);

  private:
    Expr constant(Value v) const { return Broadcast::make(Constant::make(std::move(v)), n); }
    Expr amount(int by) const { return constant(Value::from_raw(UInt(6), by)); }
    /// The result wrapped into the type of `a`.
    Expr keep_type(BinaryOp op, const Expr& a, const Expr& b) const;

    int n;
    std::vector<std::pair<Symbol, Expr>> lets;
};

// Each of Float(32) arguments.
Expr expand_exp(MathBuilder& b, const Expr& x);
Expr expand_log(MathBuilder& b, const Expr& x);
Expr expand_tanh(MathBuilder& b, const Expr& x);
Expr expand_sin(MathBuilder& b, const Expr& x);
Expr expand_cos(MathBuilder& b, const Expr& x);
Expr expand_pow(MathBuilder& b, const Expr& x, const Expr& y);

} // namespace lathe::ir
