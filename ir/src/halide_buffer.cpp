#include "lathe/ir/halide_buffer.h"

#include <algorithm>

namespace lathe::ir {

int limbs_of(Type t) {
    return t.is_exact() && t.width() > 64 ? static_cast<int>(element_bytes(t) / 8) : 0;
}

HalideType halide_type(Type t) {
    if (t.is_bool()) return {1, 1, 1};
    if (t.code() == TypeCode::ieee) return {2, static_cast<uint8_t>(t.width()), 1};
    if (t.code() == TypeCode::bfloat) return {4, 16, 1};
    const bool sign = t.is_signed() && limbs_of(t) == 0;
    return {static_cast<uint8_t>(sign ? 0 : 1), static_cast<uint8_t>(container_bits(t)), 1};
}

HalideView::HalideView(const AnyBuffer& from, const std::string& name, Loc loc) {
    static std::byte nothing[8]; // some address for buffers without elements
    const auto narrow = [&](int64_t x) {
        if (x < INT32_MIN || x > INT32_MAX)
            fail(loc, "the buffer of {} has an extent, min or stride of {}: halide_buffer_t holds 32 bits",
                 name, x);
        return static_cast<int32_t>(x);
    };
    const int limbs = limbs_of(from.type());
    const int64_t unit = std::max(limbs, 1);
    if (limbs) dims.push_back({0, limbs, 1, 0});
    for (int d = from.rank(); d-- > 0;)
        dims.push_back({narrow(from.min(d)), narrow(from.extent(d)), narrow(from.stride(d) * unit), 0});
    buffer.host = reinterpret_cast<uint8_t*>(from.data() ? from.data() : nothing);
    buffer.type = halide_type(from.type());
    buffer.dimensions = static_cast<int32_t>(dims.size());
    buffer.dim = dims.data();
}

} // namespace lathe::ir
