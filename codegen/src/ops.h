#pragma once
/// \file Arithmetic on values in LLVM's registers.
///
/// How a value of type t is held: Bool as i1; integers of up to 64 bits in the container that memory uses,
/// sign- or zero-extended; wider ones as an iN of exactly their width; Index as i64; 16-bit floats as the i16
/// of their bits (LLVM's own half operations round twice or call libraries). Vectors are LLVM's vectors, but
/// those of wide integers are arrays, worked on lane by lane.

#include "lathe/ir/target.h"
#include "lathe/ir/value.h"

#include <llvm/IR/IRBuilder.h>

namespace lathe::cpu {

using Builder = llvm::IRBuilder<>;

/// An integer of more than 64 bits.
bool is_wide(Type t);
/// Bits of the LLVM integer that holds a value of an exact type or Index.
int register_bits(Type t);
llvm::Type* register_type(llvm::LLVMContext& context, Type t);
/// The type of an element (or of a dense vector of elements) in memory: a Bool is an i8, a wide integer fills
/// its limbs.
llvm::Type* memory_type(llvm::LLVMContext& context, Type t);

/// Emits operations at a builder's place. Every function's meaning is that of its namesake in value.h, lane
/// by lane.
class Ops {
  public:
    Ops(Builder& builder, const Target& target) : b(builder), target(target) {}

    llvm::Constant* constant(const Value& v);
    llvm::Value* unary(UnaryOp op, Type result, Type operand, llvm::Value* x);
    /// The operands have one type; the result is taken modulo 2^width of `result`.
    llvm::Value* binary(BinaryOp op, Type result, Type operand, llvm::Value* x, llvm::Value* y);
    llvm::Value* select(Type t, llvm::Value* condition, llvm::Value* x, llvm::Value* y);
    llvm::Value* cast(Type to, Type from, llvm::Value* x);
    llvm::Value* bitcast(Type to, Type from, llvm::Value* x);
    llvm::Value* slice(Type from, llvm::Value* x, int hi, int lo);
    llvm::Value* popcount(Type result, Type from, llvm::Value* x);
    llvm::Value* reverse(Type from, llvm::Value* x);
    llvm::Value* concat(Type result, Type high, llvm::Value* x, Type low, llvm::Value* y);
    llvm::Value* with_slice(Type t, llvm::Value* x, Type bits_type, llvm::Value* bits, int hi, int lo);
    llvm::Value* fma(Type t, llvm::Value* x, llvm::Value* y, llvm::Value* z);
    /// All lanes combined, in order where the order matters.
    llvm::Value* reduce(BinaryOp op, Type vector, llvm::Value* x);

    llvm::Value* splat(Type scalar, int lanes, llvm::Value* x);
    llvm::Value* zero(Type t);
    llvm::Value* lane(llvm::Value* vector, int i);
    llvm::Value* with_lane(llvm::Value* vector, llvm::Value* x, int i);

    llvm::Value* to_memory(Type t, llvm::Value* x);
    llvm::Value* from_memory(Type t, llvm::Value* x);

  private:
    /// A vector of wide integers (or a vector computed from one) put together from f(lane)'s.
    template <class F> llvm::Value* per_lane(Type result, F f) {
        llvm::Value* r = llvm::PoisonValue::get(type(result));
        for (int i = 0; i < result.lanes(); ++i)
            r = with_lane(r, f(i), i);
        return r;
    }
    llvm::Type* type(Type t) { return register_type(b.getContext(), t); }
    /// An integer type of `bits` bits with the lanes of `t`.
    llvm::Type* integers(int bits, Type t);
    llvm::Type* floats(int bits, Type t);

    // Integers, in ops_integer.cpp.
    llvm::Value* normalised(Type t, llvm::Value* x);
    llvm::Value* resized(llvm::Value* x, bool sign, llvm::Type* to);
    llvm::Value* integer_cast(Type to, Type from, llvm::Value* x);
    llvm::Value* integer_binary(BinaryOp op, Type t, llvm::Value* x, llvm::Value* y);
    llvm::Value* compare(BinaryOp op, Type operand, llvm::Value* x, llvm::Value* y);
    llvm::Value* divide(BinaryOp op, Type t, llvm::Value* x, llvm::Value* y);
    llvm::Value* shift(bool left, Type t, llvm::Value* x, llvm::Value* amount);
    llvm::Value* shift_one_way(bool left, Type t, llvm::Value* x, llvm::Value* amount);
    /// The bits of an exact value, zero-extended: UInt(width).
    llvm::Value* pattern(Type t, llvm::Value* x);

    // Floats, in ops_float.cpp.
    llvm::Value* float_bits(Type t, llvm::Value* x);
    llvm::Value* float_unary(UnaryOp op, Type t, llvm::Value* x);
    llvm::Value* float_binary(BinaryOp op, Type t, llvm::Value* x, llvm::Value* y);
    llvm::Value* half_fma(Type t, llvm::Value* x, llvm::Value* y, llvm::Value* z);
    llvm::Value* float_reduce(BinaryOp op, Type vector, llvm::Value* x);

    // Conversions, in ops_convert.cpp.
    /// A 16-bit float as the Float(32) of equal value; others as they are.
    llvm::Value* widened(Type t, llvm::Value* x);
    llvm::Value* widened_half(Type t, llvm::Value* x);
    llvm::Value* narrowed(Type t, llvm::Value* x);
    llvm::Value* narrowed_half(Type t, llvm::Value* x);
    llvm::Value* narrowed_bfloat(Type t, llvm::Value* x);
    /// A double as a Float(32) rounded to odd: rounding that again, to 16 bits, rounds as if once.
    llvm::Value* rounded_to_odd(Type t, llvm::Value* x);
    llvm::Value* float_to_float(Type to, Type from, llvm::Value* x);
    llvm::Value* float_to_integer(Type to, Type from, llvm::Value* x);
    llvm::Value* integer_to_float(Type to, Type from, llvm::Value* x);
    llvm::Value* long_to_double_odd(Type from, llvm::Value* x);
    llvm::Value* wide_to_float(Type to, Type from, llvm::Value* x);

    Builder& b;
    Target target;
};

} // namespace lathe::cpu
