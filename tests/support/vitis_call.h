#pragma once
/// \file What a program of compiled kernels includes: calls of any kernel with rows of bit patterns.

#include <tuple>
#include <utility>

/// Elements of an array argument, or a scalar: 64-bit limbs, the lowest first.
template <class F> struct Actual {
    F value;
    Actual(const uint64_t* limbs, int64_t) : value(lathe::from_limbs<F>(limbs)) {}
    F get() { return value; }
    void put(uint64_t*) const {}
};
template <> struct Actual<int64_t> {
    int64_t value;
    Actual(const uint64_t* limbs, int64_t) : value(static_cast<int64_t>(*limbs)) {}
    int64_t get() { return value; }
    void put(uint64_t*) const {}
};
template <> struct Actual<int> {
    int value;
    Actual(const uint64_t* limbs, int64_t) : value(static_cast<int>(*limbs)) {}
    int get() { return value; }
    void put(uint64_t*) const {}
};
template <class T> struct Actual<T*> {
    using Element = std::remove_const_t<T>;
    static constexpr int limbs_each = (lathe::width_of<Element>::value + 63) / 64;
    lathe::tensor<Element> elements;
    Actual(const uint64_t* limbs, int64_t size) : elements(static_cast<size_t>(size)) {
        for (size_t i = 0; i < elements.size; ++i)
            elements.data[i] = lathe::from_limbs<Element>(limbs + i * limbs_each);
    }
    T* get() { return elements.data.get(); }
    void put(uint64_t* limbs) const {
        if constexpr (!std::is_const_v<T>)
            for (size_t i = 0; i < elements.size; ++i)
                lathe::to_limbs(elements.data[i], limbs + i * limbs_each);
    }
};

template <class... F, size_t... I>
void call_with(void (*kernel)(F...), uint64_t* const* limbs, const int64_t* sizes,
               std::index_sequence<I...>) {
    std::tuple<Actual<F>...> actuals{Actual<F>(limbs[I], sizes[I])...};
    kernel(std::get<I>(actuals).get()...);
    (std::get<I>(actuals).put(limbs[I]), ...);
}

/// The message of what the kernel threw; empty if it returned.
template <class... F> std::string call(void (*kernel)(F...), uint64_t* const* limbs, const int64_t* sizes) {
    try {
        call_with(kernel, limbs, sizes, std::index_sequence_for<F...>());
        return "";
    } catch (const std::exception& e) {
        return e.what();
    }
}

#ifdef LATHE_XRT_H
inline lathe_sim::DeviceUse last_use; ///< of the program that ran last

template <class... F, size_t... I>
void call_with(void (*host)(const xrt::device&, const xrt::uuid&, F...), uint64_t* const* limbs,
               const int64_t* sizes, std::index_sequence<I...>) {
    std::tuple<Actual<F>...> actuals{Actual<F>(limbs[I], sizes[I])...};
    const xrt::device device(0);
    host(device, {}, std::get<I>(actuals).get()...);
    last_use = device.lathe_use();
    (std::get<I>(actuals).put(limbs[I]), ...);
}

/// The host's half of a program of host and device.
template <class... F>
std::string call(void (*host)(const xrt::device&, const xrt::uuid&, F...), uint64_t* const* limbs,
                 const int64_t* sizes) {
    try {
        call_with(host, limbs, sizes, std::index_sequence_for<F...>());
        return "";
    } catch (const std::exception& e) {
        return e.what();
    }
}
#endif
