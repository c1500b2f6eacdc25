#include "requantize.h"

#include "lathe/ir/buffer.h"

#include <algorithm>
#include <cmath>

namespace lathe::codegen {
namespace {

Expr integer(Type t, const mpz_class& i) {
    return Constant::make(Value::from_raw(t, i));
}

mpz_class power_of_two(int n) {
    return mpz_class(1) << static_cast<unsigned>(n);
}

Expr add(const Expr& x, const Expr& y) {
    return Binary::make_as(x.type(), BinaryOp::add, x, y);
}

Expr is_negative(const Expr& x) {
    return Binary::make(BinaryOp::lt, x, integer(x.type(), 0));
}

Expr shift_right(const Expr& x, int amount) {
    const Type t = x.type();
    if (amount == 0) return x;
    if (amount < t.width()) return Binary::make_as(t, BinaryOp::shr, x, integer(t, amount));
    return t.is_signed() ? Select::make(is_negative(x), integer(t, -1), integer(t, 0)) : integer(t, 0);
}

Expr bit(const Expr& x, int position) {
    return Binary::make_as(x.type(), BinaryOp::bit_and, shift_right(x, position), integer(x.type(), 1));
}

/// Unsigned numbers round toward zero as toward minus infinity.
Round unsigned_mode(Round mode) {
    if (mode == Round::trn_zero) return Round::trn;
    if (mode == Round::rnd_zero) return Round::rnd_min_inf;
    return mode == Round::rnd_inf ? Round::rnd : mode;
}

/// floor(x·2^−drop) and one more where the mode says so: needs no bits above those of `x`.
Expr floor_and_more(const Expr& x, int drop, Round mode) {
    const Type t = x.type();
    const Expr zero = integer(t, 0), floor = shift_right(x, drop), half = bit(x, drop - 1);
    if (mode == Round::rnd) return add(floor, half);
    const auto not_zero = [&](const Expr& e) { return Binary::make(BinaryOp::ne, e, zero); };
    const auto either = [](const Expr& a, const Expr& b) { return Binary::make(BinaryOp::logical_or, a, b); };
    const auto all = [](const Expr& a, const Expr& b) { return Binary::make(BinaryOp::logical_and, a, b); };
    const auto low_bits = [&](int n) {
        return not_zero(Binary::make_as(t, BinaryOp::bit_and, x, integer(t, power_of_two(n) - 1)));
    };
    const Expr more = low_bits(drop - 1);
    Expr up;
    switch (mode) {
    case Round::trn_zero:
        up = all(is_negative(x), low_bits(drop));
        break;
    case Round::rnd_zero:
        up = all(not_zero(half), either(is_negative(x), more));
        break;
    case Round::rnd_inf:
        up = all(not_zero(half), either(Unary::make(UnaryOp::bit_not, is_negative(x)), more));
        break;
    case Round::rnd_min_inf:
        up = all(not_zero(half), more);
        break;
    default:
        up = all(not_zero(half), either(not_zero(bit(floor, 0)), more));
    }
    return Select::make(up, add(floor, integer(t, 1)), floor);
}

/// x·2^−drop rounded to an integer, by a sum and a shift; `x` has a spare bit for the sum.
Expr sum_and_shift(const Expr& x, int drop, Round mode) {
    const Type t = x.type();
    const Expr up = integer(t, power_of_two(drop - 1)), down = integer(t, power_of_two(drop - 1) - 1);
    switch (mode) {
    case Round::trn_zero:
        return shift_right(
            add(x, Select::make(is_negative(x), integer(t, power_of_two(drop) - 1), integer(t, 0))), drop);
    case Round::rnd:
        return shift_right(add(x, up), drop);
    case Round::rnd_min_inf:
        return shift_right(add(x, down), drop);
    case Round::rnd_zero:
        return shift_right(add(x, Select::make(is_negative(x), up, down)), drop);
    case Round::rnd_inf:
        return shift_right(add(x, Select::make(is_negative(x), down, up)), drop);
    default:
        return shift_right(add(add(x, down), bit(x, drop)), drop);
    }
}

/// An integer of some type, and bounds of its value.
struct Ranged {
    Expr x;
    mpz_class low, high;
};

/// x·2^−drop rounded to an integer; `x` has any integer type.
Ranged rounded(const Expr& x, int drop, Round mode) {
    const Type t = x.type();
    const int w = t.width();
    drop = std::min(drop, w + 1); // so little is left of x that further shifts change nothing
    const mpz_class least = min_value(t).raw() >> static_cast<unsigned>(drop); // toward minus infinity
    const mpz_class most = max_value(t).raw() >> static_cast<unsigned>(drop);
    if (!t.is_signed()) mode = unsigned_mode(mode);
    if (mode == Round::trn) return {shift_right(x, drop), least, most};
    // A sum is short, but a wider container would cost more than it saves.
    const int room = std::max(w, drop + 1) + 1;
    if (room <= Type::max_width && (w > 64 || room <= 64)) {
        const Type sum = t.is_signed() ? Int(room) : UInt(room);
        if (container_bits(sum) == container_bits(t))
            return {sum_and_shift(to_type(sum, x), drop, mode), least, most + 1};
    }
    return {floor_and_more(x, drop, mode), least, most + 1};
}

/// v·2^up (up ≥ 0) brought into the range of `to` by its overflow mode. `floor` is v's number before
/// rounding, with any number of bits `below` the unit.
Expr overflowed(Type to, const Ranged& v, int up, const Expr& floor, int below) {
    const Type target = machine_type(to);
    const Expr low_bits = to_type(target, v.x);
    const Expr wrapped = up == 0 ? low_bits
                         : up < target.width()
                             ? Binary::make_as(target, BinaryOp::shl, low_bits, integer(target, up))
                             : integer(target, 0);
    const mpz_class high = max_value(target).raw();
    mpz_class low = min_value(target).raw();
    // A single signed bit has no symmetric range.
    if (to.overflow() == Overflow::sat_sym && to.is_signed() && to.width() > 1) low = -high;
    mpz_class first, last;
    mpz_cdiv_q_2exp(first.get_mpz_t(), low.get_mpz_t(), static_cast<mp_bitcnt_t>(up));
    mpz_fdiv_q_2exp(last.get_mpz_t(), high.get_mpz_t(), static_cast<mp_bitcnt_t>(up));
    const bool under = v.low<first, over = v.high> last;
    if (to.overflow() == Overflow::wrap || (!under && !over)) return wrapped;
    // Bounds that may be crossed are in the range of v's type, or the type could not cross them.
    const Type wide = v.x.type();
    const Expr below_low = under ? Binary::make(BinaryOp::lt, v.x, integer(wide, first)) : Expr();
    const Expr above_high = over ? Binary::make(BinaryOp::gt, v.x, integer(wide, last)) : Expr();
    const auto choose = [](const Expr& c, const Expr& a, const Expr& b) {
        return c.defined() ? Select::make(c, a, b) : b;
    };
    switch (to.overflow()) {
    case Overflow::sat:
    case Overflow::sat_sym: {
        if (up > 0)
            return choose(above_high, integer(target, high),
                          choose(below_low, integer(target, low), wrapped));
        Expr x = v.x;
        if (under) x = Binary::make(BinaryOp::max, x, integer(wide, low));
        if (over) x = Binary::make(BinaryOp::min, x, integer(wide, high));
        return to_type(target, x);
    }
    case Overflow::sat_zero:
        return choose(above_high, integer(target, 0), choose(below_low, integer(target, 0), wrapped));
    default: {
        // Sign-magnitude wrap: the bits are inverted where the bit left of the range is not the sign.
        const int position = target.width() + below - up;
        const Expr sign = Binary::make(BinaryOp::lt, floor, integer(floor.type(), 0));
        Expr above = integer(UInt(1), 0);
        if (position >= floor.type().width())
            above = Cast::make(UInt(1), sign);
        else if (position >= 0)
            above = to_type(UInt(1), shift_right(floor, position));
        const Expr negative = Cast::make(UInt(1), is_negative(wrapped));
        const Expr inverted = Select::make(Binary::make(BinaryOp::ne, above, negative),
                                           Unary::make(UnaryOp::bit_not, wrapped), wrapped);
        return choose(above_high, inverted, choose(below_low, inverted, wrapped));
    }
    }
}

/// Exact → exact.
Expr exact_to_exact(Type to, Type from, const Expr& x) {
    const int drop = from.frac() - to.frac();
    if (drop <= 0) {
        const Ranged same = {x, min_value(x.type()).raw(), max_value(x.type()).raw()};
        return overflowed(to, same, -drop, x, 0);
    }
    // A fixed-point number becomes an integer by truncation toward zero, whatever its own rounding.
    return overflowed(to, rounded(x, drop, to.is_fixed() ? to.round() : Round::trn_zero), 0, x, drop);
}

Expr double_constant(Type t, double d) {
    return Constant::make(Value::from_double(t, d));
}

/// The Float(64) next to an integer of any width that is odd in its last bit unless it is exact: rounding
/// that once more, to fewer bits, rounds as if once.
Expr rounded_to_odd(const Expr& x) {
    const Type f64 = Float(64), bits = UInt(64);
    const Type wide = Int(std::min(Type::max_width, x.type().width() + 2));
    const Expr near = Cast::make(f64, x), number = to_type(wide, x), back = Cast::make(wide, near);
    const auto as_bits = Bitcast::make(bits, near);
    const Expr negative = Binary::make(BinaryOp::lt, near, double_constant(f64, 0));
    const Expr away = Select::make(negative, Binary::make(BinaryOp::lt, back, number),
                                   Binary::make(BinaryOp::gt, back, number));
    const Expr inward = Binary::make_as(bits, BinaryOp::sub, as_bits, Cast::make(bits, away));
    const Expr odd = Binary::make_as(bits, BinaryOp::bit_or, inward, integer(bits, 1));
    return Select::make(Binary::make(BinaryOp::eq, back, number), near, Bitcast::make(f64, odd));
}

/// Exact → float, rounded once.
Expr exact_to_float(Type to, Type from, const Expr& x) {
    if (from.frac() == 0) return Cast::make(to, x);
    const Type f64 = Float(64);
    const int top = from.int_bits(); // |value| ≤ 2^top, and a multiple of 2^−frac
    const auto scaled = [&](const Expr& number) {
        return Binary::make(BinaryOp::mul, number,
                            double_constant(number.type(), std::ldexp(1.0, -from.frac())));
    };
    // Converting the integer rounds once; scaling by a power of two is then exact while it stays among normal
    // numbers.
    const auto normal = [&](int least, int most) {
        return -from.frac() >= least && -from.frac() < most && top < most && from.width() < most;
    };
    if (to == f64 && normal(-1022, 1023)) return scaled(Cast::make(f64, x));
    if (to == Float(32) && normal(-126, 127)) return scaled(Cast::make(to, x));
    if (to != f64 && normal(-1022, 1023))
        return Cast::make(to, scaled(from.width() <= 53 ? Cast::make(f64, x) : rounded_to_odd(x)));
    fail(x.loc(),
         "cast from {} to {} is not supported on this backend: no float has room for the scale; cast to "
         "fewer fraction bits first",
         from.str(), to.str());
}

/// y rounded to an integer of its own float type.
Expr rounded_float(const Expr& y, Round mode) {
    const auto unary = [&](UnaryOp op) { return Unary::make(op, y); };
    if (mode == Round::trn) return unary(UnaryOp::floor);
    if (mode == Round::trn_zero) return unary(UnaryOp::trunc);
    if (mode == Round::rnd_conv) return unary(UnaryOp::round_even);
    const Type t = y.type();
    const Expr whole = unary(UnaryOp::trunc);
    const Expr rest = Binary::make(BinaryOp::sub, y, whole); // exact, unlike y − floor(y)
    const bool half_up = mode == Round::rnd || mode == Round::rnd_inf;
    const bool half_down = mode == Round::rnd_min_inf || mode == Round::rnd_inf;
    const Expr up = Binary::make(half_up ? BinaryOp::ge : BinaryOp::gt, rest, double_constant(t, 0.5));
    const Expr down = Binary::make(half_down ? BinaryOp::le : BinaryOp::lt, rest, double_constant(t, -0.5));
    const Expr step = Select::make(up, double_constant(t, 1),
                                   Select::make(down, double_constant(t, -1), double_constant(t, 0)));
    return Binary::make(BinaryOp::add, whole, step);
}

/// The least n with |y| < 2^n for every finite y of a float type.
int exponent_limit(Type t) {
    if (t == Float(16)) return 16;
    return t == Float(64) ? 1024 : 128;
}

/// x·2^frac as a double (or x itself); what is too small for one stays apart from 0.
Expr scaled(const Expr& x, int frac) {
    const Type f64 = Float(64);
    if (frac == 0) return x;
    const Expr source = to_type(f64, x);
    const Expr y = Binary::make(BinaryOp::mul, source, double_constant(f64, std::ldexp(1.0, frac)));
    if (frac >= 0 || x.type() != f64) return y;
    const Expr zero = double_constant(f64, 0);
    const Expr tiny = Select::make(Binary::make(BinaryOp::lt, source, zero), double_constant(f64, -0x1p-1000),
                                   double_constant(f64, 0x1p-1000));
    const Expr lost = Binary::make(BinaryOp::logical_and, Binary::make(BinaryOp::eq, y, zero),
                                   Binary::make(BinaryOp::ne, source, zero));
    return Select::make(lost, tiny, y);
}

/// Float → fixed: scaled exactly in double precision, rounded there, then clamped or wrapped.
Expr float_to_fixed(Type to, const Expr& x) {
    const Type target = machine_type(to);
    // Where a double overflows in scaling, the bits of a narrow target are zero.
    if (std::abs(to.frac()) > 800 || (to.frac() > 0 && x.type() == Float(64) && to.width() > 900))
        fail(x.loc(),
             "cast from {} to {} is not supported on this backend: too many bits; cast to a narrower "
             "fixed-point type first",
             x.type().str(), to.str());
    const Expr y = scaled(x, to.frac()), r = rounded_float(y, to.round());
    if (to.overflow() == Overflow::wrap) return Cast::make(target, r);
    if (to.overflow() == Overflow::wrap_sm) {
        const int magnitude = std::clamp(exponent_limit(x.type()) + to.frac(), 1, 1024);
        const Type wide = Int(std::max(magnitude, to.width()) + 1);
        const Expr integers = Cast::make(wide, r);
        const Expr floor = Cast::make(wide, rounded_float(y, Round::trn));
        return overflowed(to, {integers, min_value(wide).raw(), max_value(wide).raw()}, 0, floor, 0);
    }
    const int magnitude = to.width() - (to.is_signed() ? 1 : 0);
    // Where r is no double, its finite numbers may all lie within the bounds: then these are infinite.
    const auto bound = [&](double sign) {
        return double_constant(r.type(), sign * std::ldexp(1.0, magnitude));
    };
    const Expr over = Binary::make(BinaryOp::ge, r, bound(1));
    const bool infinite = to.is_signed() && magnitude >= exponent_limit(r.type());
    const Expr lowest = to.is_signed() ? bound(-1) : double_constant(r.type(), 0);
    const Expr under = Binary::make(infinite ? BinaryOp::le : BinaryOp::lt, r, lowest);
    const bool zero = to.overflow() == Overflow::sat_zero;
    mpz_class low = min_value(target).raw();
    const mpz_class high = max_value(target).raw();
    Expr fits = Cast::make(target, r);
    if (to.overflow() == Overflow::sat_sym && to.is_signed() && to.width() > 1) {
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

Expr to_type(Type t, const Expr& x) {
    if (x.type() == t) return x;
    if (auto* c = x.as<Constant>(); c && !t.is_index()) return Constant::make(cast(t, c->value), x.loc());
    return Cast::make(t, x);
}

Expr requantize(Type to, Type from, const Expr& x) {
    if (from == to) return x;
    if (auto* c = x.as<Constant>(); c && !to.is_index()) {
        const Value original = from.is_fixed() ? Value::from_raw(from, c->value.raw()) : c->value;
        const Value converted = cast(to, original);
        return Constant::make(to.is_fixed() ? Value::from_raw(machine_type(to), converted.raw()) : converted,
                              x.loc());
    }
    if (to.is_bool())
        return Binary::make(BinaryOp::ne, x,
                            from.is_float() ? double_constant(from, 0) : integer(x.type(), 0));
    if (from.is_float()) return to.is_fixed() ? float_to_fixed(to, x) : Cast::make(to, x);
    if (from.is_index() || to.is_index()) return Cast::make(to, x);
    const Type source = from.is_bool() ? UInt(1) : from;
    if (from.is_bool() && !to.is_fixed()) return Cast::make(to, x);
    const Expr number = to_type(machine_type(source), x);
    return to.is_float() ? exact_to_float(to, source, number) : exact_to_exact(to, source, number);
}

} // namespace lathe::codegen
