#include "typed_op.h"

#include <bit>
#include <climits>
#include <fmt/format.h>

using namespace lathe;
using namespace lathe::ir;

TypedOp TypedOp::unary(UnaryOp op, Type a) {
    return {op, a, {}, result_type(op, a, {})};
}

TypedOp TypedOp::binary(BinaryOp op, Type a, Type b) {
    return {op, a, b, result_type(op, a, b, {})};
}

TypedOp TypedOp::cast(Type to, Type from) {
    return {Cast{}, from, {}, to};
}

std::string TypedOp::str() const {
    if (const auto* u = std::get_if<UnaryOp>(&op)) return fmt::format("{} {}", name(*u), a.str());
    if (const auto* o = std::get_if<BinaryOp>(&op))
        return fmt::format("{} {} {}", a.str(), symbol(*o), b.str());
    return fmt::format("{} <- {}", result.str(), a.str());
}

std::vector<Value> interpret(const TypedOp& op, const Rows& rows) {
    std::vector<Value> results;
    results.reserve(rows.size());
    for (const Row& row : rows) {
        if (const auto* u = std::get_if<UnaryOp>(&op.op))
            results.push_back(apply(*u, row[0]));
        else if (const auto* o = std::get_if<BinaryOp>(&op.op))
            results.push_back(apply(*o, row[0], row[1]));
        else
            results.push_back(cast(op.result, row[0]));
    }
    return results;
}

namespace {

std::vector<Value> all_values(Type t) {
    std::vector<Value> values;
    for (long bits = 0; bits < 1L << t.width(); ++bits)
        values.push_back(Value::from_bits(t, bits));
    return values;
}

mpz_class random_bits(int width, Random& random) {
    mpz_class bits;
    for (int have = 0; have < width; have += 64)
        bits = (bits << 64) | mpz_class(static_cast<unsigned long>(random()));
    mpz_fdiv_r_2exp(bits.get_mpz_t(), bits.get_mpz_t(), static_cast<mp_bitcnt_t>(width));
    return bits;
}

int between(int low, int high, Random& random) {
    return std::uniform_int_distribution<int>(low, high)(random);
}

/// Numbers of every size, near the numbers around which fixed-point types of some tens of bits have their
/// bounds.
Value random_float(Type t, Random& random) {
    if (between(0, 3, random) == 0) return Value::from_bits(t, random_bits(t.width(), random));
    const double significand = static_cast<double>(random() >> between(11, 60, random));
    return Value::from_double(
        t, std::ldexp(random() % 2 ? -significand : significand, between(-70, 10, random)));
}

Value random_amount(Type t, int width, Random& random) {
    return Value::from_raw(t, between(t.is_signed() ? -width - 2 : 0, width + 2, random));
}

} // namespace

Value random_value(Type t, Random& random) {
    if (t.is_float()) return random_float(t, random);
    const int width = t.width();
    switch (between(0, 11, random)) {
    case 0:
        return Value::from_raw(t, between(-1, 1, random));
    case 1:
        return Value::from_raw(t, min_value(t).raw() + between(0, 1, random));
    case 2:
        return Value::from_raw(t, max_value(t).raw() - between(0, 1, random));
    case 3:
        return Value::from_raw(t, mpz_class(random() % 2 ? 1 : -1) << between(0, width - 1, random));
    case 4:
        return Value::from_raw(t, random_bits(between(1, width, random), random)); // a small number
    case 5:
        return Value::from_raw(t, -random_bits(between(1, width, random), random));
    default:
        return Value::from_raw(t, random_bits(width, random));
    }
}

Rows all_rows(const TypedOp& op) {
    Rows rows;
    for (const Value& a : all_values(op.a)) {
        if (!op.is_binary()) {
            rows.push_back({a, {}});
            continue;
        }
        for (const Value& b : all_values(op.b))
            rows.push_back({a, b});
    }
    return rows;
}

Rows random_rows(const TypedOp& op, int rows, Random& random) {
    const auto* binary = std::get_if<BinaryOp>(&op.op);
    const bool shift = binary && (*binary == BinaryOp::shl || *binary == BinaryOp::shr);
    Rows result;
    for (int i = 0; i < rows; ++i) {
        const Value a = random_value(op.a, random);
        if (!binary)
            result.push_back({a, {}});
        else
            result.push_back(
                {a, shift ? random_amount(op.b, op.a.width(), random) : random_value(op.b, random)});
    }
    return result;
}

Type random_type(int min_width, int max_width, bool modes, Random& random) {
    const int width = between(min_width, max_width, random);
    const bool is_signed = random() % 2;
    if (random() % 3 == 0) return is_signed ? Int(width) : UInt(width);
    // Mostly a point inside the number; sometimes left or right of it.
    const int frac = random() % 4 ? between(0, width, random) : between(-width - 3, 2 * width + 3, random);
    const Type t = is_signed ? Fixed(width, frac) : UFixed(width, frac);
    if (!modes) return t;
    const auto overflow = all_overflows[random() % (is_signed ? 5 : 4)]; // unsigned types have no wrap_sm
    return t.with_modes(all_roundings[random() % all_roundings.size()], overflow);
}

std::vector<TypedOp> amd_operations(Type a, Type b) {
    using enum BinaryOp;
    std::vector<TypedOp> ops;
    for (const BinaryOp op : {add, sub, mul, div, bit_and, bit_or, bit_xor, eq, ne, lt, le, gt, ge})
        ops.push_back(TypedOp::binary(op, a, b));
    if (a.is_int() && b.is_int()) ops.push_back(TypedOp::binary(mod, a, b));
    if (b.is_int())
        for (const BinaryOp op : {shl, shr})
            ops.push_back(TypedOp::binary(op, a, b));
    return ops;
}
