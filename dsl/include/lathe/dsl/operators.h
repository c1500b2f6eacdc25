#pragma once
/// \file Operators on expressions. The type of a result is that of type_rules.h; comparisons give Bool.
/// `&&` and `||` evaluate both sides: only `select` is lazy.

#include "lathe/dsl/operand.h"

namespace lathe {

[[nodiscard]] Expr operator+(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator-(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator*(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator/(const Operand& a, const Operand& b); ///< toward zero; x / 0 = 0
[[nodiscard]] Expr operator%(const Operand& a, const Operand& b); ///< sign of the left; x % 0 = x
[[nodiscard]] Expr operator&(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator|(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator^(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator<<(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator>>(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator==(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator!=(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator<(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator<=(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator>(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator>=(const Operand& a, const Operand& b);
[[nodiscard]] Expr operator&&(const Operand& a, const Operand& b); ///< Bools
[[nodiscard]] Expr operator||(const Operand& a, const Operand& b); ///< Bools
[[nodiscard]] Expr operator+(const Operand& a);
[[nodiscard]] Expr operator-(const Operand& a);
[[nodiscard]] Expr operator~(const Operand& a);
[[nodiscard]] Expr operator!(const Operand& a); ///< Bool

/// Another value for the handle: `e = e + x`.
inline Expr& operator+=(Expr& e, const Operand& x) {
    return e = e + x;
}
inline Expr& operator-=(Expr& e, const Operand& x) {
    return e = e - x;
}
inline Expr& operator*=(Expr& e, const Operand& x) {
    return e = e * x;
}
inline Expr& operator/=(Expr& e, const Operand& x) {
    return e = e / x;
}
inline Expr& operator%=(Expr& e, const Operand& x) {
    return e = e % x;
}
inline Expr& operator&=(Expr& e, const Operand& x) {
    return e = e & x;
}
inline Expr& operator|=(Expr& e, const Operand& x) {
    return e = e | x;
}
inline Expr& operator^=(Expr& e, const Operand& x) {
    return e = e ^ x;
}
inline Expr& operator<<=(Expr& e, const Operand& x) {
    return e = e << x;
}
inline Expr& operator>>=(Expr& e, const Operand& x) {
    return e = e >> x;
}

/// Rounds toward −∞, unlike `/`; x / 0 = 0. Integers.
[[nodiscard]] Expr floor_div(const Operand& a, const Operand& b);
/// a − floor_div(a, b)·b: has the sign of b; x mod 0 = x. Integers.
[[nodiscard]] Expr floor_mod(const Operand& a, const Operand& b);

} // namespace lathe
