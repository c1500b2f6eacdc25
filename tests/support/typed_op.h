#pragma once
/// \file One operation on operands of given types, and the rows of operand values to try it on. Everything
/// that can evaluate such an operation (the interpreter's apply, AMD's types, compiled code) is compared with
/// the others on the same rows.

#include "lathe/ir/value.h"

#include <array>
#include <functional>
#include <random>
#include <string>
#include <variant>
#include <vector>

struct Cast {
    friend bool operator==(Cast, Cast) = default;
};

struct TypedOp {
    std::variant<lathe::ir::UnaryOp, lathe::ir::BinaryOp, Cast> op;
    lathe::Type a, b;   ///< b is used by binary operations only
    lathe::Type result; ///< by Lathe's table

    static TypedOp unary(lathe::ir::UnaryOp op, lathe::Type a);
    static TypedOp binary(lathe::ir::BinaryOp op, lathe::Type a, lathe::Type b);
    static TypedOp cast(lathe::Type to, lathe::Type from);

    bool is_binary() const { return std::holds_alternative<lathe::ir::BinaryOp>(op); }
    /// "Int(3) + UInt(4)", "neg Int(3)", "Fixed(8, 4) <- Float(64)".
    std::string str() const;
};

/// Operand values; the second is unused unless the operation is binary.
using Row = std::array<lathe::Value, 2>;
using Rows = std::vector<Row>;

/// Anything that evaluates an operation on rows.
using Evaluator = std::function<std::vector<lathe::Value>(const TypedOp&, const Rows&)>;

/// lathe::ir::apply and lathe::ir::cast.
std::vector<lathe::Value> interpret(const TypedOp& op, const Rows& rows);

using Random = std::mt19937_64;

/// Every combination of operand values. For small widths only.
Rows all_rows(const TypedOp& op);
/// Random rows, a third of the operands being corners (0, ±1, the bounds, single bits). Shift amounts stay
/// near the width of what is shifted.
Rows random_rows(const TypedOp& op, int rows, Random& random);
/// A random value of an exact or float type.
lathe::Value random_value(lathe::Type t, Random& random);
/// A random exact type: integer or fixed, with any modes if `modes`.
lathe::Type random_type(int min_width, int max_width, bool modes, Random& random);

/// The binary operations that AMD's types have on operands of these types.
std::vector<TypedOp> amd_operations(lathe::Type a, lathe::Type b);

/// Every rounding and every overflow mode.
inline constexpr std::array all_roundings = {
    lathe::Round::trn,     lathe::Round::trn_zero,    lathe::Round::rnd,     lathe::Round::rnd_zero,
    lathe::Round::rnd_inf, lathe::Round::rnd_min_inf, lathe::Round::rnd_conv};
inline constexpr std::array all_overflows = {lathe::Overflow::wrap, lathe::Overflow::sat,
                                             lathe::Overflow::sat_zero, lathe::Overflow::sat_sym,
                                             lathe::Overflow::wrap_sm};
