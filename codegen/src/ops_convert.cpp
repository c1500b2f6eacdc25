#include "ops.h"

#include <llvm/IR/Constants.h>

namespace lathe::codegen {

using llvm::Value;

namespace {

/// Where the fields of Float(32) and Float(64) are.
struct Fields {
    unsigned mantissa; ///< bits of the significand that are stored
    uint64_t exponent_mask;
    int64_t bias;
};

Fields fields(Type t) {
    return t.width() == 64 ? Fields{52, 0x7ff, 1023} : Fields{23, 0xff, 127};
}

llvm::Constant* number(Value* like, uint64_t i) {
    return llvm::ConstantInt::get(like->getType(), i);
}

llvm::Constant* negative(Value* like, int64_t i) {
    return llvm::ConstantInt::getSigned(like->getType(), i);
}

} // namespace

Value* Ops::widened(Type t, Value* x) {
    if (t.width() > 16) return x;
    if (t.code() == TypeCode::ieee) return widened_half(t, x);
    Value* bits = b.CreateShl(b.CreateZExt(x, integers(32, t)), 16);
    return b.CreateBitCast(bits, floats(32, t));
}

Value* Ops::widened_half(Type t, Value* x) {
    if (target.has_half_conversion()) {
        llvm::Type* half = b.getHalfTy();
        if (!t.is_scalar()) half = llvm::FixedVectorType::get(half, static_cast<unsigned>(t.lanes()));
        return b.CreateFPExt(b.CreateBitCast(x, half), floats(32, t));
    }
    Value* bits = b.CreateZExt(x, integers(32, t));
    Value* magnitude = b.CreateShl(b.CreateAnd(bits, number(bits, 0x7fff)), 13);
    // Seen as a Float(32) the exponent is too small by 112, for subnormal numbers too.
    Value* scale = llvm::ConstantFP::get(floats(32, t), 0x1p112);
    Value* scaled = b.CreateFMul(b.CreateBitCast(magnitude, floats(32, t)), scale);
    Value* finite = b.CreateICmpULT(magnitude, number(magnitude, 0x7c00u << 13));
    Value* scaled_bits = b.CreateBitCast(scaled, bits->getType());
    Value* special = b.CreateOr(magnitude, number(bits, 0x7f800000)); // infinities and NaNs
    Value* sign = b.CreateShl(b.CreateAnd(bits, number(bits, 0x8000)), 16);
    return b.CreateBitCast(b.CreateOr(b.CreateSelect(finite, scaled_bits, special), sign), floats(32, t));
}

Value* Ops::narrowed(Type t, Value* x) {
    if (t.width() > 16) return x;
    return t.code() == TypeCode::ieee ? narrowed_half(t, x) : narrowed_bfloat(t, x);
}

Value* Ops::narrowed_half(Type t, Value* x) {
    if (target.has_half_conversion()) {
        llvm::Type* half = b.getHalfTy();
        if (!t.is_scalar()) half = llvm::FixedVectorType::get(half, static_cast<unsigned>(t.lanes()));
        return b.CreateBitCast(b.CreateFPTrunc(x, half), integers(16, t));
    }
    Value* bits = b.CreateBitCast(x, integers(32, t));
    Value* magnitude = b.CreateAnd(bits, number(bits, 0x7fffffff));
    // Normal numbers: another bias, and half of the last place (less one unless odd) carries where it must.
    Value* odd = b.CreateAnd(b.CreateLShr(magnitude, 13), number(bits, 1));
    Value* biased = b.CreateAdd(magnitude, negative(bits, -(int64_t{112} << 23) + 0xfff));
    Value* normal = b.CreateLShr(b.CreateAdd(biased, odd), 13);
    // Subnormal numbers: adding 0.5 rounds at 2^−24, their last place.
    Value* shifted =
        b.CreateFAdd(b.CreateBitCast(magnitude, x->getType()), llvm::ConstantFP::get(x->getType(), 0.5));
    Value* subnormal = b.CreateSub(b.CreateBitCast(shifted, bits->getType()), number(bits, 0x3f000000));
    Value* is_subnormal = b.CreateICmpULT(magnitude, number(bits, 0x38800000));
    Value* result = b.CreateSelect(is_subnormal, subnormal, normal);
    Value* too_large = b.CreateICmpUGE(magnitude, number(bits, 0x47800000));
    result = b.CreateSelect(too_large, number(bits, 0x7c00), result);
    Value* is_nan = b.CreateICmpUGT(magnitude, number(bits, 0x7f800000));
    result = b.CreateSelect(is_nan, number(bits, 0x7e00), result);
    Value* sign = b.CreateAnd(b.CreateLShr(bits, 16), number(bits, 0x8000));
    return b.CreateTrunc(b.CreateOr(result, sign), integers(16, t));
}

Value* Ops::narrowed_bfloat(Type t, Value* x) {
    Value* bits = b.CreateBitCast(x, integers(32, t));
    Value* odd = b.CreateAnd(b.CreateLShr(bits, 16), number(bits, 1));
    Value* rounded = b.CreateLShr(b.CreateAdd(b.CreateAdd(bits, number(bits, 0x7fff)), odd), 16);
    Value* is_nan = b.CreateFCmpUNO(x, x);
    return b.CreateTrunc(b.CreateSelect(is_nan, number(bits, 0x7fc0), rounded), integers(16, t));
}

Value* Ops::rounded_to_odd(Type t, Value* x) {
    Value* nearest = b.CreateFPTrunc(x, floats(32, t));
    Value* back = b.CreateFPExt(nearest, x->getType());
    Value* inexact = b.CreateFCmpONE(back, x);
    Value* away = b.CreateFCmpOGT(b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, back),
                                  b.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x));
    Value* bits = b.CreateBitCast(nearest, integers(32, t));
    Value* odd = b.CreateOr(b.CreateSub(bits, b.CreateZExt(away, bits->getType())), number(bits, 1));
    return b.CreateBitCast(b.CreateSelect(inexact, odd, bits), nearest->getType());
}

