#pragma once
/// \file The templates of buffer.h; included by it.

#include <array>
#include <concepts>
#include <type_traits>

namespace lathe {

namespace detail {

/// Throws Error unless `type` lies in memory as elements of `bits` bits; floats only in floats of their width
/// (or, where C++ has none, in integers of it), integers in integers of their signedness.
void check_container(Type type, int bits, bool is_float, bool is_signed, Loc loc);
[[noreturn]] void bad_subscripts(const AnyBuffer& buffer, std::span<const int64_t> at);

} // namespace detail

template <class T> Type ir::type_of() {
    static_assert(std::is_arithmetic_v<T>, "an element is a bool, an integer, a float or a double");
    static_assert(sizeof(T) <= 8, "elements wider than 64 bits have no C++ type: use AnyBuffer");
    if constexpr (std::same_as<T, bool>) {
        return Bool();
    } else {
        constexpr int bits = static_cast<int>(sizeof(T)) * 8;
        if constexpr (std::is_floating_point_v<T>) return Float(bits);
        return std::is_signed_v<T> ? Int(bits) : UInt(bits);
    }
}

template <class T>
Buffer<T>::Buffer(Type type, std::vector<int64_t> shape, Loc loc) : AnyBuffer(type, std::move(shape), loc) {
    detail::check_container(type, static_cast<int>(sizeof(T)) * 8, std::is_floating_point_v<T>,
                            std::is_signed_v<T>, loc);
}

template <class T> template <class... I> T& Buffer<T>::operator()(I... at) const {
    static_assert((std::integral<I> && ...), "subscripts are integers");
    const std::array<int64_t, sizeof...(I)> subscripts{static_cast<int64_t>(at)...};
    int64_t offset = 0;
    bool inside = rank() == static_cast<int>(sizeof...(I));
    for (int d = 0; inside && d < rank(); ++d) {
        const int64_t i = subscripts[static_cast<size_t>(d)];
        inside = i >= min(d) && i < min(d) + extent(d);
        offset += inside ? (i - min(d)) * stride(d) : 0;
    }
    if (!inside) detail::bad_subscripts(*this, subscripts);
    return begin()[offset];
}

} // namespace lathe
