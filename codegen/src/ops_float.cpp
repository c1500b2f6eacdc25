#include "ops.h"

#include <llvm/IR/Constants.h>

namespace lathe::codegen {

using llvm::Value;

Value* Ops::float_unary(UnaryOp op, Type t, Value* x) {
    if (t.width() == 16 && op == UnaryOp::neg)
        return b.CreateXor(x, llvm::ConstantInt::get(x->getType(), 0x8000));
    if (t.width() == 16 && op == UnaryOp::abs)
        return b.CreateAnd(x, llvm::ConstantInt::get(x->getType(), 0x7fff));
    Value* wide = widened(t, x);
    const auto call = [&](llvm::Intrinsic::ID id) { return narrowed(t, b.CreateUnaryIntrinsic(id, wide)); };
    switch (op) {
    case UnaryOp::neg:
        return b.CreateFNeg(x);
    case UnaryOp::abs:
        return call(llvm::Intrinsic::fabs);
    case UnaryOp::sqrt:
        return call(llvm::Intrinsic::sqrt);
    case UnaryOp::floor:
        return call(llvm::Intrinsic::floor);
    case UnaryOp::ceil:
        return call(llvm::Intrinsic::ceil);
    case UnaryOp::round_even:
        return call(llvm::Intrinsic::roundeven);
    case UnaryOp::trunc:
        return call(llvm::Intrinsic::trunc);
    case UnaryOp::bit_not:
        break;
    }
    throw InternalError("not an operation on floats");
}

Value* Ops::float_binary(BinaryOp op, Type t, Value* x, Value* y) {
    if (op == BinaryOp::min) return b.CreateSelect(compare(BinaryOp::lt, t, y, x), y, x);
    if (op == BinaryOp::max) return b.CreateSelect(compare(BinaryOp::lt, t, x, y), y, x);
    // A Float(32) has more than twice the precision of the 16-bit formats: rounding again is harmless.
    Value *wx = widened(t, x), *wy = widened(t, y);
    switch (op) {
    case BinaryOp::add:
        return narrowed(t, b.CreateFAdd(wx, wy));
    case BinaryOp::sub:
        return narrowed(t, b.CreateFSub(wx, wy));
    case BinaryOp::mul:
        return narrowed(t, b.CreateFMul(wx, wy));
    case BinaryOp::div:
        return narrowed(t, b.CreateFDiv(wx, wy));
    default:
        throw InternalError("not an operation on floats");
    }
}

Value* Ops::fma(Type t, Value* x, Value* y, Value* z) {
    if (t.width() == 16) return half_fma(t, x, y, z);
    return b.CreateIntrinsic(llvm::Intrinsic::fma, {x->getType()}, {x, y, z});
}

Value* Ops::half_fma(Type t, Value* x, Value* y, Value* z) {
    // In doubles the product is exact; the sum is rounded to odd, so that rounding it again does no harm.
    const auto wide = [&](Value* v) { return b.CreateFPExt(widened(t, v), floats(64, t)); };
    Value* addend = wide(z);
    Value* product = b.CreateFMul(wide(x), wide(y));
    Value* sum = b.CreateFAdd(product, addend);
    Value* back = b.CreateFSub(sum, product);
    Value* error = b.CreateFAdd(b.CreateFSub(product, b.CreateFSub(sum, back)), b.CreateFSub(addend, back));

    Value* zero = llvm::Constant::getNullValue(sum->getType());
    Value* inexact = b.CreateFCmpONE(error, zero);
    Value* bits = b.CreateBitCast(sum, integers(64, t));
    Value* away =
        b.CreateXor(b.CreateFCmpOGT(error, zero), b.CreateFCmpOGT(sum, zero)); // rounded away from zero
    Value* truncated = b.CreateSub(bits, b.CreateZExt(away, bits->getType()));
    Value* odd = b.CreateOr(truncated, llvm::ConstantInt::get(bits->getType(), 1));
    Value* rounded = b.CreateBitCast(b.CreateSelect(inexact, odd, bits), sum->getType());
    return float_to_float(t, Float(64).with_lanes(t.lanes()), rounded);
}

Value* Ops::float_reduce(BinaryOp op, Type vector, Value* x) {
    const Type t = vector.element();
    if (t.width() > 16 && op == BinaryOp::add)
        return b.CreateFAddReduce(llvm::ConstantFP::getNegativeZero(type(t)), x);
    if (t.width() > 16 && op == BinaryOp::mul)
        return b.CreateFMulReduce(llvm::ConstantFP::get(type(t), 1.0), x);
    Value* r = lane(x, 0);
    for (int i = 1; i < vector.lanes(); ++i)
        r = float_binary(op, t, r, lane(x, i));
    return r;
}

} // namespace lathe::codegen
