/// \file Hashes of terms.

#include "interpret_terms.h"

#include <bit>
#include <cmath>
#include <utility>

namespace lathe::ir::interpreter {

namespace {

/// What a hash is of.
enum class Tag : uint64_t {
    number = 1,
    special,
    input,
    extern_result,
    unary,
    binary,
    wrapped,
    cast,
    bitcast,
    slice,
    fma,
    call,
    reduction,
    repetitions
};

constexpr uint64_t code(Tag t) {
    return static_cast<uint64_t>(t);
}

constexpr uint64_t combined(uint64_t h, uint64_t x) {
    h ^= x + 0x9e3779b97f4a7c15 + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccd;
    h ^= h >> 32;
    h *= 0xc4ceb9fe1a85ec53;
    return h ^ h >> 29;
}

/// The number m·2^exponent, equal for equal numbers of any type.
uint64_t number_hash(const mpz_class& m, int64_t exponent) {
    if (sgn(m) == 0) return hash_of({code(Tag::number), 0});
    const mp_bitcnt_t zeros = mpz_scan1(m.get_mpz_t(), 0);
    mpz_class odd;
    mpz_tdiv_q_2exp(odd.get_mpz_t(), m.get_mpz_t(), zeros);
    uint64_t h = hash_of(
        {code(Tag::number), static_cast<uint64_t>(exponent + static_cast<int64_t>(zeros)), sgn(m) < 0});
    for (size_t i = 0; i < mpz_size(odd.get_mpz_t()); ++i)
        h = combined(h, mpz_getlimbn(odd.get_mpz_t(), static_cast<mp_size_t>(i)));
    return h;
}

uint64_t value_hash(const Value& v) {
    const Type t = v.type();
    if (t.is_real()) return hash_of(v.str());
    if (!t.is_float()) return number_hash(v.raw(), -t.frac());
    const double d = v.as_double();
    if (std::isnan(d)) return hash_of({code(Tag::special), 0});
    if (std::isinf(d) || (d == 0 && std::signbit(d)))
        return hash_of({code(Tag::special), std::bit_cast<uint64_t>(d)});
    int exponent = 0;
    const double mantissa = std::frexp(d, &exponent);
    return number_hash(mpz_class(std::ldexp(mantissa, 53)), exponent - 53);
}

uint64_t type_hash(Type t) {
    return hash_of({static_cast<uint64_t>(t.code()), static_cast<uint64_t>(t.width()),
                    static_cast<uint64_t>(t.frac()), t.is_signed(), static_cast<uint64_t>(t.round()),
                    static_cast<uint64_t>(t.overflow())});
}

/// a op b = b op a, bit for bit.
bool operands_may_change_places(BinaryOp op, bool floats) {
    switch (op) {
    case BinaryOp::add:
    case BinaryOp::mul:
    case BinaryOp::eq:
    case BinaryOp::ne:
        return true;
    case BinaryOp::min:
    case BinaryOp::max:
    case BinaryOp::bit_and:
    case BinaryOp::bit_or:
    case BinaryOp::bit_xor:
    case BinaryOp::logical_and:
    case BinaryOp::logical_or:
        return !floats;
    default:
        return false;
    }
}

/// The types that an exact operation's result depends on, besides its operands' values.
uint64_t types_that_count(BinaryOp op, Type a, Type b) {
    if (op == BinaryOp::shl || op == BinaryOp::shr) return type_hash(a);
    const bool division = op >= BinaryOp::div && op <= BinaryOp::floormod;
    return division && (a.is_fixed() || b.is_fixed()) ? hash_of({type_hash(a), type_hash(b)}) : 0;
}

uint64_t binary_hash(BinaryOp op, const Term& a, const Term& b) {
    const Type ta = a.value.type(), tb = b.value.type();
    const bool floats = ta.is_float() || tb.is_float();
    uint64_t x = a.hash, y = b.hash, types = 0;
    if (floats) {
        const Type t = aligned_type(ta, tb, {});
        x = cast_term(t, a).hash;
        y = cast_term(t, b).hash;
        types = type_hash(t);
    } else {
        types = types_that_count(op, ta, tb);
    }
    if (operands_may_change_places(op, floats) && y < x) std::swap(x, y);
    return hash_of({code(Tag::binary), static_cast<uint64_t>(op), types, x, y});
}

Term made(Value v, uint64_t hash) {
    return {std::move(v), hash, false, {}};
}

} // namespace

uint64_t hash_of(std::initializer_list<uint64_t> parts) {
    uint64_t h = 0x243f6a8885a308d3;
    for (const uint64_t p : parts)
        h = combined(h, p);
    return h;
}

uint64_t hash_of(const std::string& text) {
    uint64_t h = text.size();
    for (const char c : text)
        h = combined(h, static_cast<unsigned char>(c));
    return h;
}

uint64_t input_hash(size_t argument, size_t element) {
    return hash_of({code(Tag::input), argument, element});
}

uint64_t extern_hash(uint64_t call, size_t argument, size_t element) {
    return hash_of({code(Tag::extern_result), call, argument, element});
}

Term Term::of(Value v) {
    Term t;
    t.hash = value_hash(v);
    t.value = std::move(v);
    t.load_free = true;
    return t;
}

Term term_beside(const Term& x, Type other) {
    const bool untyped = x.value.type().is_real() && !other.is_real() && !other.is_index();
    return untyped ? Term::of(type_literal(x.value, other)) : x;
}

Term unary_term(UnaryOp op, const Term& a) {
    Value v = apply(op, a.value);
    if (a.load_free) return Term::of(std::move(v));
    const Type t = a.value.type();
    const bool of_value = t.is_exact() && (op != UnaryOp::bit_not || t.is_bool());
    const uint64_t type = of_value ? 0 : type_hash(t);
    return made(std::move(v), hash_of({code(Tag::unary), static_cast<uint64_t>(op), type, a.hash}));
}

Term binary_term(BinaryOp op, Type type, const Term& x, const Term& y) {
    const Term a = term_beside(x, y.value.type()), b = term_beside(y, x.value.type());
    Value v = apply(op, a.value, b.value);
    const bool wraps = v.type() != type && v.type().is_exact();
    if (wraps) v = Value::from_raw(type, v.raw());
    if (a.load_free && b.load_free) return Term::of(std::move(v));
    const uint64_t h = binary_hash(op, a, b);
    return made(std::move(v), wraps ? hash_of({code(Tag::wrapped), type_hash(type), h}) : h);
}

Term cast_term(Type to, const Term& a) {
    const Type from = a.value.type();
    if (from == to) return a;
    Value v = cast(to, a.value);
    if (a.load_free) return Term::of(std::move(v));
    if (holds(to, from)) return {std::move(v), a.hash, false, a.sum};
    return made(std::move(v), hash_of({code(Tag::cast), type_hash(to), a.hash}));
}

Term bitcast_term(Type to, const Term& a) {
    const Type from = a.value.type();
    if (from == to) return a;
    Value v = bitcast(to, a.value);
    if (a.load_free) return Term::of(std::move(v));
    return made(std::move(v), hash_of({code(Tag::bitcast), type_hash(from), type_hash(to), a.hash}));
}

Term slice_term(const Term& a, int hi, int lo) {
    Value v = slice(a.value, hi, lo);
    if (a.load_free) return Term::of(std::move(v));
    return made(std::move(v), hash_of({code(Tag::slice), static_cast<uint64_t>(hi), static_cast<uint64_t>(lo),
                                       type_hash(a.value.type()), a.hash}));
}

Term fma_term(const Term& a, const Term& b, const Term& c) {
    Value v = fma(a.value, b.value, c.value);
    if (a.load_free && b.load_free && c.load_free) return Term::of(std::move(v));
    const auto [x, y] = std::minmax(a.hash, b.hash);
    return made(std::move(v), hash_of({code(Tag::fma), type_hash(a.value.type()), x, y, c.hash}));
}

Term call_term(const Call& n, const std::vector<Term>& arguments) {
    const auto value = [&](size_t i) -> const Value& { return arguments.at(i).value; };
    const auto bit = [&](size_t i) { return static_cast<int>(value(i).as_int64()); };
    Value v;
    if (n.function == "popcount")
        v = popcount(value(0));
    else if (n.function == "reverse")
        v = reverse_bits(value(0));
    else if (n.function == "concat")
        v = concat(value(0), value(1));
    else if (n.function == "with_slice")
        v = with_slice(value(0), bit(2), bit(3), value(1));
    else
        throw InternalError(fmt::format("{} is called, and lower_math has left it", n.function));
    v = cast(n.type, v);
    uint64_t h = hash_of({code(Tag::call), hash_of(n.function)});
    bool load_free = true;
    for (const Term& a : arguments) {
        load_free &= a.load_free;
        h = hash_of({h, type_hash(a.value.type()), a.hash});
    }
    return load_free ? Term::of(std::move(v)) : made(std::move(v), h);
}

Term commuting_term(BinaryOp op, Type type, const Term& old, const Term& x) {
    const uint64_t kind = hash_of({code(Tag::reduction), static_cast<uint64_t>(op), type_hash(type)});
    const uint64_t neutral = has_identity(op, type) ? value_hash(identity(op, type)) : 0;
    Multiset sum = old.sum;
    if (sum.kind != kind) sum = {kind, old.hash, 0, old.load_free && old.hash == neutral};
    // A part that was reduced apart, from the identity on, is as if it had been reduced here.
    if (x.sum.kind == kind && x.sum.from_identity)
        sum.total += x.sum.total;
    else if (!x.load_free || x.hash != neutral)
        sum.total += hash_of({x.hash});
    Value v = cast(type, apply(op, old.value, x.value));
    if (sum.total == 0) return {std::move(v), old.hash, old.load_free, old.sum};
    return {std::move(v), hash_of({code(Tag::repetitions), kind, sum.base, sum.total}), false, sum};
}

} // namespace lathe::ir::interpreter
