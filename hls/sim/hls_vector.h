// Vectors as Vitis HLS has them, for simulation: every operation works on each lane. C++14.
#ifndef LATHE_HLS_VECTOR_H
#define LATHE_HLS_VECTOR_H

#include <array>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <type_traits>

namespace hls {

/// N values of T.
template <class T, size_t N> class vector {
    static_assert(N > 0, "a vector has a lane");

  public:
    typedef T value_type;
    static constexpr size_t size() { return N; }

    vector() = default;
    /// The same value in all lanes.
    vector(const T& value) { lanes.fill(value); }
    vector(const std::array<T, N>& values) : lanes(values) {}
    vector(std::initializer_list<T> values) {
        if (values.size() != N) throw std::invalid_argument("hls::vector: as many values as lanes");
        size_t i = 0;
        for (const T& value : values)
            lanes[i++] = value;
    }

    T& operator[](size_t i) { return lanes[i]; }
    const T& operator[](size_t i) const { return lanes[i]; }
    T* begin() { return lanes.data(); }
    T* end() { return lanes.data() + N; }
    const T* begin() const { return lanes.data(); }
    const T* end() const { return lanes.data() + N; }

#define LATHE_VECTOR_OPERATOR(op)                                                                            \
    vector& operator op##=(const vector & other) {                                                           \
        for (size_t i = 0; i < N; ++i)                                                                       \
            lanes[i] = static_cast<T>(lanes[i] op other.lanes[i]);                                           \
        return *this;                                                                                        \
    }                                                                                                        \
    friend vector operator op(vector a, const vector& b) { return a op## = b; }
    LATHE_VECTOR_OPERATOR(+)
    LATHE_VECTOR_OPERATOR(-)
    LATHE_VECTOR_OPERATOR(*)
    LATHE_VECTOR_OPERATOR(/)
    LATHE_VECTOR_OPERATOR(%)
    LATHE_VECTOR_OPERATOR(&)
    LATHE_VECTOR_OPERATOR(|)
    LATHE_VECTOR_OPERATOR(^)
    LATHE_VECTOR_OPERATOR(<<)
    LATHE_VECTOR_OPERATOR(>>)
#undef LATHE_VECTOR_OPERATOR

#define LATHE_VECTOR_COMPARISON(op)                                                                          \
    friend vector<bool, N> operator op(const vector & a, const vector & b) {                                 \
        vector<bool, N> result;                                                                              \
        for (size_t i = 0; i < N; ++i)                                                                       \
            result[i] = a.lanes[i] op b.lanes[i];                                                            \
        return result;                                                                                       \
    }
    LATHE_VECTOR_COMPARISON(==)
    LATHE_VECTOR_COMPARISON(!=)
    LATHE_VECTOR_COMPARISON(<)
    LATHE_VECTOR_COMPARISON(<=)
    LATHE_VECTOR_COMPARISON(>)
    LATHE_VECTOR_COMPARISON(>=)
#undef LATHE_VECTOR_COMPARISON

    vector& operator++() { return *this += T(1); }
    vector& operator--() { return *this -= T(1); }
    vector operator-() const {
        vector result;
        for (size_t i = 0; i < N; ++i)
            result.lanes[i] = static_cast<T>(-lanes[i]);
        return result;
    }
    vector operator~() const {
        vector result;
        for (size_t i = 0; i < N; ++i)
            result.lanes[i] = static_cast<T>(~lanes[i]);
        return result;
    }

    // From lane 0 on, one after another.
    T reduce_add() const {
        return reduce([](const T& a, const T& b) { return static_cast<T>(a + b); });
    }
    T reduce_mult() const {
        return reduce([](const T& a, const T& b) { return static_cast<T>(a * b); });
    }
    T reduce_and() const {
        return reduce([](const T& a, const T& b) { return static_cast<T>(a & b); });
    }
    T reduce_or() const {
        return reduce([](const T& a, const T& b) { return static_cast<T>(a | b); });
    }
    T reduce_xor() const {
        return reduce([](const T& a, const T& b) { return static_cast<T>(a ^ b); });
    }

  private:
    template <class Op> T reduce(Op op) const {
        T result = lanes[0];
        for (size_t i = 1; i < N; ++i)
            result = op(result, lanes[i]);
        return result;
    }

    std::array<T, N> lanes;
};

} // namespace hls

#endif
