#include "amd_defects.h"

#include <algorithm>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Would Algorithm D (Knuth, volume 2, 4.3.1) with digits of 32 bits take its step D6, "add back"?
bool adds_back(mpz_class u, mpz_class v) {
    constexpr int digit = 32;
    const auto bits = [](const mpz_class& z) { return static_cast<int>(mpz_sizeinbase(z.get_mpz_t(), 2)); };
    const int n = (bits(v) + digit - 1) / digit;
    if (n < 2 || u < v) return false;
    const int shift = n * digit - bits(v);
    u <<= static_cast<mp_bitcnt_t>(shift);
    v <<= static_cast<mp_bitcnt_t>(shift);
    const mpz_class base = mpz_class(1) << digit;
    const auto at = [&base](const mpz_class& z, int i) {
        return mpz_class((z >> static_cast<mp_bitcnt_t>(digit * i)) % base);
    };
    for (int j = (bits(u) + digit - 1) / digit - n; j >= 0; --j) {
        const mpz_class top = at(u, j + n) * base + at(u, j + n - 1);
        mpz_class q = top / at(v, n - 1), r = top % at(v, n - 1);
        for (int i = 0; i < 2 && r < base; ++i)
            if (q == base || q * at(v, n - 2) > base * r + at(u, j + n - 2)) {
                --q;
                r += at(v, n - 1);
            }
        const mpz_class rest = u - ((q * v) << static_cast<mp_bitcnt_t>(digit * j));
        if (sgn(rest) < 0) return true;
        u = rest;
    }
    return false;
}

std::string_view division_defect(BinaryOp op, const Value& a, const Value& b) {
    const Type ta = a.type(), tb = b.type();
    const bool either_signed = ta.is_signed() || tb.is_signed();
    if (b.is_zero()) return {};
    const bool fixed = ta.is_fixed() || tb.is_fixed();
    if (!fixed && ta.is_signed() != tb.is_signed()) {
        const bool negative = sgn(a.raw()) < 0 || sgn(b.raw()) < 0;
        const bool unsigned_wider = ta.is_signed() ? tb.width() > ta.width() : ta.width() > tb.width();
        if (negative && (unsigned_wider || (op == BinaryOp::mod && !ta.is_signed())))
            return "mixed-sign division";
    }
    const int shift = std::max(tb.frac(), 0);
    // The width in which AMD divides.
    const int width = fixed ? std::max(ta.width() + shift + (tb.is_signed() && !ta.is_signed()),
                                       tb.width() + (ta.is_signed() && !tb.is_signed()))
                            : std::max(ta.width(), tb.width()) + either_signed;
    const mpz_class u = a.raw() << static_cast<mp_bitcnt_t>(shift);
    if (fixed && ta.is_signed() && b.raw() == -1 && u == min_value(Int(width)).raw())
        return "quotient overflow";
    if (width > 64 && adds_back(abs(u), abs(b.raw()))) return "wide division";
    return {};
}

std::string_view compare_defect(const Value& a, const Value& b) {
    const Type ta = a.type(), tb = b.type();
    if (ta.is_signed() == tb.is_signed() || sgn(ta.is_signed() ? a.raw() : b.raw()) >= 0) return {};
    const int frac = std::max(ta.frac(), tb.frac());
    const int width = std::max(ta.int_bits(), tb.int_bits()) + frac + 1;
    return width >= 32 ? "mixed-sign compare" : std::string_view();
}

std::string_view cast_defect(Type to, const Value& x) {
    const Type from = x.type();
    if (x.is_nan()) return "NaN";
    if (to.is_int() && from.is_fixed() && from.int_bits() <= 0 && sgn(x.raw()) < 0) return "no integer bits";
    if (to.is_int() && from.is_float() && x.as_double() < 0 && x.as_double() > -0.5) return "small negative";
    if (to.is_float() && from.is_int() && from.width() > 64) return "wide to float";
    return {};
}

} // namespace

std::string_view amd_defect(const TypedOp& op, const Row& row) {
    if (std::holds_alternative<Cast>(op.op)) return cast_defect(op.result, row[0]);
    if (!op.is_binary()) return {};
    const auto binary = std::get<BinaryOp>(op.op);
    if (binary == BinaryOp::div || binary == BinaryOp::mod) return division_defect(binary, row[0], row[1]);
    if (is_compare(binary)) return compare_defect(row[0], row[1]);
    return {};
}
