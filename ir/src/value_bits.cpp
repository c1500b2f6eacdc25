#include "lathe/ir/value.h"

#include <bit>

namespace lathe::ir {

Value slice(const Value& x, int hi, int lo) {
    const Type t = slice_type(x.type(), hi, lo, {});
    return Value::from_raw(t, x.raw() >> static_cast<mp_bitcnt_t>(lo));
}

Value with_slice(const Value& x, int hi, int lo, const Value& bits) {
    const auto width = static_cast<mp_bitcnt_t>(slice_type(x.type(), hi, lo, {}).width());
    mpz_class low;
    mpz_fdiv_r_2exp(low.get_mpz_t(), bits.raw().get_mpz_t(), width);
    const mpz_class mask = ((mpz_class(1) << width) - 1) << static_cast<mp_bitcnt_t>(lo);
    return Value::from_raw(x.type(), (x.raw() & ~mask) | (low << static_cast<mp_bitcnt_t>(lo)));
}

Value concat(const Value& hi, const Value& lo) {
    const auto width = static_cast<mp_bitcnt_t>(lo.type().width());
    return Value::from_raw(UInt(hi.type().width() + lo.type().width(), {}),
                           (hi.bit_pattern() << width) | lo.bit_pattern());
}

Value popcount(const Value& x) {
    const auto width = static_cast<unsigned>(x.type().width());
    return Value::from_raw(UInt(std::bit_width(width)), mpz_popcount(x.bit_pattern().get_mpz_t()));
}

Value reverse_bits(const Value& x) {
    const int width = x.type().width();
    mpz_class r;
    for (int i = 0; i < width; ++i)
        if (mpz_tstbit(x.raw().get_mpz_t(), static_cast<mp_bitcnt_t>(i)))
            mpz_setbit(r.get_mpz_t(), static_cast<mp_bitcnt_t>(width - 1 - i));
    return Value::from_raw(UInt(width), r);
}

} // namespace lathe::ir
