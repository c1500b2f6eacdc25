#include "exact.h"

namespace lathe::ir {

namespace {

/// floor(m / 2^drop), then one more where the rounding mode says so; after AMD's quantization_adjust.
void drop_fraction(mpz_class& m, mp_bitcnt_t drop, Round mode) {
    const bool negative = sgn(m) < 0;
    const bool half = mpz_tstbit(m.get_mpz_t(), drop - 1); // the first dropped bit
    const bool more = sgn(m) != 0 && mpz_scan1(m.get_mpz_t(), 0) < drop - 1;
    mpz_fdiv_q_2exp(m.get_mpz_t(), m.get_mpz_t(), drop);
    bool up = false;
    switch (mode) {
    case Round::trn:
        break;
    case Round::trn_zero:
        up = negative && (half || more);
        break;
    case Round::rnd:
        up = half;
        break;
    case Round::rnd_zero:
        up = half && (negative || more);
        break;
    case Round::rnd_inf:
        up = half && (!negative || more);
        break;
    case Round::rnd_min_inf:
        up = half && more;
        break;
    case Round::rnd_conv:
        up = half && (mpz_odd_p(m.get_mpz_t()) || more);
        break;
    }
    if (up) ++m;
}

/// WRAP_SM with no saturated bits: the low bits, complemented when the sign bit is not what it was above the
/// range.
void wrap_sign_magnitude(mpz_class& m, Type t, bool bit_above) {
    const auto top = static_cast<mp_bitcnt_t>(t.width() - 1);
    if (bit_above != static_cast<bool>(mpz_tstbit(m.get_mpz_t(), top))) {
        mpz_com(m.get_mpz_t(), m.get_mpz_t());
        bit_above ? mpz_setbit(m.get_mpz_t(), top) : mpz_clrbit(m.get_mpz_t(), top);
    }
    wrap(m, t);
}

void overflow(mpz_class& m, Type t, bool bit_above) {
    switch (t.overflow()) {
    case Overflow::wrap:
        wrap(m, t);
        break;
    case Overflow::sat:
        m = sgn(m) < 0 ? smallest(t) : largest(t);
        break;
    case Overflow::sat_zero:
        m = 0;
        break;
    case Overflow::sat_sym:
        if (sgn(m) >= 0)
            m = largest(t);
        else // a single signed bit has no symmetric range: AMD keeps −1
            m = !t.is_signed() ? mpz_class(0) : t.width() == 1 ? mpz_class(-1) : mpz_class(-largest(t));
        break;
    case Overflow::wrap_sm:
        wrap_sign_magnitude(m, t, bit_above);
        break;
    }
}

} // namespace

bool fits(const mpz_class& m, Type t) {
    const auto width = static_cast<size_t>(t.width());
    const size_t bits = mpz_sizeinbase(m.get_mpz_t(), 2); // of |m|; 1 for zero
    if (!t.is_signed()) return sgn(m) >= 0 && bits <= width;
    if (bits < width || sgn(m) == 0) return true;
    return bits == width && sgn(m) < 0 && mpz_scan1(m.get_mpz_t(), 0) == width - 1; // −2^(width − 1)
}

void wrap(mpz_class& m, Type t) {
    if (fits(m, t)) return;
    const auto width = static_cast<mp_bitcnt_t>(t.width());
    mpz_fdiv_r_2exp(m.get_mpz_t(), m.get_mpz_t(), width);
    if (t.is_signed() && mpz_tstbit(m.get_mpz_t(), width - 1)) m -= mpz_class(1) << width;
}

mpz_class convert(mpz_class m, int frac, Type to) {
    const int drop = frac - to.frac();
    bool bit_above = false; // of the value before rounding: the bit left of the target's sign bit
    if (to.overflow() == Overflow::wrap_sm && to.width() + drop >= 0)
        bit_above = mpz_tstbit(m.get_mpz_t(), static_cast<mp_bitcnt_t>(to.width() + drop));
    if (drop > 0)
        drop_fraction(m, static_cast<mp_bitcnt_t>(drop), to.is_fixed() ? to.round() : Round::trn_zero);
    else if (drop < 0)
        m <<= static_cast<mp_bitcnt_t>(-drop);
    const bool asymmetric = to.overflow() == Overflow::sat_sym && to.is_signed() && sgn(m) < 0 &&
                            mpz_scan1(m.get_mpz_t(), 0) >= static_cast<mp_bitcnt_t>(to.width() - 1);
    if (asymmetric || !fits(m, to)) overflow(m, to, bit_above);
    return m;
}

mpz_class smallest(Type t) {
    if (!t.is_signed()) return 0;
    return -(mpz_class(1) << static_cast<mp_bitcnt_t>(t.width() - 1));
}

mpz_class largest(Type t) {
    return (mpz_class(1) << static_cast<mp_bitcnt_t>(t.width() - t.is_signed())) - 1;
}

} // namespace lathe::ir
