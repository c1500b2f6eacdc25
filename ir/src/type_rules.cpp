#include "lathe/ir/type_rules.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <string>

namespace lathe::ir {

const char* name(UnaryOp op) {
    switch (op) {
    case UnaryOp::neg:
        return "neg";
    case UnaryOp::bit_not:
        return "bit_not";
    case UnaryOp::abs:
        return "abs";
    case UnaryOp::sqrt:
        return "sqrt";
    case UnaryOp::floor:
        return "floor";
    case UnaryOp::ceil:
        return "ceil";
    case UnaryOp::round_even:
        return "round_even";
    case UnaryOp::trunc:
        return "trunc";
    }
    throw InternalError("unknown unary operation");
}

const char* symbol(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
        return "+";
    case BinaryOp::sub:
        return "-";
    case BinaryOp::mul:
        return "*";
    case BinaryOp::div:
        return "/";
    case BinaryOp::mod:
        return "%";
    case BinaryOp::floordiv:
        return "//";
    case BinaryOp::floormod:
        return "mod";
    case BinaryOp::min:
        return "min";
    case BinaryOp::max:
        return "max";
    case BinaryOp::bit_and:
        return "&";
    case BinaryOp::bit_or:
        return "|";
    case BinaryOp::bit_xor:
        return "^";
    case BinaryOp::shl:
        return "<<";
    case BinaryOp::shr:
        return ">>";
    case BinaryOp::eq:
        return "==";
    case BinaryOp::ne:
        return "!=";
    case BinaryOp::lt:
        return "<";
    case BinaryOp::le:
        return "<=";
    case BinaryOp::gt:
        return ">";
    case BinaryOp::ge:
        return ">=";
    case BinaryOp::logical_and:
        return "&&";
    case BinaryOp::logical_or:
        return "||";
    }
    throw InternalError("unknown binary operation");
}

bool is_compare(BinaryOp op) {
    return op >= BinaryOp::eq && op <= BinaryOp::ge;
}

