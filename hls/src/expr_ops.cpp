/// \file Operations in C++.

#include "expr.h"

#include <algorithm>
#include <array>
#include <limits>

namespace lathe::hls {

namespace {

struct Spelling {
    const char* text;
    Level level;
};

Spelling spelling(BinaryOp op) {
    switch (op) {
    case BinaryOp::add:
        return {"+", sum};
    case BinaryOp::sub:
        return {"-", sum};
    case BinaryOp::mul:
        return {"*", product};
    case BinaryOp::div:
        return {"/", product};
    case BinaryOp::mod:
        return {"%", product};
    case BinaryOp::bit_and:
        return {"&", bit_and};
    case BinaryOp::bit_or:
        return {"|", bit_or};
    case BinaryOp::bit_xor:
        return {"^", bit_xor};
    case BinaryOp::shl:
        return {"<<", shift};
    case BinaryOp::shr:
        return {">>", shift};
    case BinaryOp::eq:
        return {"==", equality};
    case BinaryOp::ne:
        return {"!=", equality};
    case BinaryOp::lt:
        return {"<", relation};
    case BinaryOp::le:
        return {"<=", relation};
    case BinaryOp::gt:
        return {">", relation};
    case BinaryOp::ge:
        return {">=", relation};
    case BinaryOp::logical_and:
        return {"&&", logical_and};
    case BinaryOp::logical_or:
        return {"||", logical_or};
    default:
        throw InternalError("the operation has no operator in C++");
    }
}

/// a op b. Beside shifts, bits and conditions, whose precedence few remember, operands get parentheses.
Code joined(BinaryOp op, const Code& a, const Code& b, bool exact = true) {
    const Spelling s = spelling(op);
    const bool plain = s.level == sum || s.level == product;
    const bool compares = s.level == relation || s.level == equality;
    const Level least = s.level >= logical_and ? equality : compares ? sum : unary;
    const Level left = plain ? s.level : least;
    const Level right = plain ? static_cast<Level>(s.level - 1) : least;
    return {fmt::format("{} {} {}", in(a, left), s.text, in(b, right)), s.level, exact};
}

/// The type that a Bool has in arithmetic.
Type number_type(Type t) {
    return t.is_bool() ? UInt(1) : t;
}

bool is_division(BinaryOp op) {
    return op == BinaryOp::div || op == BinaryOp::mod || op == BinaryOp::floordiv || op == BinaryOp::floormod;
}

bool is_shift(BinaryOp op) {
    return op == BinaryOp::shl || op == BinaryOp::shr;
}

const Value* literal(const Expr& e) {
    const auto* c = e.as<Constant>();
    return c ? &c->value : nullptr;
}

bool is_plain_literal(const Expr& e) {
    return literal(e) && is_plain(*literal(e));
}

/// `x` typed as it is beside an operand of type `other`.
Expr typed_beside(const Expr& x, Type other) {
    const bool untyped = x.type().is_real() && !other.is_real() && !other.is_index();
    return untyped ? Constant::make(type_literal(x.as<Constant>()->value, other), x.loc()) : x;
}

} // namespace

Code ExprEmitter::operand(const Expr& e) {
    Code x = emit(e);
    if (e.type().is_bool()) return object(e);
    return x;
}

Code ExprEmitter::object(const Expr& e) {
    const Code x = emit(e);
    const Type t = e.type();
    if (t.is_bool()) return {fmt::format("ap_uint<1>({})", x.text)};
    if (x.exact) return x;
    if (const Value* v = literal(resolved(e))) return {typed_literal(*v)};
    return {fmt::format("{}({})", cpp_type(t), x.text)};
}

Code ExprEmitter::unary_op(const Unary& n) {
    const Type t = n.a.type();
    if (t.is_float()) return float_unary(n);
    if (t.is_index()) {
        const Code x = emit(n.a);
        if (n.op == UnaryOp::neg) return {"-" + in(x, primary), unary};
        return {fmt::format("lathe::abs({})", x.text)};
    }
    if (n.op == UnaryOp::bit_not && t.is_bool()) return {"!" + in(emit(n.a), primary), unary};
    const Code x = object(n.a);
    switch (n.op) {
    case UnaryOp::neg:
        return {"-" + in(x, primary), unary};
    case UnaryOp::bit_not:
        return {fmt::format("{}(~{})", cpp_type(n.type), in(x, primary))};
    case UnaryOp::abs:
        return {fmt::format("{}(lathe::abs({}))", cpp_type(n.type), x.text)};
    default:
        throw InternalError("the operation is defined on floats only");
    }
}

Code ExprEmitter::float_unary(const Unary& n) {
    const Type t = n.type;
    const Code x = emit(n.a);
    if (n.op == UnaryOp::neg) return {"-" + in(x, primary), unary};
    const char* name = "";
    switch (n.op) {
    case UnaryOp::abs:
        name = t.width() == 16 ? "abs" : "fabs";
        break;
    case UnaryOp::sqrt:
        name = "sqrt";
        break;
    case UnaryOp::floor:
        name = "floor";
        break;
    case UnaryOp::ceil:
        name = "ceil";
        break;
    case UnaryOp::round_even:
        name = "nearbyint";
        break;
    case UnaryOp::trunc:
        name = "trunc";
        break;
    default:
        throw InternalError("~ on a float");
    }
    return {fmt::format("{}{}{}({})", t.width() == 16 ? "lathe::" : "", name, t.width() == 32 ? "f" : "",
                        x.text)};
}

Code ExprEmitter::fused(Type t, const std::string& a, const std::string& b, const std::string& c) const {
    const char* name = t.width() == 16 ? "lathe::fma" : t.width() == 32 ? "fmaf" : "fma";
    return {fmt::format("{}({}, {}, {})", name, a, b, c)};
}

Code ExprEmitter::binary_op(const Binary& n) {
    const Expr x = resolved(n.a), y = resolved(n.b);
    const Expr a = typed_beside(x, y.type()), b = typed_beside(y, x.type());
    alive.insert(alive.end(), {a, b});
    if (a.type().is_index() && b.type().is_index()) return index_binary(n);
    if (a.type().is_float() || b.type().is_float())
        return float_binary(n, aligned_type(a.type(), b.type(), n.loc), a, b);
    const bool both_bool = a.type().is_bool() && b.type().is_bool();
    if (both_bool && (n.type.is_bool() || n.op == BinaryOp::logical_and)) return bool_binary(n);
    Code r = is_compare(n.op) ? comparison(n, a, b) : exact_binary(n, a, b);
    const Type natural = result_type(n.op, a.type(), b.type(), n.loc);
    if (natural == n.type) return r;
    // The result is wrapped into the node's type, whatever that type's modes are.
    invariant(natural.frac() == n.type.frac(), "a result is wrapped into a type with its own point");
    const Type wrapping = n.type.with_modes(Round::trn, Overflow::wrap);
    r = {fmt::format("{}({})", cpp_type(wrapping), r.text)};
    return wrapping == n.type ? r : Code{fmt::format("{}({})", cpp_type(n.type), r.text)};
}

Code ExprEmitter::bool_binary(const Binary& n) {
    const Code a = emit(n.a), b = emit(n.b);
    switch (n.op) {
    case BinaryOp::bit_and:
    case BinaryOp::min:
        return joined(BinaryOp::logical_and, a, b);
    case BinaryOp::bit_or:
    case BinaryOp::max:
        return joined(BinaryOp::logical_or, a, b);
    case BinaryOp::bit_xor:
        return joined(BinaryOp::ne, a, b);
    default:
        return joined(n.op, a, b);
    }
}

Code ExprEmitter::index_binary(const Binary& n) {
    const Code a = emit(n.a), b = emit(n.b);
    const auto right = as_int(n.b);
    switch (n.op) {
    case BinaryOp::min:
    case BinaryOp::max:
        return {fmt::format("std::{}<{}>({}, {})", n.op == BinaryOp::min ? "min" : "max", scope.index_type,
                            a.text, b.text)};
    case BinaryOp::floordiv:
    case BinaryOp::floormod: {
        const bool quotient = n.op == BinaryOp::floordiv;
        const auto least = const_lower_bound(n.a, scope.facts);
        if (right && *right > 0 && least && *least >= 0)
            return joined(quotient ? BinaryOp::div : BinaryOp::mod, a, b);
        return {fmt::format("lathe::floor_{}({}, {})", quotient ? "div" : "mod", a.text, b.text)};
    }
    case BinaryOp::add:
        // Sums of subscripts are exact, so they need no parentheses; i + -1 reads better as i - 1.
        if (right && *right < 0 && *right >= -std::numeric_limits<int>::max())
            return joined(BinaryOp::sub, a, {std::to_string(-*right)});
        return {fmt::format("{} + {}", in(a, sum), in(b, sum)), sum};
    default:
        return joined(n.op, a, b);
    }
}

Code ExprEmitter::float_binary(const Binary& n, Type t, const Expr& a, const Expr& b) {
    const Code x = converted(a, t, false), y = converted(b, t, false);
    if (n.op == BinaryOp::min || n.op == BinaryOp::max)
        return {fmt::format("std::{}<{}>({}, {})", n.op == BinaryOp::min ? "min" : "max", cpp_type(t), x.text,
                            y.text)};
    return joined(n.op, x, y);
}

Code ExprEmitter::exact_binary(const Binary& n, const Expr& a, const Expr& b) {
    if (is_shift(n.op)) return shifted(n);
    if (is_division(n.op)) return division(n, a, b);
    if (n.op == BinaryOp::min || n.op == BinaryOp::max) {
        const Type t = aligned_type(a.type(), b.type(), n.loc);
        return {fmt::format("std::{}<{}>({}, {})", n.op == BinaryOp::min ? "min" : "max", cpp_type(t),
                            converted(a, t, true).text, converted(b, t, true).text)};
    }
    // A plain int stands for itself only beside a class, and where it makes nothing too wide.
    const bool bits = n.op == BinaryOp::bit_and || n.op == BinaryOp::bit_or || n.op == BinaryOp::bit_xor;
    const bool typed = std::max(a.type().width(), b.type().width()) > Type::max_width - 64 ||
                       (bits && (a.type().is_fixed() || b.type().is_fixed()));
    const Code x = typed || is_plain_literal(b) ? object(a) : operand(a);
    const Code y = typed ? object(b) : operand(b);
    return joined(n.op, x, y, x.exact && y.exact);
}

/// AMD's headers compare a negative number with an unsigned one as C does, so both are made signed.
Code ExprEmitter::comparison(const Binary& n, const Expr& a, const Expr& b) {
    const auto side = [&](const Expr& e, const Expr& other) {
        const Type t = number_type(e.type());
        const bool mixed = !t.is_signed() && other.type().is_signed();
        if (is_plain_literal(e) && !is_plain_literal(other)) return emit(e);
        const Code x = object(e);
        const bool positive = literal(other) && sgn(literal(other)->raw()) >= 0;
        if (!mixed || positive) return x;
        const Type wider = t.is_fixed() ? Fixed(t.width() + 1, t.frac()) : Int(t.width() + 1);
        return Code{fmt::format("{}({})", cpp_type(wider), x.text)};
    };
    return joined(n.op, side(a, b), side(b, a));
}

Code ExprEmitter::division(const Binary& n, const Expr& a, const Expr& b) {
    const bool integers = !a.type().is_fixed() && !b.type().is_fixed();
    const bool positive = is_plain_literal(b) && sgn(literal(b)->raw()) > 0;
    // What AMD's headers get right: no zero, no negative divisor, no width above 64 bits.
    if ((n.op == BinaryOp::div || n.op == BinaryOp::mod) && integers && positive && a.type().width() <= 62)
        return joined(n.op, object(a), emit(b), false);
    const char* name = n.op == BinaryOp::div        ? "quotient"
                       : n.op == BinaryOp::mod      ? "remainder"
                       : n.op == BinaryOp::floordiv ? "floor_quotient"
                                                    : "floor_remainder";
    const Type t = result_type(n.op, a.type(), b.type(), n.loc);
    return {fmt::format("lathe::{}<{}>({}, {})", name, cpp_type(t), object(a).text, object(b).text)};
}

Code ExprEmitter::shifted(const Binary& n) {
    const Value* amount = literal(resolved(n.b));
    const bool plain =
        amount && is_plain(*amount) && sgn(amount->raw()) >= 0 && amount->raw() < n.a.type().width();
    const Code x = object(n.a);
    if (plain) return joined(n.op, x, {amount->str()});
    Code by = object(n.b);
    // AMD's headers take an amount for an int.
    if (n.b.type().width() > 16) by = {fmt::format("lathe::shift_amount({})", by.text)};
    return joined(n.op, x, by);
}

Code ExprEmitter::slice(const Slice& n) {
    const Code x = object(n.a);
    if (n.a.type().is_bool()) return x;
    return {fmt::format("{}({}.range({}, {}))", cpp_type(n.type), in(x, primary), n.hi, n.lo)};
}

Code ExprEmitter::call(const Call& n) {
    const auto argument = [&](size_t i) { return object(n.arguments[i]).text; };
    if (n.function == "popcount")
        return {fmt::format("lathe::popcount<{}>({})", cpp_type(n.type), argument(0))};
    if (n.function == "reverse") return {fmt::format("lathe::reverse({})", argument(0))};
    if (n.function == "concat") return {fmt::format("lathe::concat({}, {})", argument(0), argument(1))};
    invariant(n.function == "with_slice", "a call is of a function that Lathe knows");
    const auto bit = [&](size_t i) { return literal(resolved(n.arguments[i]))->as_int64(); };
    const std::string text =
        fmt::format("lathe::with_slice<{}, {}>({}, {})", bit(2), bit(3), argument(0), argument(1));
    return n.type.is_bool() ? Code{text + " != 0", equality} : Code{text};
}

} // namespace lathe::hls
