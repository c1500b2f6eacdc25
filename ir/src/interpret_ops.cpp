/// \file Unary and binary operations of the interpreter.

#include "float_format.h"
#include "interpret_machine.h"

#include <algorithm>
#include <cmath>

namespace lathe::ir::interpreter {

Rep rep_of(Type t) {
    if (t.is_index()) return Rep::small;
    if (t.is_float()) return Rep::floating;
    if (t.is_real()) return Rep::any;
    return rep_of_bits(t.width() + !t.is_signed());
}

template <> Value to_value(Type t, const int64_t& x) {
    return t.is_index() ? Value::index(x) : Value::from_raw(t, static_cast<long>(x));
}
template <> Value to_value(Type t, const Wide& x) {
    const mpz_class high(static_cast<long>(x >> 64)), low(static_cast<unsigned long>(x));
    return Value::from_raw(t, (high << 64) + low);
}
template <> Value to_value(Type t, const double& x) {
    return Value::from_double(t, x);
}
template <> Value to_value(Type, const Value& x) {
    return x;
}

template <> int64_t from_value(const Value& v) {
    if (!v.raw().fits_slong_p()) fail({}, "the subscript {} does not fit in 64 bits", v.str());
    return v.raw().get_si();
}
template <> Wide from_value(const Value& v) {
    const mpz_class& m = v.raw();
    unsigned __int128 magnitude = mpz_getlimbn(m.get_mpz_t(), 1);
    magnitude = magnitude << 64 | mpz_getlimbn(m.get_mpz_t(), 0);
    return static_cast<Wide>(sgn(m) < 0 ? -magnitude : magnitude);
}
template <> double from_value(const Value& v) {
    return v.as_double();
}
template <> Value from_value(const Value& v) {
    return v;
}

Operand constant(const Value& v) {
    return with_rep(rep_of(v.type()), [&]<class R>(Ptr<R>) -> Operand {
        return {Ptr<R>(std::make_shared<ConstantCode<R>>(from_value<R>(v))), v.type()};
    });
}

template <class R> Ptr<R> in_rep(const Operand& x) {
    return std::visit(
        [&]<class P>(const P& code) -> Ptr<R> {
            using From = RepOf<P>;
            if constexpr (std::same_as<From, R>) {
                return code;
            } else if constexpr (std::same_as<R, Value>) {
                return operation<Value>([t = x.type](const From& y) { return to_value(t, y); }, code);
            } else if constexpr (std::same_as<R, Wide> && std::same_as<From, int64_t>) {
                return operation<Wide>([](int64_t y) { return y; }, code);
            } else {
                throw InternalError("code of " + x.type.str() + " in a representation too small");
            }
        },
        x.code);
}

template Ptr<int64_t> in_rep(const Operand&);
template Ptr<Wide> in_rep(const Operand&);
template Ptr<double> in_rep(const Operand&);
template Ptr<Value> in_rep(const Operand&);

namespace {

const Value* constant_value(const Operand& x) {
    const auto* code = std::get_if<Ptr<Value>>(&x.code);
    const auto* c = code ? dynamic_cast<const ConstantCode<Value>*>(code->get()) : nullptr;
    return c ? &c->value : nullptr;
}

template <class A> Ptr<int64_t> comparison(BinaryOp op, Ptr<A> a, Ptr<A> b) {
    switch (op) {
    case BinaryOp::eq:
        return operation<int64_t>([](A x, A y) { return x == y; }, a, b);
    case BinaryOp::ne:
        return operation<int64_t>([](A x, A y) { return x != y; }, a, b);
    case BinaryOp::lt:
        return operation<int64_t>([](A x, A y) { return x < y; }, a, b);
    case BinaryOp::le:
        return operation<int64_t>([](A x, A y) { return x <= y; }, a, b);
    case BinaryOp::gt:
        return operation<int64_t>([](A x, A y) { return x > y; }, a, b);
    default:
        return operation<int64_t>([](A x, A y) { return x >= y; }, a, b);
    }
}

/// + − × min max of numbers whose result C holds.
template <class C> Ptr<C> arithmetic(BinaryOp op, Ptr<C> a, Ptr<C> b) {
    switch (op) {
    case BinaryOp::add:
        return operation<C>([](C x, C y) { return x + y; }, a, b);
    case BinaryOp::sub:
        return operation<C>([](C x, C y) { return x - y; }, a, b);
    case BinaryOp::mul:
        return operation<C>([](C x, C y) { return x * y; }, a, b);
    case BinaryOp::min:
        return operation<C>([](C x, C y) { return y < x ? y : x; }, a, b);
    case BinaryOp::max:
        return operation<C>([](C x, C y) { return x < y ? y : x; }, a, b);
    default:
        throw InternalError(fmt::format("{} has no code", symbol(op)));
    }
}

template <class C> C floor_quotient(C x, C y) {
    return x / y - (x % y != 0 && (x % y < 0) != (y < 0));
}
template <class C> C floor_rest(C x, C y) {
    const C rest = x % y;
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

/// Divisions. −1 is apart because the smallest number divided by it overflows (or traps) in C++.
template <class C> Ptr<C> division(BinaryOp op, Ptr<C> a, Ptr<C> b) {
    const auto quotient = [](C x, C y) { return y == 0 ? C(0) : y == -1 ? -x : x / y; };
    switch (op) {
    case BinaryOp::div:
        return operation<C>(quotient, a, b);
    case BinaryOp::mod:
        return operation<C>([](C x, C y) { return y == 0 ? x : y == -1 ? C(0) : x % y; }, a, b);
    case BinaryOp::floordiv:
        return operation<C>([](C x, C y) { return y == 0    ? C(0)
                                                  : y == -1 ? -x
                                                            : floor_quotient(x, y); }, a,
                            b);
    default:
        return operation<C>([](C x, C y) { return y == 0 ? x : y == -1 ? C(0) : floor_rest(x, y); }, a, b);
    }
}

template <class C> Ptr<C> shift(BinaryOp op, Type t, Ptr<C> a, Ptr<int64_t> amount) {
    const int width = t.width(), sign = op == BinaryOp::shl ? 1 : -1;
    return operation<C>(
        [width, sign, wrap = Wrap<C>(t)](C x, int64_t by) {
            using U = std::conditional_t<sizeof(C) == 8, uint64_t, unsigned __int128>;
            const int n = static_cast<int>(std::clamp<int64_t>(by, -1000, 1000)) * sign;
            if (n >= width) return C(0);
            if (n >= 0) return wrap(static_cast<C>(static_cast<U>(x) << n));
            return x >> std::min(-n, static_cast<int>(sizeof(C)) * 8 - 1);
        },
        a, amount);
}

template <class C> Ptr<C> logic(BinaryOp op, Ptr<C> a, Ptr<C> b) {
    switch (op) {
    case BinaryOp::bit_and:
    case BinaryOp::logical_and:
        return operation<C>([](C x, C y) { return x & y; }, a, b);
    case BinaryOp::bit_or:
    case BinaryOp::logical_or:
        return operation<C>([](C x, C y) { return x | y; }, a, b);
    case BinaryOp::bit_xor:
        return operation<C>([](C x, C y) { return x ^ y; }, a, b);
    default:
        return nullptr;
    }
}

bool is_division(BinaryOp op) {
    return op >= BinaryOp::div && op <= BinaryOp::floormod;
}
bool is_shift(BinaryOp op) {
    return op == BinaryOp::shl || op == BinaryOp::shr;
}

template <class C> Ptr<C> scaled(const Operand& x, int by) {
    Ptr<C> code = in_rep<C>(x);
    return by == 0 ? code : operation<C>([by](C y) { return y << by; }, code);
}

/// An operation on exact numbers in C, which holds the result and the operands with their points aligned.
template <class C> Operand exact_in(BinaryOp op, Type result, const Operand& a, const Operand& b) {
    if (is_shift(op)) return {shift<C>(op, result, in_rep<C>(a), in_rep<int64_t>(b)), result};
    if (is_division(op)) {
        const int by = op == BinaryOp::div ? std::max(b.type.frac(), 0) : 0;
        const Ptr<C> r = division<C>(op, scaled<C>(a, by), in_rep<C>(b));
        // Only the remainder of a division by zero can leave the result's type.
        return narrowed(result, operation<C>(Wrap<C>(result), r));
    }
    const int frac = op == BinaryOp::mul ? 0 : std::max(a.type.frac(), b.type.frac());
    const Ptr<C> x = scaled<C>(a, op == BinaryOp::mul ? 0 : frac - a.type.frac());
    const Ptr<C> y = scaled<C>(b, op == BinaryOp::mul ? 0 : frac - b.type.frac());
    if (is_compare(op)) return {comparison(op, x, y), Bool()};
    if (const Ptr<C> r = logic(op, x, y)) return narrowed(result, r);
    return narrowed(result, arithmetic(op, x, y));
}

/// Bits that a signed integer needs to hold the operands, their points aligned, and the result.
int bits_needed(BinaryOp op, Type result, Type a, Type b) {
    const auto signed_bits = [](Type t, int more) { return t.width() + more + !t.is_signed(); };
    const int of_result = signed_bits(result, 0);
    if (is_shift(op) || op == BinaryOp::mul)
        return std::max({of_result, signed_bits(a, 0), signed_bits(b, 0)});
    if (is_division(op)) {
        const int scale = op == BinaryOp::div ? std::max(b.frac(), 0) : 0;
        return std::max({of_result, signed_bits(a, scale), signed_bits(b, 0)});
    }
    const int frac = std::max(a.frac(), b.frac());
    return std::max({of_result, signed_bits(a, frac - a.frac()), signed_bits(b, frac - b.frac())});
}

Operand exact_binary(BinaryOp op, Type result, const Operand& a, const Operand& b) {
    const Rep rep = rep_of_bits(bits_needed(op, result, a.type, b.type));
    if (rep == Rep::any || (is_shift(op) && rep_of(b.type) != Rep::small))
        return general(result, [op](const Value& x, const Value& y) { return apply(op, x, y); }, a, b);
    return rep == Rep::small ? exact_in<int64_t>(op, result, a, b) : exact_in<Wide>(op, result, a, b);
}

[[noreturn]] void subscript_overflow(BinaryOp op, int64_t x, int64_t y, Loc loc) {
    fail(loc, "the subscript {} {} {} does not fit in 64 bits", x, symbol(op), y);
}

Operand index_binary(BinaryOp op, const Operand& a, const Operand& b, Loc loc) {
    const Ptr<int64_t> x = in_rep<int64_t>(a), y = in_rep<int64_t>(b);
    const auto checked = [&](auto f) -> Operand {
        return {operation<int64_t>(
                    [f, op, loc](int64_t i, int64_t j) {
                        int64_t r;
                        if (f(i, j, &r)) subscript_overflow(op, i, j, loc);
                        return r;
                    },
                    x, y),
                IndexType()};
    };
    switch (op) {
    case BinaryOp::add:
        return checked([](int64_t i, int64_t j, int64_t* r) { return __builtin_add_overflow(i, j, r); });
    case BinaryOp::sub:
        return checked([](int64_t i, int64_t j, int64_t* r) { return __builtin_sub_overflow(i, j, r); });
    case BinaryOp::mul:
        return checked([](int64_t i, int64_t j, int64_t* r) { return __builtin_mul_overflow(i, j, r); });
    case BinaryOp::floordiv:
        return checked([](int64_t i, int64_t j, int64_t* r) {
            if (j == -1) return __builtin_sub_overflow(int64_t{0}, i, r);
            *r = j == 0 ? 0 : floor_quotient(i, j);
            return false;
        });
    case BinaryOp::floormod:
        return {division(op, x, y), IndexType()};
    default:
        break;
    }
    if (is_compare(op)) return {comparison(op, x, y), Bool()};
    return {arithmetic(op, x, y), IndexType()};
}

/// IEEE arithmetic of type `t` computed in double: for the narrower formats a double has more than twice
/// their precision and two bits, so that rounding again is harmless.
Operand float_binary(BinaryOp op, Type t, const Operand& a, const Operand& b) {
    const Ptr<double> x = in_rep<double>(a), y = in_rep<double>(b);
    if (is_compare(op)) return {comparison(op, x, y), Bool()};
    const auto rounded = [&](auto f) -> Operand {
        if (t.width() == 64) return {operation<double>(f, x, y), t};
        if (t.width() == 32)
            return {operation<double>([f](double i, double j) { return static_cast<float>(f(i, j)); }, x, y),
                    t};
        return {operation<double>([f, t](double i, double j) { return round_to(t, f(i, j)); }, x, y), t};
    };
    switch (op) {
    case BinaryOp::add:
        return rounded([](double i, double j) { return i + j; });
    case BinaryOp::sub:
        return rounded([](double i, double j) { return i - j; });
    case BinaryOp::mul:
        return rounded([](double i, double j) { return i * j; });
    case BinaryOp::div:
        return rounded([](double i, double j) { return i / j; });
    default:
        return {arithmetic(op, x, y), t};
    }
}

Operand wrapped(Type to, const Operand& a) {
    if (a.type == to) return a;
    invariant(a.type.frac() == to.frac(), "a result is wrapped into a type with its own point");
    if (rep_of(a.type) == Rep::any || rep_of(to) == Rep::any)
        return general(to, [to](const Value& x) { return Value::from_raw(to, x.raw()); }, a);
    if (rep_of(a.type) == Rep::small && rep_of(to) == Rep::small)
        return {operation<int64_t>(Wrap<int64_t>(to), in_rep<int64_t>(a)), to};
    return narrowed(to, operation<Wide>(Wrap<Wide>(to), in_rep<Wide>(a)));
}

Operand float_unary(UnaryOp op, const Operand& a) {
    const Type t = a.type;
    const Ptr<double> x = in_rep<double>(a);
    switch (op) {
    case UnaryOp::neg:
        return {operation<double>([](double y) { return -y; }, x), t};
    case UnaryOp::abs:
        return {operation<double>([](double y) { return std::fabs(y); }, x), t};
    case UnaryOp::sqrt:
        return {operation<double>([t](double y) { return round_to(t, std::sqrt(y)); }, x), t};
    case UnaryOp::floor:
        return {operation<double>([](double y) { return std::floor(y); }, x), t};
    case UnaryOp::ceil:
        return {operation<double>([](double y) { return std::ceil(y); }, x), t};
    case UnaryOp::round_even:
        return {operation<double>([](double y) { return std::nearbyint(y); }, x), t};
    case UnaryOp::trunc:
        return {operation<double>([](double y) { return std::trunc(y); }, x), t};
    default:
        throw InternalError("~ on a float");
    }
}

template <class C> Operand exact_unary(UnaryOp op, Type t, const Operand& a) {
    const Ptr<C> x = in_rep<C>(a);
    switch (op) {
    case UnaryOp::neg:
        return narrowed(t, operation<C>([](C y) { return -y; }, x));
    case UnaryOp::abs:
        return narrowed(t, operation<C>([w = Wrap<C>(t)](C y) { return y < 0 ? w(-y) : y; }, x));
    default:
        return narrowed(t, operation<C>([w = Wrap<C>(t)](C y) { return w(~y); }, x));
    }
}

} // namespace

Operand compile_unary(UnaryOp op, const Operand& a) {
    const Type t = result_type(op, a.type, {});
    if (a.type.is_float()) return float_unary(op, a);
    if (a.type.is_index() && op == UnaryOp::neg)
        return index_binary(BinaryOp::sub, constant(Value::index(0)), a, {});
    const Rep rep = a.type.is_index() ? Rep::any : std::max(rep_of(a.type), rep_of(t));
    if (rep == Rep::small) return exact_unary<int64_t>(op, t, a);
    if (rep == Rep::wide) return exact_unary<Wide>(op, t, a);
    return general(t, [op](const Value& x) { return apply(op, x); }, a);
}

Operand typed_beside(const Operand& x, Type other) {
    const Value* v = x.type.is_real() && !other.is_real() && !other.is_index() ? constant_value(x) : nullptr;
    return v ? constant(type_literal(*v, other)) : x;
}

Operand compile_binary(BinaryOp op, Type type, const Operand& x, const Operand& y, Loc loc) {
    const Operand a = typed_beside(x, y.type), b = typed_beside(y, x.type);
    if (a.type.is_index() && b.type.is_index()) return index_binary(op, a, b, loc);
    if (a.type.is_real() || b.type.is_real())
        return general(type, [op](const Value& v, const Value& w) { return apply(op, v, w); }, a, b);
    if (a.type.is_float() || b.type.is_float()) {
        const Type t = aligned_type(a.type, b.type, loc);
        return float_binary(op, t, compile_cast(t, a, loc), compile_cast(t, b, loc));
    }
    return wrapped(type, exact_binary(op, result_type(op, a.type, b.type, loc), a, b));
}

} // namespace lathe::ir::interpreter
