#include "float_format.h"
#include "lathe/ir/type_rules.h"

#include <algorithm>

namespace lathe::ir {

namespace {

bool exact_holds_exact(Type to, Type from) {
    if (from.is_signed() && !to.is_signed()) return false;
    // The bits left of the point that a magnitude may use.
    const int to_top = to.int_bits() - to.is_signed(), from_top = from.int_bits() - from.is_signed();
    if (from.frac() > to.frac() || from_top > to_top) return false;
    // AP_SAT_SYM turns the most negative number away even where the target could hold it (but keeps −1 in one
    // bit).
    return !(to.overflow() == Overflow::sat_sym && to.width() > 1 && from.is_signed() && from_top == to_top);
}

bool float_holds_exact(Type to, Type from) {
    const FloatFormat f = float_format(to);
    const int magnitude = from.width() - from.is_signed(); // −2^magnitude is a power of two: one bit
    return std::max(magnitude, 1) <= f.precision &&
           magnitude - from.frac() - !from.is_signed() <= f.max_exponent &&
           -from.frac() >= f.min_exponent - f.precision + 1;
}

bool float_holds_float(Type to, Type from) {
    const FloatFormat t = float_format(to), f = float_format(from);
    return f.precision <= t.precision && f.max_exponent <= t.max_exponent &&
           f.min_exponent - f.precision >= t.min_exponent - t.precision;
}

/// `t = cast(t, t + x)` adds a number that depends on x alone, modulo 2^width?
bool add_commutes(Type t, Type value) {
    if (t.is_bool()) return !value.is_signed(); // t || x != 0
    if (t.overflow() != Overflow::wrap) return false;
    if (value.frac() <= t.frac()) return true;
    if (t.is_int()) return false; // a cast to an integer truncates toward zero
    return t.round() == Round::trn || t.round() == Round::rnd || t.round() == Round::rnd_min_inf;
}

} // namespace

bool holds(Type to, Type from) {
    if (to.lanes() != from.lanes()) return false;
    to = to.element();
    from = from.element();
    if (to == from) return true;
    if (to.is_real()) return from.is_exact() || from.is_index();
    // An Index is computed in 64 bits by the backends.
    if (to.is_index()) return from.is_integral() && from.width() - from.is_signed() < 64;
    if (from.is_index() || from.is_real()) return false;
    if (to.is_exact()) return from.is_exact() && exact_holds_exact(to, from);
    return from.is_exact() ? float_holds_exact(to, from) : float_holds_float(to, from);
}

bool commutes(BinaryOp op, Type t, Type value) {
    t = t.element();
    value = value.element();
    const bool exact = t.is_exact() && value.is_exact();
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::mul:
        if (t.is_index()) return value.is_index();
        if (!exact) return false;
        if (op == BinaryOp::add) return add_commutes(t, value);
        return t.overflow() == Overflow::wrap && value.frac() <= 0;
    case BinaryOp::min:
    case BinaryOp::max:
        return t.is_index() ? value.is_index() : exact && holds(t, value);
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
        // Under AP_SAT_SYM a result that is the most negative pattern is changed by the store.
        if (t.is_signed() && t.overflow() == Overflow::sat_sym) return false;
        if (!exact || holds(t, value)) return exact;
        // Of a wider operand the bits that the target has.
        return !t.is_bool() && t.overflow() == Overflow::wrap && value.frac() <= t.frac();
    case BinaryOp::logical_and:
    case BinaryOp::logical_or:
        return t.is_bool() && value.is_bool();
    default:
        return false;
    }
}

bool has_identity(BinaryOp op, Type t) {
    t = t.element();
    switch (op) {
    case BinaryOp::add:
        return true;
    case BinaryOp::mul:
        return !t.is_exact() || (t.frac() >= 0 && t.int_bits() - t.is_signed() >= 1); // holds 1
    case BinaryOp::min:
    case BinaryOp::max:
        return t.is_exact() || t.is_float();
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
        return t.is_exact();
    case BinaryOp::logical_and:
    case BinaryOp::logical_or:
        return t.is_bool();
    default:
        return false;
    }
}

} // namespace lathe::ir
