#include "requantize.h"

#include <algorithm>

namespace lathe {
namespace {

Expr integer(Type t, const mpz_class& i) { return Constant::make(Value::from_raw(t, i)); }

mpz_class power_of_two(int n) { return mpz_class(1) << static_cast<unsigned>(n); }

Expr shift_right(const Expr& x, int amount) {
    return amount == 0 ? x : Binary::make_as(x.type(), BinaryOp::shr, x, integer(x.type(), amount));
}

Expr add(const Expr& x, const Expr& y) { return Binary::make_as(x.type(), BinaryOp::add, x, y); }

Expr is_negative(const Expr& x) { return Binary::make(BinaryOp::lt, x, integer(x.type(), 0)); }

/// x·2^−drop rounded to an integer; `x` is signed and wide enough for all sums.
Expr rounded(const Expr& x, int drop, Round mode) {
    const Type t = x.type();
    const mpz_class half = power_of_two(drop - 1), all = power_of_two(drop) - 1;
    const Expr up = integer(t, half), down = integer(t, half - 1);
    switch (mode) {
    case Round::trn: return shift_right(x, drop);
    case Round::trn_zero:
        return shift_right(add(x, Select::make(is_negative(x), integer(t, all), integer(t, 0))), drop);
    case Round::rnd: return shift_right(add(x, up), drop);
    case Round::rnd_min_inf: return shift_right(add(x, down), drop);
    case Round::rnd_zero: return shift_right(add(x, Select::make(is_negative(x), up, down)), drop);
    case Round::rnd_inf: return shift_right(add(x, Select::make(is_negative(x), down, up)), drop);
    case Round::rnd_conv: {
        const Expr odd = Binary::make_as(t, BinaryOp::bit_and, shift_right(x, drop), integer(t, 1));
        return shift_right(add(add(x, down), odd), drop);
    }
    }
    throw InternalError("unknown rounding mode");
}

/// A signed integer that need not fit, brought into the range of `to` by its overflow mode.
Expr overflowed(Type to, const Expr& v) {
    const Type target = machine_type(to);
    if (holds(target, v.type()) || to.overflow() == Overflow::wrap) return Cast::make(target, v);
    mpz_class low = min_value(target).raw();
    const mpz_class high = max_value(target).raw();
    if (to.overflow() == Overflow::sat_sym && to.is_signed()) low = -high;
    // Bounds that v's type cannot hold are never crossed.
    const Type wide = Int(std::max(v.type().width(), target.width() + 1));
    const Expr x = Cast::make(wide, v);
    const Expr lo = integer(wide, low), hi = integer(wide, high);
    if (to.overflow() == Overflow::sat || to.overflow() == Overflow::sat_sym)
        return Cast::make(target, Binary::make(BinaryOp::min, Binary::make(BinaryOp::max, x, lo), hi));
    const Expr outside = Binary::make(BinaryOp::logical_or, Binary::make(BinaryOp::lt, x, lo), Binary::make(BinaryOp::gt, x, hi));
    if (to.overflow() == Overflow::sat_zero) return Select::make(outside, integer(target, 0), Cast::make(target, x));
    // Sign-magnitude wrap: the bits wrap, and are inverted where the wrapped sign is not the value's own.
    const Expr wrapped = Cast::make(target, x);
    if (!to.is_signed()) return wrapped;
    const Expr flipped = Binary::make(BinaryOp::ne, is_negative(x), is_negative(wrapped));
    return Select::make(Binary::make(BinaryOp::logical_and, outside, flipped), Unary::make(UnaryOp::bit_not, wrapped), wrapped);
}

/// Exact → exact (Index counts as Int(64)).
Expr exact_to_exact(Type to, Type from, const Expr& x) {
    const int drop = from.frac() - to.frac();
    // A fixed-point number becomes an integer by truncation toward zero, whatever its own rounding.
    const Round mode = to.is_fixed() ? to.round() : Round::trn_zero;
    if (drop <= 0) {
        if (drop == 0 && (holds(machine_type(to), x.type()) || to.overflow() == Overflow::wrap))
            return Cast::make(machine_type(to), x);
        const Type wide = Int(std::min(Type::max_width, from.width() - drop + 1));
        const Expr shifted = Binary::make_as(wide, BinaryOp::shl, Cast::make(wide, x), integer(wide, -drop));
        return overflowed(to, drop == 0 ? Cast::make(wide, x) : shifted);
    }
    // Truncation needs no room for a sum.
    const bool sums = mode != Round::trn;
    const int room = from.is_signed() ? 0 : 1;
    const Type wide = Int(std::min(Type::max_width, std::max(from.width() + room, drop + 1) + (sums ? 2 : 0)));
    return overflowed(to, rounded(Cast::make(wide, x), drop, mode));
}

Expr double_constant(Type t, double d) { return Constant::make(Value::from_double(t, d)); }

/// Exact → float, rounded once.
Expr exact_to_float(Type to, Type from, const Expr& x) {
    if (from.frac() == 0) return Cast::make(to, x);
    const Type f64 = Float(64);
    const int top = from.int_bits(); // |value| ≤ 2^top, and a multiple of 2^−frac
    const auto scaled = [&](Type t) {
        return Binary::make(BinaryOp::mul, Cast::make(t, x), double_constant(t, std::ldexp(1.0, -from.frac())));
    };
    // Converting the integer rounds once; scaling by a power of two is then exact while it stays among normal numbers.
    const auto normal = [&](int least, int most) { return -from.frac() >= least && top < most && from.width() < most; };
    if (to == f64 && normal(-1022, 1023)) return scaled(f64);
    if (to == Float(32) && normal(-126, 127)) return scaled(to);
    if (from.width() <= 53 && normal(-1022, 1023)) return Cast::make(to, scaled(f64));
    fail(x.loc(), "cast from {} to {} is not supported on this backend: too wide for one exact rounding; cast to Float(64) first",
         from.str(), to.str());
}

/// y rounded to an integer of its own float type.
Expr rounded_float(const Expr& y, Round mode) {
    const auto unary = [&](UnaryOp op) { return Unary::make(op, y); };
    if (mode == Round::trn) return unary(UnaryOp::floor);
    if (mode == Round::trn_zero) return unary(UnaryOp::trunc);
    if (mode == Round::rnd_conv) return unary(UnaryOp::round_even);
    const Type t = y.type();
    const Expr below = unary(UnaryOp::floor);
    const Expr rest = Binary::make(BinaryOp::sub, y, below); // exact, in [0, 1)
    const Expr half = double_constant(t, 0.5);
    const Expr at_least = Binary::make(BinaryOp::ge, rest, half), more = Binary::make(BinaryOp::gt, rest, half);
    const Expr negative = Binary::make(BinaryOp::lt, y, double_constant(t, 0));
    Expr goes_up = at_least; // rnd
    if (mode == Round::rnd_min_inf) goes_up = more;
    if (mode == Round::rnd_zero) goes_up = Select::make(negative, at_least, more);
    if (mode == Round::rnd_inf) goes_up = Select::make(negative, more, at_least);
    return Binary::make(BinaryOp::add, below, Select::make(goes_up, double_constant(t, 1), double_constant(t, 0)));
}

/// Float → fixed: scaled exactly in double precision, rounded there, then clamped or wrapped.
Expr float_to_fixed(Type to, const Expr& x) {
    if (std::abs(to.frac()) > 800)
        fail(x.loc(), "cast from {} to {} is not supported on this backend: more than 800 fraction bits", x.type().str(), to.str());
    const Type f64 = Float(64);
    const Expr source = Cast::make(f64, x);
    Expr y = Binary::make(BinaryOp::mul, source, double_constant(f64, std::ldexp(1.0, to.frac())));
    if (to.frac() < 0 && x.type() == f64) {
        // A tiny number must not vanish before it is rounded.
        const Expr zero = double_constant(f64, 0);
        const Expr tiny = Select::make(Binary::make(BinaryOp::lt, source, zero), double_constant(f64, -0x1p-1000), double_constant(f64, 0x1p-1000));
        const Expr lost = Binary::make(BinaryOp::logical_and, Binary::make(BinaryOp::eq, y, zero), Binary::make(BinaryOp::ne, source, zero));
        y = Select::make(lost, tiny, y);
    }
    const Expr r = rounded_float(y, to.round());
    const Type target = machine_type(to);
    if (to.overflow() == Overflow::wrap) return Cast::make(target, r);
    if (to.overflow() == Overflow::wrap_sm) return overflowed(to, Cast::make(Int(1100), r));
    const int magnitude = to.width() - (to.is_signed() ? 1 : 0);
    const Expr over = Binary::make(BinaryOp::ge, r, double_constant(f64, std::ldexp(1.0, std::min(magnitude, 1023))));
    const double lowest = to.is_signed() ? -std::ldexp(1.0, std::min(magnitude, 1023)) : 0.0;
    const Expr under = Binary::make(BinaryOp::lt, r, double_constant(f64, lowest));
    const bool zero = to.overflow() == Overflow::sat_zero;
    mpz_class low = min_value(target).raw();
    const mpz_class high = max_value(target).raw();
    Expr fits = Cast::make(target, r);
    if (to.overflow() == Overflow::sat_sym && to.is_signed()) {
        low = -high;
        fits = Binary::make(BinaryOp::max, fits, integer(target, low));
    }
    return Select::make(over, integer(target, zero ? mpz_class(0) : high),
                        Select::make(under, integer(target, zero ? mpz_class(0) : low), fits));
}

} // namespace

Type machine_type(Type t) {
    if (!t.is_fixed()) return t;
    return (t.is_signed() ? Int(t.width()) : UInt(t.width())).with_lanes(t.lanes());
}

Expr requantize(Type to, Type from, const Expr& x) {
    if (auto* c = x.as<Constant>(); c && !to.is_index()) {
        const Value original = from.is_fixed() ? Value::from_raw(from, c->value.raw()) : c->value;
        const Value converted = cast(to, original);
        return Constant::make(to.is_fixed() ? Value::from_raw(machine_type(to), converted.raw()) : converted, x.loc());
    }
    if (to.is_bool()) {
        if (from.is_bool()) return x;
        return Binary::make(BinaryOp::ne, x, from.is_float() ? double_constant(from, 0) : integer(x.type(), 0));
    }
    if (from.is_float()) return to.is_fixed() ? float_to_fixed(to, x) : Cast::make(to, x);
    const Type source = from.is_index() ? Int(64) : from.is_bool() ? UInt(1) : from;
    if (to.is_float()) return exact_to_float(to, source, x);
    if (to.is_index()) return Cast::make(to, exact_to_exact(Int(64), source, Cast::make(machine_type(source), x)));
    return exact_to_exact(to, source, Cast::make(machine_type(source), x));
}

} // namespace lathe