Value* Ops::float_to_float(Type to, Type from, Value* x) {
    if (from.width() == 64) {
        if (to.width() == 64) return x;
        return to.width() == 32 ? b.CreateFPTrunc(x, floats(32, to)) : narrowed(to, rounded_to_odd(to, x));
    }
    Value* single = widened(from, x);
    return to.width() == 64 ? b.CreateFPExt(single, floats(64, to)) : narrowed(to, single);
}

Value* Ops::float_to_integer(Type to, Type from, Value* x) {
    // From the bits, since the result is exact modulo 2^width however large the number.
    const Type source = from.width() == 64 ? from : Float(32).with_lanes(from.lanes());
    const Fields f = fields(source);
    const int work = std::max(source.width(), register_bits(to));
    Value* bits = b.CreateBitCast(widened(from, x), integers(source.width(), from));
    Value* field = b.CreateAnd(b.CreateLShr(bits, f.mantissa), number(bits, f.exponent_mask));
    Value* exponent = b.CreateSub(field, number(bits, static_cast<uint64_t>(f.bias)));
    Value* hidden = number(bits, uint64_t{1} << f.mantissa);
    Value* stored = b.CreateAnd(bits, number(bits, (uint64_t{1} << f.mantissa) - 1));

    llvm::Type* wide = integers(work, from);
    Value* m = b.CreateZExt(b.CreateOr(stored, hidden), wide);
    Value* e = b.CreateSExt(exponent, wide);
    Value* last = number(e, static_cast<uint64_t>(work - 1));
    const auto at_most_last = [&](Value* amount) {
        return b.CreateSelect(b.CreateICmpULE(amount, last), amount, last);
    };
    Value* right = b.CreateSub(number(e, f.mantissa), e);
    Value* left = b.CreateNeg(right);
    Value* down = b.CreateLShr(m, at_most_last(right));
    Value* up = b.CreateSelect(b.CreateICmpULE(left, last), b.CreateShl(m, at_most_last(left)), number(m, 0));
    Value* magnitude = b.CreateSelect(b.CreateICmpSGE(right, number(e, 0)), down, up);
    Value* vanishes = b.CreateOr(b.CreateICmpSLT(e, number(e, 0)),
                                 b.CreateICmpEQ(field, number(field, f.exponent_mask))); // infinite or NaN
    magnitude = b.CreateSelect(vanishes, number(m, 0), magnitude);
    Value* is_negative = b.CreateICmpSLT(bits, number(bits, 0));
    Value* result = b.CreateSelect(is_negative, b.CreateNeg(magnitude), magnitude);
    return normalised(to, b.CreateTrunc(result, type(to)));
}

