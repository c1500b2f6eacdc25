/// \file Conversions in C++.

#include "expr.h"

#include <algorithm>

namespace lathe::hls {

std::string ExprEmitter::value(const Expr& e, Type to) {
    return converted(e, to, false).text;
}

std::string ExprEmitter::compared(const Expr& e) {
    return in(converted(e, IndexType(), false), shift);
}

std::string ExprEmitter::assigned(const Expr& e, Type to) {
    return converted(e, to, true).text;
}

/// `by_itself`: C++ converts the result to `to`, so that only its value must be right.
Code ExprEmitter::converted(const Expr& e, Type to, bool by_itself) {
    const Expr r = resolved(e);
    if (const auto* c = r.as<Constant>()) {
        const Value v = cast(to, c->value);
        if (by_itself && is_plain(v)) return constant(v);
        if (to.is_index()) return constant(v);
        const std::string text = typed_literal(v);
        return {text, text[0] == '-' ? unary : primary};
    }
    const Type from = r.type();
    const Code x = emit(r);
    if (from == to) {
        if (x.exact || by_itself) return x;
        return {fmt::format("{}({})", cpp_type(to), x.text)};
    }
    if (to.is_bool())
        return from.is_float() || from.is_index() ? Code{in(x, relation) + " != 0", equality}
                                                  : Code{in(object(r), relation) + " != 0", equality};
    if (to.is_index()) return to_index(from.is_exact() ? object(r) : x, from);
    if (from.is_index()) return from_index(x, to);
    if (from.is_float() && to.is_float()) return {fmt::format("{}({})", cpp_type(to), x.text)};
    if (from.is_float() || to.is_float())
        return {fmt::format("lathe::to<{}>({})", cpp_type(to), from.is_exact() ? object(r).text : x.text)};
    return exact_to_exact(x, from, to, by_itself);
}

Code ExprEmitter::exact_to_exact(const Code& x, Type from, Type to, bool by_itself) const {
    // AMD's headers truncate a negative number without integer bits to −1.
    if (to.is_int() && from.is_fixed() && from.int_bits() <= 0) return {fmt::format("{}(0)", cpp_type(to))};
    // They look at bits outside of a number when more bits are dropped than it has.
    const int drop = from.frac() - to.frac();
    if (drop >= from.width()) {
        const bool is_signed = from.is_signed();
        const int width = drop + 2;
        if (width > Type::max_width)
            fail(scope.line, "a conversion from {} to {} drops too many bits for Vitis", from.str(),
                 to.str());
        const Type wide = is_signed ? Fixed(width, from.frac()) : UFixed(width, from.frac());
        return {fmt::format("{}({}({}))", cpp_type(to), cpp_type(wide), x.text)};
    }
    if (by_itself) return x;
    return {fmt::format("{}({})", cpp_type(to), x.text)};
}

Code ExprEmitter::from_index(const Code& x, Type to) const {
    if (to == Float(32) || to == Float(64)) return {fmt::format("{}({})", cpp_type(to), x.text)};
    if (to.is_float()) return {fmt::format("lathe::to<{}>(ap_int<64>({}))", cpp_type(to), x.text)};
    // An int64_t is as good a source as any, but for rounding away all of its bits.
    if (to.is_int()) return {fmt::format("{}({})", cpp_type(to), x.text)};
    return exact_to_exact({fmt::format("ap_int<64>({})", x.text)}, Int(64), to, false);
}

Code ExprEmitter::to_index(const Code& x, Type from) const {
    const char* method = scope.index_type == "int" ? "to_int" : "to_int64";
    Code whole = x;
    if (from.is_float()) whole = {fmt::format("lathe::to<ap_int<64>>({})", x.text)};
    if (from.is_fixed()) whole = exact_to_exact(x, from, Int(64), false);
    return {fmt::format("{}.{}()", in(whole, primary), method)};
}

} // namespace lathe::hls
