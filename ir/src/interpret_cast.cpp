/// \file Conversions, bits and fused operations of the interpreter.

#include "exact.h"
#include "float_format.h"
#include "interpret_machine.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lathe::ir::interpreter {

namespace {

/// floor(m / 2^drop), then one more where the rounding mode says so: exact.h's convert in machine integers.
template <class C> C drop_fraction(C m, int drop, Round mode) {
    const bool negative = m < 0, half = m >> (drop - 1) & 1;
    const bool more = (m & ((C(1) << (drop - 1)) - 1)) != 0;
    m >>= drop;
    switch (mode) {
    case Round::trn:
        return m;
    case Round::trn_zero:
        return m + (negative && (half || more));
    case Round::rnd:
        return m + half;
    case Round::rnd_zero:
        return m + (half && (negative || more));
    case Round::rnd_inf:
        return m + (half && (!negative || more));
    case Round::rnd_min_inf:
        return m + (half && more);
    default:
        return m + (half && ((m & 1) != 0 || more));
    }
}

/// Conversion to an exact type (not Bool) by its modes, in C, which holds the number with the target's point.
template <class C> class Convert {
  public:
    Convert(Type to, int frac)
        : wrap(to), drop(frac - to.frac()), round(to.is_fixed() ? to.round() : Round::trn_zero),
          overflow(to.overflow()) {
        const int bits = to.width() - to.is_signed();
        high =
            bits >= static_cast<int>(sizeof(C)) * 8 - 1 ? ~(C(1) << (sizeof(C) * 8 - 1)) : (C(1) << bits) - 1;
        low = to.is_signed() ? -high - 1 : 0;
        // Symmetric saturation keeps the −1 of a single signed bit, as AMD does.
        symmetric_low = to.is_signed() && bits > 0 ? -high : low;
    }
    static bool possible(Type to, Type from) {
        const int shift = from.frac() - to.frac(), more = std::max(-shift, 0);
        constexpr int most = static_cast<int>(sizeof(C)) * 8 - 2;
        return to.overflow() != Overflow::wrap_sm && from.width() + more <= most && to.width() <= most &&
               shift < most;
    }
    C operator()(C m) const {
        if (drop > 0)
            m = drop_fraction(m, drop, round);
        else if (drop < 0)
            m <<= -drop;
        switch (overflow) {
        case Overflow::sat:
            return std::clamp(m, low, high);
        case Overflow::sat_sym:
            return std::clamp(m, symmetric_low, high);
        case Overflow::sat_zero:
            return m < low || m > high ? C(0) : m;
        default:
            return wrap(m);
        }
    }

  private:
    Wrap<C> wrap;
    int drop;
    Round round;
    Overflow overflow;
    C low, high, symmetric_low;
};

Operand any_cast(Type to, const Operand& a) {
    return general(to, [to](const Value& x) { return cast(to, x); }, a);
}

template <class C> Operand converted(Type to, const Operand& a) {
    return narrowed(to, operation<C>(Convert<C>(to, a.type.frac()), in_rep<C>(a)));
}

Operand exact_to_exact(Type to, const Operand& a) {
    if (rep_of(a.type) == Rep::any || rep_of(to) == Rep::any) return any_cast(to, a);
    if (a.type.frac() == to.frac() && holds(to, a.type)) {
        if (rep_of(a.type) == rep_of(to)) return {a.code, to};
        return with_rep(rep_of(to), [&]<class R>(Ptr<R>) { return Operand{in_rep<R>(a), to}; });
    }
    if (rep_of(a.type) == Rep::small && rep_of(to) == Rep::small && Convert<int64_t>::possible(to, a.type))
        return converted<int64_t>(to, a);
    return Convert<Wide>::possible(to, a.type) ? converted<Wide>(to, a) : any_cast(to, a);
}

Operand to_bool(const Operand& a) {
    return std::visit(
        []<class P>(const P& code) -> Operand {
            using R = RepOf<P>;
            if constexpr (std::same_as<R, Value>)
                return {operation<int64_t>([](const Value& x) { return !x.is_zero(); }, code), Bool()};
            else
                return {operation<int64_t>([](R x) { return x != 0; }, code), Bool()};
        },
        a.code);
}

Operand exact_to_float(Type to, const Operand& a) {
    const int frac = a.type.frac();
    if (rep_of(a.type) != Rep::small || std::abs(frac) > 900) return any_cast(to, a);
    // Numbers of up to 53 bits, and their scaling, are exact in double.
    return {operation<double>(
                [to, frac, scale = std::ldexp(1.0, -frac)](int64_t x) {
                    constexpr int64_t exact = int64_t{1} << 53;
                    if (-exact <= x && x <= exact) return round_to(to, static_cast<double>(x) * scale);
                    return round_to(to, mpz_class(static_cast<long>(x)), frac);
                },
                in_rep<int64_t>(a)),
            to};
}

Operand float_to_exact(Type to, const Operand& a) {
    if (rep_of(to) != Rep::small || to.overflow() == Overflow::wrap_sm || to.frac() < -8 || to.frac() > 900)
        return any_cast(to, a);
    constexpr int guard = 8; // so that the scale is at least 1, and scaling exact
    return {operation<int64_t>(
                [to, from = a.type, scale = std::ldexp(1.0, to.frac() + guard),
                 convert = Convert<Wide>(to, to.frac() + guard)](double x) {
                    const double scaled = x * scale, whole = std::floor(scaled);
                    // The guard bits hold what rounding asks for; anything below them sets the last.
                    if (std::fabs(scaled) < 0x1p120)
                        return static_cast<int64_t>(convert(static_cast<Wide>(whole) | (whole != scaled)));
                    return from_value<int64_t>(cast(to, Value::from_double(from, x)));
                },
                in_rep<double>(a)),
            to};
}

Operand to_index(const Operand& a, Loc loc) {
    if (rep_of(a.type) == Rep::small && !a.type.is_fixed()) return {a.code, IndexType()};
    const Ptr<Value> x = in_rep<Value>(a);
    return {operation<int64_t>(
                [loc](const Value& v) {
                    const Value i = cast(IndexType(), v);
                    if (!i.raw().fits_slong_p())
                        fail(loc, "the subscript {} does not fit in 64 bits", i.str());
                    return i.as_int64();
                },
                x),
            IndexType()};
}

} // namespace