namespace {

/// An exact type before its limits are checked. Widths may be out of range.
struct Shape {
    int width;
    int frac;
    bool sign;
    bool fixed;
};

/// Makes the type, or says that the result of `what()` (the operation with its operand types) is too wide.
/// The interpreter comes here at every operation, so the text is made only when it is needed.
template <class What> Type make_exact(Shape s, What what, Loc loc) {
    if (s.width > Type::max_width)
        fail(loc, "{} would have {} bits, and {} is the most: cast an operand to a narrower type", what(),
             s.width, Type::max_width);
    if (!s.fixed) return s.sign ? Int(s.width, loc) : UInt(s.width, loc);
    if (std::abs(s.frac) > Type::max_frac)
        fail(loc, "{} would have {} fraction bits, and {} is the most: cast an operand to fewer", what(),
             s.frac, Type::max_frac);
    return s.sign ? Fixed(s.width, s.frac, Round::trn, Overflow::wrap, loc)
                  : UFixed(s.width, s.frac, Round::trn, Overflow::wrap, loc);
}

std::string infix(const char* op, Type a, Type b) {
    return fmt::format("{} {} {}", a.str(), op, b.str());
}

/// Both operands as exact numbers: the type that holds every value of both.
Shape aligned_shape(Type a, Type b) {
    const bool sa = a.is_signed(), sb = b.is_signed();
    const int integer = std::max(a.int_bits() + (sb && !sa), b.int_bits() + (sa && !sb));
    const int frac = std::max(a.frac(), b.frac());
    return {integer + frac, frac, sa || sb, a.is_fixed() || b.is_fixed()};
}

/// The float type of an operation with at least one float operand; the other may be exact or an untyped real.
Type float_result(Type a, Type b) {
    if (!a.is_float()) return b;
    if (!b.is_float() || a == b) return a;
    if (a.width() != b.width()) return a.width() > b.width() ? a : b;
    return Float(32); // Float(16) with BFloat(16): neither holds the other
}

/// What is left after lanes and Index are dealt with: arithmetic on two exact types.
Type exact_arithmetic(BinaryOp op, Type a, Type b, Loc loc) {
    const bool either_signed = a.is_signed() || b.is_signed();
    const bool fixed = a.is_fixed() || b.is_fixed();
    Shape s = aligned_shape(a, b);
    switch (op) {
    case BinaryOp::add:
        s.width += 1;
        break;
    case BinaryOp::sub:
        s.width += 1;
        s.sign = true;
        break;
    case BinaryOp::mul:
        s = {a.width() + b.width(), a.frac() + b.frac(), either_signed, fixed};
        break;
    case BinaryOp::div:
        // The quotient of the raw numbers, the dividend shifted left by the divisor's fraction bits.
        s = {a.width() + b.is_signed() + std::max(b.frac(), 0), a.frac() + std::max(-b.frac(), 0),
             either_signed, fixed};
        break;
    default:
        throw InternalError("not an arithmetic operation");
    }
    return make_exact(s, [&] { return infix(symbol(op), a, b); }, loc);
}

/// %, floordiv and floormod on Bool, Int and UInt.
Type integer_division(BinaryOp op, Type a, Type b, Loc loc) {
    if (!a.is_integral() || !b.is_integral())
        fail(loc, "{} is defined on integers only{}", infix(symbol(op), a, b),
             a.is_float() || b.is_float() ? "" : ": cast the operands, or use / and subtract");
    const bool sa = a.is_signed(), sb = b.is_signed();
    if (op == BinaryOp::floordiv)
        return make_exact({a.width() + sb, 0, sa || sb, false}, [&] { return infix("//", a, b); }, loc);
    if (op == BinaryOp::floormod) return sb ? Int(b.width()) : UInt(b.width());
    const int width = std::min(a.width(), b.width() + (!sb && sa));
    return sa ? Int(width) : UInt(width);
}

Type index_result(BinaryOp op, Type a, Type b, Loc loc) {
    if (!a.is_index() || !b.is_index())
        fail(loc,
             "{}: a subscript mixes with no other type: cast the other operand to a subscript, or use the "
             "subscript as a value of Int(32)",
             infix(symbol(op), a, b));
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::sub:
    case BinaryOp::mul:
    case BinaryOp::floordiv:
    case BinaryOp::floormod:
    case BinaryOp::min:
    case BinaryOp::max:
        return IndexType();
    case BinaryOp::div:
    case BinaryOp::mod:
        fail(loc, "{} in a subscript: / and % round toward zero; use floor_div or floor_mod",
             infix(symbol(op), a, b));
    default:
        fail(loc, "{} is not defined on subscripts", infix(symbol(op), a, b));
    }
}

Type shift_result(BinaryOp op, Type a, Type b, Loc loc) {
    if (!a.is_exact())
        fail(loc, "{}: only integers and fixed point can be shifted{}", infix(symbol(op), a, b),
             a.is_float() || a.is_real() ? "; multiply by a power of two instead" : "");
    if (!b.is_bool() && !b.is_int())
        fail(loc, "{}: the shift amount must be an integer: cast it to Int or UInt", infix(symbol(op), a, b));
    return a.is_bool() ? UInt(1) : a;
}

Type logic_result(BinaryOp op, Type a, Type b, Loc loc) {
    if (a.is_bool() && b.is_bool()) return Bool();
    if (!a.is_exact() || !b.is_exact())
        fail(loc, "{}: {} is defined on Bool, integers and fixed point; bitcast a float to UInt first",
             infix(symbol(op), a, b), symbol(op));
    return make_exact(aligned_shape(a, b), [&] { return infix(symbol(op), a, b); }, loc);
}

/// An exact operand beside an untyped real must have given it a type before the operation is made.
void check_literals(Type a, Type b) {
    invariant(!(a.is_real() && b.is_exact()) && !(b.is_real() && a.is_exact()),
              "an untyped real literal beside an exact operand was not typed first");
}