Value* Ops::integer_to_float(Type to, Type from, Value* x) {
    if (is_wide(from)) {
        invariant(to.is_scalar(), "a vector of wide integers converted at once");
        return wide_to_float(to, from, x);
    }
    const bool sign = from.is_signed();
    const auto convert = [&](int bits) {
        return sign ? b.CreateSIToFP(x, floats(bits, to)) : b.CreateUIToFP(x, floats(bits, to));
    };
    if (to.width() > 16) return convert(to.width());
    if (from.width() <= 24) return narrowed(to, convert(32));
    if (from.width() <= 53) return narrowed(to, rounded_to_odd(to, convert(64)));
    return narrowed(to, rounded_to_odd(to, long_to_double_odd(from, x)));
}

Value* Ops::long_to_double_odd(Type from, Value* x) {
    // What a double cannot hold of a large number is gathered in one bit that it can.
    Value* low = b.CreateAnd(x, number(x, 0x7ff));
    Value* high = b.CreateAnd(x, negative(x, ~int64_t{0x7ff}));
    Value* sticky = b.CreateSelect(b.CreateICmpNE(low, number(x, 0)), number(x, 0x800), number(x, 0));
    Value* top = from.is_signed() ? b.CreateAShr(x, 53) : b.CreateLShr(x, 53);
    Value* small = b.CreateICmpEQ(top, number(x, 0));
    if (from.is_signed()) small = b.CreateOr(small, b.CreateICmpEQ(top, negative(x, -1)));
    Value* exact = b.CreateSelect(small, x, b.CreateOr(high, sticky));
    llvm::Type* doubles = floats(64, from);
    return from.is_signed() ? b.CreateSIToFP(exact, doubles) : b.CreateUIToFP(exact, doubles);
}

Value* Ops::wide_to_float(Type to, Type from, Value* x) {
    constexpr uint64_t kept = 62; // leading bits, the last of which says whether any bit below them is set
    Value* is_negative = from.is_signed() ? b.CreateICmpSLT(x, number(x, 0)) : b.getFalse();
    Value* magnitude = b.CreateSelect(is_negative, b.CreateNeg(x), x);
    Value* leading = b.CreateBinaryIntrinsic(llvm::Intrinsic::ctlz, magnitude, b.getFalse());
    const auto most = static_cast<uint64_t>(from.width()) - kept;
    Value* enough = b.CreateICmpULE(leading, number(x, most));
    Value* drop = b.CreateSelect(enough, b.CreateSub(number(x, most), leading), number(x, 0));
    Value* top = b.CreateLShr(magnitude, drop);
    Value* lost = b.CreateICmpNE(b.CreateShl(top, drop), magnitude);
    Value* significand = b.CreateOr(b.CreateTrunc(top, b.getInt64Ty()), b.CreateZExt(lost, b.getInt64Ty()));

    const Type base = to.width() == 32 ? Float(32) : Float(64);
    const Fields f = fields(base);
    Value* number64 = to.width() == 16 ? long_to_double_odd(UInt(64), significand)
                                       : b.CreateUIToFP(significand, type(base));
    // 2^drop; beyond the largest power of two the product is infinite anyway.
    Value* amount = b.CreateTrunc(drop, integers(base.width(), to));
    Value* cap = number(amount, static_cast<uint64_t>(f.bias));
    amount = b.CreateSelect(b.CreateICmpULE(amount, cap), amount, cap);
    Value* power = b.CreateShl(b.CreateAdd(amount, cap), f.mantissa);
    Value* r = b.CreateFMul(number64, b.CreateBitCast(power, type(base)));
    r = b.CreateSelect(is_negative, b.CreateFNeg(r), r);
    return to.width() == 16 ? narrowed(to, rounded_to_odd(to, r)) : r;
}

} // namespace lathe::codegen
