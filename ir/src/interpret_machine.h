#pragma once
/// \file Code nodes from lambdas, and numbers of exact types in machine integers.

#include "interpret_code.h"

namespace lathe::ir::interpreter {

template <class R, class F, class... A> struct OperationCode final : Code<R> {
    F f;
    std::tuple<Ptr<A>...> operands;
    OperationCode(F g, Ptr<A>... a) : f(std::move(g)), operands(std::move(a)...) {}
    R eval(Frame& frame, int lane) const override {
        return std::apply([&](const auto&... x) { return static_cast<R>(f(x->eval(frame, lane)...)); },
                          operands);
    }
};

/// Code that applies `f` to its operands' values.
template <class R, class F, class... A> Ptr<R> operation(F f, Ptr<A>... operands) {
    return std::make_shared<OperationCode<R, F, A...>>(std::move(f), std::move(operands)...);
}

/// An integer modulo 2^width in the range of an exact type that C holds.
template <class C> struct Wrap {
    int drop; ///< bits of C above the type
    bool is_signed;
    explicit Wrap(Type t) : drop(static_cast<int>(sizeof(C)) * 8 - t.width()), is_signed(t.is_signed()) {}
    C operator()(C x) const {
        using U = std::conditional_t<sizeof(C) == 8, uint64_t, unsigned __int128>;
        const U top = static_cast<U>(x) << drop;
        return is_signed ? static_cast<C>(top) >> drop : static_cast<C>(top >> drop);
    }
};

/// The representation that holds signed numbers of `bits` bits.
constexpr Rep rep_of_bits(int bits) {
    return bits <= 64 ? Rep::small : bits <= 128 ? Rep::wide : Rep::any;
}

/// Code of a number that is known to fit in the representation of `t`.
template <class C> Operand narrowed(Type t, Ptr<C> code) {
    if constexpr (std::same_as<C, Wide>) {
        if (rep_of(t) == Rep::small)
            return {operation<int64_t>([](Wide x) { return x; }, std::move(code)), t};
    }
    return {std::move(code), t};
}

/// The operation on lathe::Value: every case, slowly.
template <class F, class... A> Operand general(Type t, F f, const A&... operands) {
    Ptr<Value> v = operation<Value>(std::move(f), in_rep<Value>(operands)...);
    return with_rep(rep_of(t), [&]<class R>(Ptr<R>) -> Operand {
        if constexpr (std::same_as<R, Value>)
            return {std::move(v), t};
        else
            return {operation<R>([](const Value& x) { return from_value<R>(x); }, std::move(v)), t};
    });
}

} // namespace lathe::ir::interpreter
