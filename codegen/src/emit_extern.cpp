// Calls of extern functions.

#include "emit.h"
#include "lathe/ir/halide_buffer.h"
#include "lathe/ir/text.h"

namespace lathe::codegen {

using llvm::Value;

/// A halide_buffer_t over the whole tensor, on the stack.
Value* FunctionEmitter::descriptor(const ExternArgument& a, Loc loc) {
    const auto found = tensors.find(a.tensor);
    invariant(found != tensors.end(), "a tensor is used outside of its scope");
    const Place& p = found->second;
    const int limbs = limbs_of(a.type);
    const size_t rank = a.dims.size(), all = rank + (limbs != 0);
    const auto bytes = [&](size_t n) { return llvm::ArrayType::get(b.getInt8Ty(), n); };
    Value* dims = frame(bytes(sizeof(HalideDimension) * std::max<size_t>(all, 1)), "dimensions");
    Value* buffer = frame(bytes(sizeof(HalideBuffer)), "buffer");
    const auto put = [&](Value* base, size_t offset, Value* x) {
        b.CreateStore(x, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset));
    };
    const auto dimension = [&](size_t n, Value* min, Value* extent, Value* stride) {
        const size_t at = n * sizeof(HalideDimension);
        put(dims, at + offsetof(HalideDimension, min), narrow(min, a.tensor, loc));
        put(dims, at + offsetof(HalideDimension, extent), narrow(extent, a.tensor, loc));
        put(dims, at + offsetof(HalideDimension, stride), narrow(stride, a.tensor, loc));
        put(dims, at + offsetof(HalideDimension, flags), b.getInt32(0));
    };
    if (limbs) dimension(0, b.getInt64(0), b.getInt64(static_cast<uint64_t>(limbs)), b.getInt64(1));
    for (size_t d = 0; d < rank; ++d)
        dimension(all - 1 - d, p.mins[d], value(a.dims[d].extent), p.strides[d]);
    const HalideType type = halide_type(a.type);
    put(buffer, offsetof(HalideBuffer, device), b.getInt64(0));
    put(buffer, offsetof(HalideBuffer, device_interface), b.getInt64(0));
    put(buffer, offsetof(HalideBuffer, host), p.base);
    put(buffer, offsetof(HalideBuffer, flags), b.getInt64(0));
    put(buffer, offsetof(HalideBuffer, type) + offsetof(HalideType, code), b.getInt8(type.code));
    put(buffer, offsetof(HalideBuffer, type) + offsetof(HalideType, bits), b.getInt8(type.bits));
    put(buffer, offsetof(HalideBuffer, type) + offsetof(HalideType, lanes), b.getInt16(1));
    put(buffer, offsetof(HalideBuffer, dimensions), b.getInt32(static_cast<uint32_t>(all)));
    put(buffer, offsetof(HalideBuffer, dim), dims);
    put(buffer, offsetof(HalideBuffer, padding), b.getInt64(0));
    return buffer;
}

/// What a halide_buffer_t holds in 32 bits.
Value* FunctionEmitter::narrow(Value* x, const Symbol& tensor, Loc loc) {
    Value* y = b.CreateTrunc(x, b.getInt32Ty());
    check({{b.CreateICmpEQ(b.CreateSExt(y, b.getInt64Ty()), x),
            ErrorCode::out_of_range,
            printf_text(tensor.name()) + ", passed at " + printf_text(loc.str()) +
                ", has an extent, min or stride of %lld: halide_buffer_t holds 32 bits",
            {x}}});
    return y;
}

void FunctionEmitter::emit_extern(const ExternCall& s) {
    std::vector<Value*> arguments;
    std::vector<llvm::Type*> types;
    for (const ExternArgument& a : s.arguments) {
        arguments.push_back(a.tensor ? descriptor(a, s.loc) : arithmetic.to_memory(a.type, value(a.value)));
        types.push_back(arguments.back()->getType());
    }
    llvm::FunctionCallee callee =
        unit.extern_function(s.callee->name, llvm::FunctionType::get(b.getInt32Ty(), types, false), s.loc);
    // A narrow number is extended by the caller, as C's convention on x86-64 is understood by compilers.
    llvm::CallInst* call = b.CreateCall(callee, arguments);
    for (unsigned i = 0; i < arguments.size(); ++i) {
        const auto* integer = llvm::dyn_cast<llvm::IntegerType>(types[i]);
        if (!integer || integer->getBitWidth() >= 32) continue;
        call->addParamAttr(i,
                           s.arguments[i].type.is_signed() ? llvm::Attribute::SExt : llvm::Attribute::ZExt);
    }
    llvm::BasicBlock *bad = block("bad"), *after = block("after");
    b.CreateCondBr(b.CreateICmpEQ(call, b.getInt32(0)), after, bad);
    b.SetInsertPoint(bad);
    write_message("the extern function " + s.callee->name + " returned the error code %lld",
                  {b.CreateSExt(call, b.getInt64Ty())});
    b.CreateCall(unit.runtime("halide_error"), {user_context, message});
    fail(call);
    b.SetInsertPoint(after);
}

} // namespace lathe::codegen