Type scalar_result(BinaryOp op, Type a, Type b, Loc loc) {
    if (op == BinaryOp::logical_and || op == BinaryOp::logical_or) {
        if (!a.is_bool() || !b.is_bool())
            fail(loc, "{} needs Bool operands: compare with 0 first", infix(symbol(op), a, b));
        return Bool();
    }
    if (a.is_index() || b.is_index()) {
        const Type t = index_result(is_compare(op) ? BinaryOp::min : op, a, b, loc);
        return is_compare(op) ? Bool() : t;
    }
    if (op == BinaryOp::shl || op == BinaryOp::shr) return shift_result(op, a, b, loc);
    if (op == BinaryOp::mod || op == BinaryOp::floordiv || op == BinaryOp::floormod)
        return integer_division(op, a, b, loc);
    if (op == BinaryOp::bit_and || op == BinaryOp::bit_or || op == BinaryOp::bit_xor)
        return logic_result(op, a, b, loc);
    check_literals(a, b);
    if (is_compare(op)) return Bool();
    if (op == BinaryOp::min || op == BinaryOp::max) return aligned_type(a, b, loc);
    if (a.is_float() || b.is_float()) return float_result(a, b);
    if (a.is_real()) return RealType();
    return exact_arithmetic(op, a, b, loc);
}

} // namespace

Type result_type(UnaryOp op, Type a, Loc loc) {
    const Type e = a.element();
    const auto lanes = [&](Type t) { return t.with_lanes(a.lanes()); };
    const auto what = [&] { return fmt::format("{}({})", name(op), a.str()); };
    switch (op) {
    case UnaryOp::neg:
        if (!e.is_exact()) return a;
        // ap_int negates as 0 − x with 0 an ap_uint<1>, which makes three bits of a signed bit; ap_fixed does
        // not.
        return lanes(make_exact(
            {std::max(e.width(), !e.is_fixed() && e.is_signed() ? 2 : 1) + 1, e.frac(), true, e.is_fixed()},
            what, loc));
    case UnaryOp::bit_not:
        if (!e.is_exact()) fail(loc, "{} is defined on Bool, integers and fixed point only", what());
        return a.with_modes(Round::trn, Overflow::wrap);
    case UnaryOp::abs:
        if (!e.is_exact() || e.is_bool()) return a;
        return lanes(make_exact({e.width(), e.frac(), false, e.is_fixed()}, what, loc));
    default:
        break;
    }
    if (e.is_real()) return lanes(Float(32)); // no other operand: a real literal is Float(32)
    if (!e.is_float())
        fail(loc, "{} is defined on floats only: cast to Float(32) or Float(64) first", what());
    return a;
}

Type result_type(BinaryOp op, Type a, Type b, Loc loc) {
    if (a.lanes() != b.lanes())
        fail(loc, "{}: the operands have {} and {} lanes", infix(symbol(op), a, b), a.lanes(), b.lanes());
    return scalar_result(op, a.element(), b.element(), loc).with_lanes(a.lanes());
}

Type aligned_type(Type a, Type b, Loc loc) {
    if (a.lanes() != b.lanes())
        fail(loc, "{} and {} have no common type: they have {} and {} lanes", a.str(), b.str(), a.lanes(),
             b.lanes());
    if (a == b) return a;
    const Type x = a.element(), y = b.element();
    if (x.is_index() || y.is_index())
        fail(loc, "{} and {} have no common type: a subscript mixes with no other type; cast one of them",
             a.str(), b.str());
    check_literals(x, y);
    if (x.is_float() || y.is_float()) return float_result(x, y).with_lanes(a.lanes());
    const auto what = [&] { return fmt::format("the common type of {} and {}", a.str(), b.str()); };
    return make_exact(aligned_shape(x, y), what, loc).with_lanes(a.lanes());
}

Type slice_type(Type a, int hi, int lo, Loc loc) {
    if (!a.is_exact()) fail(loc, "{} has no bits to slice: bitcast or cast it to UInt first", a.str());
    if (lo < 0 || hi < lo || hi >= a.width())
        fail(loc, "bits ({}, {}) of {}: write (hi, lo) with 0 <= lo <= hi <= {}", hi, lo, a.str(),
             a.width() - 1);
    return UInt(hi - lo + 1, loc).with_lanes(a.lanes());
}

Type sum_type(Type a, int64_t count, Loc loc) {
    if (!a.is_exact()) return a;
    const int more = count > 1 ? std::bit_width(static_cast<uint64_t>(count - 1)) : 0;
    const auto what = [&] { return fmt::format("the sum of {} values of {}", count, a.str()); };
    return make_exact({a.width() + more, a.frac(), a.is_signed(), a.is_fixed()}, what, loc)
        .with_lanes(a.lanes());
}

} // namespace lathe::ir