Operand compile_cast(Type to, const Operand& a, Loc loc) {
    const Type from = a.type;
    if (from == to) return a;
    if (to.is_bool()) return to_bool(a);
    if (to.is_index()) return to_index(a, loc);
    if (from.is_real() || to.is_real()) return any_cast(to, a);
    if (to.is_float() && from.is_float()) {
        if (holds(to, from)) return {a.code, to};
        return {operation<double>([to](double x) { return round_to(to, x); }, in_rep<double>(a)), to};
    }
    if (to.is_float()) return from.is_index() ? any_cast(to, a) : exact_to_float(to, a);
    if (from.is_float()) return float_to_exact(to, a);
    if (!from.is_index()) return exact_to_exact(to, a);
    // Any 64-bit integer wraps in every type, with its point anywhere, as Int(64) does.
    const Operand integer{a.code, Int(64)};
    return to == Int(64) ? integer : exact_to_exact(to, integer);
}

Operand compile_bitcast(Type to, const Operand& a) {
    const Type from = a.type;
    invariant(from.width() == to.width(), "a bitcast keeps the width");
    if (rep_of(from) == Rep::any || rep_of(to) == Rep::any)
        return general(to, [to](const Value& x) { return bitcast(to, x); }, a);
    if (from.is_exact() && to.is_exact()) {
        const Operand raw{a.code, from.is_signed() ? Int(from.width()) : UInt(from.width())};
        Operand r = exact_to_exact(to.is_signed() ? Int(to.width()) : UInt(to.width()), raw);
        r.type = to;
        return r;
    }
    if (from.is_float() && to.is_float())
        return {operation<double>([from, to](double x) { return decode(to, encode(from, x)); },
                                  in_rep<double>(a)),
                to};
    if (to == Float(32) && rep_of(from) == Rep::small)
        return {operation<double>([](int64_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x)); },
                                  in_rep<int64_t>(a)),
                to};
    if (to.is_float()) {
        const Operand bits = exact_to_exact(
            UInt(from.width()), {a.code, from.is_signed() ? Int(from.width()) : UInt(from.width())});
        return {operation<double>([to](Wide x) { return decode(to, static_cast<uint64_t>(x)); },
                                  in_rep<Wide>(bits)),
                to};
    }
    const Wrap<Wide> wrap(to);
    return narrowed(
        to, operation<Wide>([from, wrap](double x) { return wrap(static_cast<Wide>(encode(from, x))); },
                            in_rep<double>(a)));
}

Operand compile_slice(const Operand& a, int hi, int lo) {
    const Type t = UInt(hi - lo + 1);
    if (rep_of(a.type) != Rep::any && rep_of(t) != Rep::any)
        return narrowed(t, operation<Wide>([wrap = Wrap<Wide>(t), lo](Wide x) { return wrap(x >> lo); },
                                           in_rep<Wide>(a)));
    return general(t, [hi, lo](const Value& x) { return slice(x, hi, lo); }, a);
}

Operand compile_fma(const Operand& a, const Operand& b, const Operand& c) {
    const Type t = a.type;
    const auto three = [&](auto f) -> Operand {
        return {operation<double>(f, in_rep<double>(a), in_rep<double>(b), in_rep<double>(c)), t};
    };
    if (t == Float(32))
        return three([](double x, double y, double z) {
            return std::fma(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z));
        });
    return three([t](double x, double y, double z) { return fused_multiply_add(t, x, y, z); });
}

Operand compile_bit_function(const std::string& function, Type type, const std::vector<Operand>& arguments) {
    const auto require = [&](size_t n) {
        invariant(arguments.size() == n, "a call has the number of arguments its function takes");
    };
    const auto constant_bit = [&](size_t i) {
        const auto* code = std::get_if<Ptr<int64_t>>(&arguments[i].code);
        const auto* bit = code ? dynamic_cast<const ConstantCode<int64_t>*>(code->get()) : nullptr;
        invariant(bit != nullptr, "the bounds of with_slice are constants");
        return static_cast<int>(bit->value);
    };
    if (function == "popcount") {
        require(1);
        return general(type, [](const Value& x) { return popcount(x); }, arguments[0]);
    }
    if (function == "reverse") {
        require(1);
        return general(type, [](const Value& x) { return reverse_bits(x); }, arguments[0]);
    }
    if (function == "concat") {
        require(2);
        return general(
            type, [](const Value& x, const Value& y) { return concat(x, y); }, arguments[0], arguments[1]);
    }
    invariant(function == "with_slice", "a call is of a function that Lathe knows");
    require(4);
    const int hi = constant_bit(2), lo = constant_bit(3);
    return general(
        type, [hi, lo](const Value& x, const Value& bits) { return with_slice(x, hi, lo, bits); },
        arguments[0], arguments[1]);
}

} // namespace lathe::ir::interpreter
