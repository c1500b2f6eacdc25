#pragma once
/// \file Buffers as halide_buffer_t, the descriptor that generated code and extern functions take.
///
/// Dimension 0 of a halide_buffer_t is a tensor's last index. An element is the integer container of its
/// type; one of more than 64 bits is a UInt(64) with an extra dimension 0 of limbs.

#include "lathe/ir/buffer.h"

namespace lathe::ir {

struct HalideType {
    uint8_t code; ///< 0 int, 1 uint, 2 float, 4 bfloat
    uint8_t bits;
    uint16_t lanes;
    friend bool operator==(const HalideType&, const HalideType&) = default;
};

struct HalideDimension {
    int32_t min, extent, stride;
    uint32_t flags;
};

/// The memory layout of halide_buffer_t.
struct HalideBuffer {
    uint64_t device;
    const void* device_interface;
    uint8_t* host;
    uint64_t flags; ///< bit 1: the device has a newer copy
    HalideType type;
    int32_t dimensions;
    HalideDimension* dim;
    void* padding;
};
static_assert(sizeof(HalideBuffer) == 56 && sizeof(HalideDimension) == 16);

/// The type of an element in memory.
HalideType halide_type(Type t);
/// The extent of the extra dimension of limbs; 0 without it.
int limbs_of(Type t);

/// A halide_buffer_t over a buffer's memory, which it does not own.
class HalideView {
  public:
    /// `name` and `loc` are those of the tensor, for messages. \throws Error when an extent, min or stride
    /// does not fit in 32 bits.
    HalideView(const AnyBuffer& from, const std::string& name, Loc loc);
    HalideView(const HalideView&) = delete;
    HalideView& operator=(const HalideView&) = delete;
    void* address() { return &buffer; }

  private:
    std::vector<HalideDimension> dims;
    HalideBuffer buffer{};
};

} // namespace lathe::ir
