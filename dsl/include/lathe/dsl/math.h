#pragma once
/// \file Functions on expressions: choice, conversion, bits, rounding, elementary functions.

#include "lathe/dsl/operators.h"
#include "lathe/dsl/var.h"
#include "lathe/ir/buffer.h"

namespace lathe {

/// `a` where the condition holds, else `b`. Only the chosen arm's loads happen.
[[nodiscard]] Expr select(const Operand& condition, const Operand& a, const Operand& b);
/// select(c1, v1, c2, v2, …, otherwise): the value of the first condition that holds.
template <class... Rest>
    requires(sizeof...(Rest) >= 2 && (Operable<Rest> && ...))
[[nodiscard]] Expr select(const Operand& condition, const Operand& a, const Operand& condition2,
                          Rest&&... rest) {
    return select(condition, a, Operand(select(condition2, std::forward<Rest>(rest)...), condition2.loc()));
}

/// Conversion by the type's own rounding and overflow.
[[nodiscard]] Expr cast(Type to, const Operand& a);
template <class T> [[nodiscard]] Expr cast(const Operand& a) {
    return cast(type_of<T>(), a);
}
/// The same bits as another type of the same width. Every NaN has those of the quiet, positive one.
[[nodiscard]] Expr bitcast(Type to, const Operand& a);
/// The value of an element reference, or any value, kept for use in several places.
[[nodiscard]] Expr let(const Operand& a);

/// Of the type that holds both. Non-template overloads, so that `using namespace std` does no harm.
[[nodiscard]] Expr min(const Expr& a, const Expr& b, Loc loc = Loc::current());
[[nodiscard]] Expr max(const Expr& a, const Expr& b, Loc loc = Loc::current());
[[nodiscard]] Expr min(const Var& a, const Var& b, Loc loc = Loc::current());
[[nodiscard]] Expr max(const Var& a, const Var& b, Loc loc = Loc::current());
[[nodiscard]] Expr min(const Param& a, const Param& b, Loc loc = Loc::current());
[[nodiscard]] Expr max(const Param& a, const Param& b, Loc loc = Loc::current());
[[nodiscard]] Expr minimum_of(const Operand& a, const Operand& b);
[[nodiscard]] Expr maximum_of(const Operand& a, const Operand& b);
template <Operable A, Operable B>
    requires(!Number<std::remove_cvref_t<A>> || !Number<std::remove_cvref_t<B>>)
[[nodiscard]] Expr min(A&& a, B&& b, Loc loc = Loc::current()) {
    return minimum_of(Operand(std::forward<A>(a), loc), Operand(std::forward<B>(b), loc));
}
template <Operable A, Operable B>
    requires(!Number<std::remove_cvref_t<A>> || !Number<std::remove_cvref_t<B>>)
[[nodiscard]] Expr max(A&& a, B&& b, Loc loc = Loc::current()) {
    return maximum_of(Operand(std::forward<A>(a), loc), Operand(std::forward<B>(b), loc));
}
/// max(min(x, high), low).
[[nodiscard]] Expr clamp(const Expr& x, const Expr& low, const Expr& high, Loc loc = Loc::current());
[[nodiscard]] Expr clamp_of(const Operand& x, const Operand& low, const Operand& high);
template <Operable A, Operable B, Operable C>
    requires(!Number<std::remove_cvref_t<A>> || !Number<std::remove_cvref_t<B>> ||
             !Number<std::remove_cvref_t<C>>)
[[nodiscard]] Expr clamp(A&& x, B&& low, C&& high, Loc loc = Loc::current()) {
    return clamp_of(Operand(std::forward<A>(x), loc), Operand(std::forward<B>(low), loc),
                    Operand(std::forward<C>(high), loc));
}

[[nodiscard]] Expr abs(const Operand& a);
[[nodiscard]] Expr sqrt(const Operand& a);  ///< floats
[[nodiscard]] Expr floor(const Operand& a); ///< floats
[[nodiscard]] Expr ceil(const Operand& a);  ///< floats
[[nodiscard]] Expr trunc(const Operand& a); ///< floats
[[nodiscard]] Expr round(const Operand& a); ///< floats; halves to even
/// a·b + c, rounded once; in the widest float of the three.
[[nodiscard]] Expr fma(const Operand& a, const Operand& b, const Operand& c);
[[nodiscard]] Expr exp(const Operand& a);
[[nodiscard]] Expr log(const Operand& a);
[[nodiscard]] Expr tanh(const Operand& a);
[[nodiscard]] Expr sin(const Operand& a);
[[nodiscard]] Expr cos(const Operand& a);
[[nodiscard]] Expr pow(const Operand& a, const Operand& b);

[[nodiscard]] Expr reverse(const Operand& a);  ///< bits in the opposite order
[[nodiscard]] Expr popcount(const Operand& a); ///< number of ones
/// The bits of `high` above those of `low`.
[[nodiscard]] Expr concat(const Operand& high, const Operand& low);

} // namespace lathe
