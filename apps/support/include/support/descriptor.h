#pragma once
/// \file Lathe's buffers as generated functions take them.

#include <HalideRuntime.h>
#include <lathe/ir/buffer.h>

namespace support {

/// A halide_buffer_t over a buffer, which must outlive it.
class Descriptor {
  public:
    explicit Descriptor(const lathe::AnyBuffer& b) {
        const lathe::Type t = b.type();
        const int bits = lathe::ir::container_bits(t);
        const auto limbs = static_cast<int32_t>(t.width() > 64 ? lathe::ir::element_bytes(t) / 8 : 1);
        if (limbs > 1) dims.push_back({0, limbs, 1, 0});
        for (size_t d = b.shape().size(); d-- > 0;)
            dims.push_back({0, static_cast<int32_t>(b.extent(static_cast<int>(d))),
                            static_cast<int32_t>(b.stride(static_cast<int>(d))) * limbs, 0});
        const bool sign = t.is_exact() && t.is_signed() && limbs == 1;
        const halide_type_code_t code = t.is_float() ? halide_type_float
                                        : sign       ? halide_type_int
                                                     : halide_type_uint;
        buffer.host = reinterpret_cast<uint8_t*>(b.data());
        buffer.type = {code, static_cast<uint8_t>(t.is_bool() ? 1 : bits), 1};
        buffer.dimensions = static_cast<int32_t>(dims.size());
        buffer.dim = dims.data();
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    operator halide_buffer_t*() { return &buffer; }

  private:
    std::vector<halide_dimension_t> dims;
    halide_buffer_t buffer{};
};

} // namespace support
