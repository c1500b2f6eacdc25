#include "ops.h"

#include <llvm/IR/Constants.h>

namespace lathe::codegen {

using llvm::Value;

Value* Ops::normalised(Type t, Value* x) {
    if (t.is_index() || t.width() == register_bits(t)) return x;
    const auto unused = static_cast<uint64_t>(register_bits(t) - t.width());
    if (t.is_signed()) return b.CreateAShr(b.CreateShl(x, unused), unused);
    const auto mask = ~uint64_t{0} >> (64 - t.width());
    return b.CreateAnd(x, llvm::ConstantInt::get(x->getType(), mask));
}

Value* Ops::resized(Value* x, bool sign, llvm::Type* to) {
    return sign ? b.CreateSExtOrTrunc(x, to) : b.CreateZExtOrTrunc(x, to);
}

Value* Ops::integer_cast(Type to, Type from, Value* x) {
    if (to.is_bool()) return b.CreateTrunc(x, type(to));
    Value* r = resized(x, from.is_signed(), type(to));
    return !to.is_index() && !from.is_index() && holds(to, from) ? r : normalised(to, r);
}

Value* Ops::integer_binary(BinaryOp op, Type t, Value* x, Value* y) {
    switch (op) {
    case BinaryOp::add:
        return normalised(t, b.CreateAdd(x, y));
    case BinaryOp::sub:
        return normalised(t, b.CreateSub(x, y));
    case BinaryOp::mul:
        return normalised(t, b.CreateMul(x, y));
    case BinaryOp::div:
    case BinaryOp::mod:
    case BinaryOp::floordiv:
    case BinaryOp::floormod:
        return divide(op, t, x, y);
    case BinaryOp::min:
        return b.CreateSelect(compare(BinaryOp::lt, t, y, x), y, x);
    case BinaryOp::max:
        return b.CreateSelect(compare(BinaryOp::lt, t, x, y), y, x);
    case BinaryOp::bit_and:
    case BinaryOp::logical_and:
        return b.CreateAnd(x, y);
    case BinaryOp::bit_or:
    case BinaryOp::logical_or:
        return b.CreateOr(x, y);
    case BinaryOp::bit_xor:
        return b.CreateXor(x, y);
    case BinaryOp::shl:
        return shift(true, t, x, y);
    case BinaryOp::shr:
        return shift(false, t, x, y);
    default:
        throw InternalError("not an operation on integers");
    }
}

Value* Ops::compare(BinaryOp op, Type t, Value* x, Value* y) {
    using P = llvm::CmpInst::Predicate;
    if (t.is_float()) {
        x = widened(t, x);
        y = widened(t, y);
    }
    const bool f = t.is_float(), s = t.is_signed();
    const auto pick = [&](P on_float, P on_signed, P on_unsigned) {
        return b.CreateCmp(f ? on_float : s ? on_signed : on_unsigned, x, y);
    };
    switch (op) {
    case BinaryOp::eq:
        return pick(P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ);
    case BinaryOp::ne:
        return pick(P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE);
    case BinaryOp::lt:
        return pick(P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT);
    case BinaryOp::le:
        return pick(P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE);
    case BinaryOp::gt:
        return pick(P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT);
    case BinaryOp::ge:
        return pick(P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE);
    default:
        throw InternalError("not a comparison");
    }
}

Value* Ops::divide(BinaryOp op, Type t, Value* x, Value* y) {
    llvm::Type* type = x->getType();
    Value* zero = llvm::Constant::getNullValue(type);
    Value* one = llvm::ConstantInt::get(type, 1);
    Value* minus_one = llvm::Constant::getAllOnesValue(type);
    const bool s = t.is_signed();
    const bool quotient = op == BinaryOp::div || op == BinaryOp::floordiv;

    // Division by 0, and by −1 (whose quotient may overflow), is replaced by division by 1 and mended
    // afterwards.
    Value* by_zero = b.CreateICmpEQ(y, zero);
    Value* by_minus_one = s ? b.CreateICmpEQ(y, minus_one) : nullptr;
    Value* safe = b.CreateSelect(s ? b.CreateOr(by_zero, by_minus_one) : by_zero, one, y);
    Value* q = s ? b.CreateSDiv(x, safe) : b.CreateUDiv(x, safe);
    Value* r = s ? b.CreateSRem(x, safe) : b.CreateURem(x, safe);
    if (s && (op == BinaryOp::floordiv || op == BinaryOp::floormod)) {
        Value* signs_differ = b.CreateICmpSLT(b.CreateXor(r, safe), zero);
        Value* down = b.CreateAnd(b.CreateICmpNE(r, zero), signs_differ);
        q = b.CreateSelect(down, b.CreateSub(q, one), q);
        r = b.CreateSelect(down, b.CreateAdd(r, safe), r);
    }
    if (!quotient) return b.CreateSelect(by_zero, x, r);
    if (s) q = b.CreateSelect(by_minus_one, b.CreateNeg(x), q);
    return normalised(t, b.CreateSelect(by_zero, zero, q));
}

Value* Ops::shift_one_way(bool left, Type t, Value* x, Value* amount) {
    // LLVM leaves shifts by the width or more undefined.
    Value* last = llvm::ConstantInt::get(x->getType(), static_cast<uint64_t>(t.width() - 1));
    Value* inside = b.CreateICmpULE(amount, last);
    Value* safe = b.CreateSelect(inside, amount, last);
    if (!left && t.is_signed()) return b.CreateAShr(x, safe);
    Value* shifted = left ? b.CreateShl(x, safe) : b.CreateLShr(x, safe);
    return b.CreateSelect(inside, shifted, llvm::Constant::getNullValue(x->getType()));
}

Value* Ops::shift(bool left, Type t, Value* x, Value* amount) {
    Value* forward = shift_one_way(left, t, x, amount);
    if (!t.is_signed()) return normalised(t, forward);
    Value* negative = b.CreateICmpSLT(amount, llvm::Constant::getNullValue(amount->getType()));
    Value* backward = shift_one_way(!left, t, x, b.CreateNeg(amount));
    return normalised(t, b.CreateSelect(negative, backward, forward));
}

Value* Ops::pattern(Type t, Value* x) {
    return integer_cast(UInt(t.width()).with_lanes(t.lanes()), t, x);
}

Value* Ops::slice(Type from, Value* x, int hi, int lo) {
    const Type result = UInt(hi - lo + 1).with_lanes(from.lanes());
    if (is_wide(from) && !from.is_scalar())
        return per_lane(result, [&](int i) { return slice(from.element(), lane(x, i), hi, lo); });
    const Type bits = UInt(from.width()).with_lanes(from.lanes());
    return integer_cast(result, bits, b.CreateLShr(pattern(from, x), static_cast<uint64_t>(lo)));
}

Value* Ops::popcount(Type result, Type from, Value* x) {
    if (is_wide(from) && !from.is_scalar())
        return per_lane(result,
                        [&](int i) { return popcount(result.element(), from.element(), lane(x, i)); });
    Value* count = b.CreateUnaryIntrinsic(llvm::Intrinsic::ctpop, pattern(from, x));
    return b.CreateZExtOrTrunc(count, type(result));
}

Value* Ops::reverse(Type from, Value* x) {
    const Type bits = UInt(from.width()).with_lanes(from.lanes());
    if (is_wide(from) && !from.is_scalar())
        return per_lane(bits, [&](int i) { return reverse(from.element(), lane(x, i)); });
    Value* reversed = b.CreateUnaryIntrinsic(llvm::Intrinsic::bitreverse, pattern(from, x));
    return b.CreateLShr(reversed, static_cast<uint64_t>(register_bits(bits) - from.width()));
}

Value* Ops::concat(Type result, Type high, Value* x, Type low, Value* y) {
    if (is_wide(result) && !result.is_scalar())
        return per_lane(result, [&](int i) {
            return concat(result.element(), high.element(), lane(x, i), low.element(), lane(y, i));
        });
    Value* top = resized(pattern(high, x), false, type(result));
    Value* bottom = resized(pattern(low, y), false, type(result));
    return b.CreateOr(b.CreateShl(top, static_cast<uint64_t>(low.width())), bottom);
}

Value* Ops::with_slice(Type t, Value* x, Type bits_type, Value* bits, int hi, int lo) {
    if ((is_wide(t) || is_wide(bits_type)) && !t.is_scalar())
        return per_lane(t, [&](int i) {
            return with_slice(t.element(), lane(x, i), bits_type.element(), lane(bits, i), hi, lo);
        });
    const Type plain = UInt(t.width()).with_lanes(t.lanes());
    const Type field = UInt(hi - lo + 1).with_lanes(t.lanes());
    Value* low = integer_cast(plain, field, integer_cast(field, bits_type, bits));
    const auto width = static_cast<unsigned>(register_bits(plain));
    const auto mask =
        llvm::APInt::getBitsSet(width, static_cast<unsigned>(lo), static_cast<unsigned>(hi) + 1);
    Value* rest = b.CreateAnd(pattern(t, x), llvm::ConstantInt::get(type(plain), ~mask));
    return integer_cast(t, plain, b.CreateOr(rest, b.CreateShl(low, static_cast<uint64_t>(lo))));
}

} // namespace lathe::codegen
