#include "ops.h"

#include "lathe/ir/buffer.h"

#include <llvm/ADT/APInt.h>
#include <llvm/IR/Constants.h>

namespace lathe::codegen {

using llvm::Value;

namespace {

llvm::Type* with_lanes(llvm::Type* element, Type t) {
    if (t.is_scalar()) return element;
    if (is_wide(t)) return llvm::ArrayType::get(element, static_cast<uint64_t>(t.lanes()));
    return llvm::FixedVectorType::get(element, static_cast<unsigned>(t.lanes()));
}

llvm::APInt bits_of(const mpz_class& m, int width) {
    const size_t words = (static_cast<size_t>(width) + 63) / 64;
    mpz_class low;
    mpz_fdiv_r_2exp(low.get_mpz_t(), m.get_mpz_t(), static_cast<mp_bitcnt_t>(width));
    std::vector<uint64_t> limbs(words);
    mpz_export(limbs.data(), nullptr, -1, sizeof(uint64_t), 0, 0, low.get_mpz_t());
    return {static_cast<unsigned>(width), limbs};
}

} // namespace

bool is_wide(Type t) {
    return t.is_int() && t.width() > 64;
}

int register_bits(Type t) {
    if (t.is_bool()) return 1;
    if (t.is_index()) return 64;
    invariant(t.is_int() || (t.is_float() && t.width() == 16), "a type that is not of machine form");
    return t.width() > 64 ? t.width() : container_bits(t);
}

llvm::Type* register_type(llvm::LLVMContext& context, Type t) {
    if (t.is_float() && t.width() == 32) return with_lanes(llvm::Type::getFloatTy(context), t);
    if (t.is_float() && t.width() == 64) return with_lanes(llvm::Type::getDoubleTy(context), t);
    return with_lanes(llvm::IntegerType::get(context, static_cast<unsigned>(register_bits(t))), t);
}

llvm::Type* memory_type(llvm::LLVMContext& context, Type t) {
    if (t.is_bool()) return with_lanes(llvm::Type::getInt8Ty(context), t);
    if (!is_wide(t)) return register_type(context, t);
    return with_lanes(llvm::IntegerType::get(context, static_cast<unsigned>(8 * element_bytes(t.element()))),
                      t);
}

llvm::Type* Ops::integers(int bits, Type t) {
    return with_lanes(b.getIntNTy(static_cast<unsigned>(bits)), t);
}

llvm::Type* Ops::floats(int bits, Type t) {
    return with_lanes(bits == 32 ? b.getFloatTy() : b.getDoubleTy(), t);
}

llvm::Constant* Ops::constant(const lathe::Value& v) {
    const Type t = v.type();
    if (t.is_float() && t.width() > 16) return llvm::ConstantFP::get(type(t), v.as_double());
    const mpz_class m = t.is_float() ? v.bit_pattern() : v.raw();
    return llvm::ConstantInt::get(b.getContext(), bits_of(m, register_bits(t)));
}

Value* Ops::unary(UnaryOp op, Type result, Type operand, Value* x) {
    if (is_wide(result) && !result.is_scalar())
        return per_lane(result,
                        [&](int i) { return unary(op, result.element(), operand.element(), lane(x, i)); });
    if (result.is_float()) return float_unary(op, result, x);
    x = cast(result, operand, x);
    switch (op) {
    case UnaryOp::neg:
        return normalised(result, b.CreateNeg(x));
    case UnaryOp::bit_not:
        return normalised(result, b.CreateNot(x));
    case UnaryOp::abs: {
        // The cast to an unsigned type wrapped the negative numbers: the sign is that of the type's top bit.
        if (!operand.is_signed()) return x;
        const Type t = operand.is_index() ? operand : Int(result.width()).with_lanes(result.lanes());
        Value* s = cast(t, result, x);
        Value* negative = b.CreateICmpSLT(s, llvm::Constant::getNullValue(type(t)));
        return b.CreateSelect(negative, normalised(result, b.CreateNeg(x)), x);
    }
    default:
        throw InternalError("an operation on floats has an integer result");
    }
}

Value* Ops::binary(BinaryOp op, Type result, Type operand, Value* x, Value* y) {
    if (is_wide(operand) && !operand.is_scalar())
        return per_lane(result, [&](int i) {
            return binary(op, result.element(), operand.element(), lane(x, i), lane(y, i));
        });
    if (is_compare(op)) return compare(op, operand, x, y);
    invariant(result == operand, "the operands of arithmetic do not have the result's type");
    if (operand.is_float()) return float_binary(op, operand, x, y);
    return integer_binary(op, operand, x, y);
}

Value* Ops::select(Type t, Value* condition, Value* x, Value* y) {
    if (is_wide(t) && !t.is_scalar() && condition->getType()->isVectorTy())
        return per_lane(t, [&](int i) { return b.CreateSelect(lane(condition, i), lane(x, i), lane(y, i)); });
    return b.CreateSelect(condition, x, y);
}

Value* Ops::cast(Type to, Type from, Value* x) {
    if (to == from) return x;
    invariant(to.lanes() == from.lanes(), "a cast changes the lanes");
    if ((is_wide(to) || is_wide(from)) && !to.is_scalar())
        return per_lane(to, [&](int i) { return cast(to.element(), from.element(), lane(x, i)); });
    if (to.is_bool() && from.is_float()) {
        Value* wide = widened(from, x);
        return b.CreateFCmpUNE(wide, llvm::Constant::getNullValue(wide->getType()));
    }
    if (to.is_bool()) return b.CreateICmpNE(x, llvm::Constant::getNullValue(x->getType()));
    if (to.is_float() && from.is_float()) return float_to_float(to, from, x);
    if (to.is_float()) return integer_to_float(to, from, x);
    if (from.is_float()) return float_to_integer(to, from, x);
    return integer_cast(to, from, x);
}

Value* Ops::bitcast(Type to, Type from, Value* x) {
    invariant(to.width() == from.width() && to.lanes() == from.lanes(), "a bitcast changes the width");
    if (is_wide(to)) return x;
    if (!to.is_float() && !from.is_float()) return integer_cast(to, from, x);
    return b.CreateBitCast(from.is_float() ? float_bits(from, x) : x, type(to));
}

/// Every NaN has the bits of the quiet, positive one: which of them an operation gives is the machine's
/// choice.
Value* Ops::float_bits(Type t, Value* x) {
    llvm::Type* bits = integers(t.width(), t);
    const mpz_class quiet =
        ir::bitcast(UInt(t.width()),
                    lathe::Value::from_double(t.element(), std::numeric_limits<double>::quiet_NaN()))
            .raw();
    Value* nan = llvm::ConstantInt::get(bits, quiet.get_ui());
    Value* is_nan = nullptr;
    Value* pattern = b.CreateBitCast(x, bits);
    if (t.width() == 16) { // without a conversion
        const uint64_t sign = uint64_t{1} << 15;
        const mpz_class infinity =
            ir::bitcast(UInt(16),
                        lathe::Value::from_double(t.element(), std::numeric_limits<double>::infinity()))
                .raw();
        Value* positive = b.CreateAnd(pattern, llvm::ConstantInt::get(bits, sign - 1));
        is_nan = b.CreateICmpUGT(positive, llvm::ConstantInt::get(bits, infinity.get_ui()));
    } else {
        is_nan = b.CreateFCmpUNO(x, x);
    }
    return b.CreateSelect(is_nan, nan, pattern);
}

Value* Ops::reduce(BinaryOp op, Type vector, Value* x) {
    if (vector.is_scalar()) return x;
    const Type t = vector.element();
    if (t.is_float()) return float_reduce(op, vector, x);
    if (is_wide(t)) {
        Value* r = lane(x, 0);
        for (int i = 1; i < vector.lanes(); ++i)
            r = binary(op, t, t, r, lane(x, i));
        return r;
    }
    switch (op) {
    case BinaryOp::add:
        return normalised(t, b.CreateAddReduce(x));
    case BinaryOp::mul:
        return normalised(t, b.CreateMulReduce(x));
    case BinaryOp::min:
        return b.CreateIntMinReduce(x, t.is_signed());
    case BinaryOp::max:
        return b.CreateIntMaxReduce(x, t.is_signed());
    case BinaryOp::bit_and:
    case BinaryOp::logical_and:
        return b.CreateAndReduce(x);
    case BinaryOp::bit_or:
    case BinaryOp::logical_or:
        return b.CreateOrReduce(x);
    case BinaryOp::bit_xor:
        return b.CreateXorReduce(x);
    default:
        throw InternalError("an operation that cannot reduce a vector");
    }
}

Value* Ops::splat(Type scalar, int lanes, Value* x) {
    if (lanes == 1) return x;
    if (is_wide(scalar)) return per_lane(scalar.with_lanes(lanes), [&](int) { return x; });
    return b.CreateVectorSplat(static_cast<unsigned>(lanes), x);
}

Value* Ops::zero(Type t) {
    return llvm::Constant::getNullValue(type(t));
}

Value* Ops::lane(Value* vector, int i) {
    if (vector->getType()->isArrayTy()) return b.CreateExtractValue(vector, static_cast<unsigned>(i));
    return b.CreateExtractElement(vector, static_cast<uint64_t>(i));
}

Value* Ops::with_lane(Value* vector, Value* x, int i) {
    if (vector->getType()->isArrayTy()) return b.CreateInsertValue(vector, x, static_cast<unsigned>(i));
    return b.CreateInsertElement(vector, x, static_cast<uint64_t>(i));
}

Value* Ops::to_memory(Type t, Value* x) {
    if (t.is_bool()) return b.CreateZExt(x, integers(8, t));
    if (is_wide(t)) return resized(x, t.is_signed(), memory_type(b.getContext(), t));
    return x;
}

Value* Ops::from_memory(Type t, Value* x) {
    if (t.is_bool()) return b.CreateICmpNE(x, llvm::Constant::getNullValue(x->getType()));
    if (is_wide(t)) return b.CreateTrunc(x, type(t));
    return x;
}

} // namespace lathe::codegen
