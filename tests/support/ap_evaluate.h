#pragma once
/// \file What a generated reference program includes: operations on AMD's types, called on rows of bit
/// patterns.

#include "ap_abi.h"

#define AP_INT_MAX_W 4096
#include <ap_fixed.h>
#include <ap_int.h>
#include <cstring>
#include <type_traits>

namespace ap_evaluate {

constexpr int number(ap_q_mode q) {
    switch (q) {
    case AP_TRN:
        return 0;
    case AP_TRN_ZERO:
        return 1;
    case AP_RND:
        return 2;
    case AP_RND_ZERO:
        return 3;
    case AP_RND_INF:
        return 4;
    case AP_RND_MIN_INF:
        return 5;
    default:
        return 6; // AP_RND_CONV
    }
}

constexpr int number(ap_o_mode o) {
    switch (o) {
    case AP_WRAP:
        return 0;
    case AP_SAT:
        return 1;
    case AP_SAT_ZERO:
        return 2;
    case AP_SAT_SYM:
        return 3;
    default:
        return 4; // AP_WRAP_SM
    }
}

template <int W, bool S> ap_abi::Result describe(const ap_int_base<W, S>*) {
    return {ap_abi::kind_int, W, 0, S, 0, 0};
}
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
ap_abi::Result describe(const ap_fixed_base<W, I, S, Q, O, N>*) {
    return {ap_abi::kind_fixed, W, W - I, S, number(Q), number(O)};
}
inline ap_abi::Result describe(const bool*) {
    return {};
}
inline ap_abi::Result describe(const double*) {
    return {ap_abi::kind_float, 64, 0, 1, 0, 0};
}
inline ap_abi::Result describe(const float*) {
    return {ap_abi::kind_float, 32, 0, 1, 0, 0};
}

inline void load(double& x, const uint64_t*& p) {
    std::memcpy(&x, p++, sizeof x);
}
inline void load(float& x, const uint64_t*& p) {
    std::memcpy(&x, p++, sizeof x);
}
template <class T> void load(T& x, const uint64_t*& p) {
    for (int i = 0; i < (T::width + 63) / 64; ++i)
        x.V.set_pVal(i, *p++);
    x.V.clearUnusedBits();
}

struct Sink {
    uint64_t* out;
    ap_abi::Result type;

    void put(bool x) { // a template would be taken for bit references too
        type = describe(&x);
        *out++ = x;
    }
    void put(double x) {
        type = describe(&x);
        std::memcpy(out++, &x, sizeof x);
    }
    void put(float x) {
        type = describe(&x);
        *out = 0;
        std::memcpy(out++, &x, sizeof x);
    }
    template <class T> void put(const T& x) {
        type = describe(&x);
        for (int i = 0; i < (T::width + 63) / 64; ++i)
            *out++ = static_cast<uint64_t>(x.V.get_pVal(i));
    }
};

/// The operations of one pair of types; bit n of `Mask` says that operation n is wanted. Division is written
/// as Lathe's HLS code writes it, guarded against a zero divisor.
template <class A, class B, unsigned Mask>
void binary(int operation, int64_t rows, const uint64_t* a, const uint64_t* b, uint64_t* results,
            ap_abi::Result* type) {
    Sink sink{results, {}};
    for (int64_t i = 0; i < rows; ++i) {
        A x;
        B y;
        load(x, a);
        load(y, b);
        switch (operation) {
#define CASE(name, expression)                                                                               \
    case ap_abi::name:                                                                                       \
        if constexpr ((Mask >> ap_abi::name & 1) != 0) sink.put(expression);                                 \
        break;
            CASE(add, x + y)
            CASE(sub, x - y)
            CASE(mul, x * y)
            CASE(div, y == 0 ? decltype(x / y)(0) : x / y)
            CASE(bit_and, x & y)
            CASE(bit_or, x | y)
            CASE(bit_xor, x ^ y)
            CASE(shl, x << y)
            CASE(shr, x >> y)
            CASE(eq, x == y)
            CASE(ne, x != y)
            CASE(lt, x < y)
            CASE(le, x <= y)
            CASE(gt, x > y)
            CASE(ge, x >= y)
            CASE(mod, y == 0 ? decltype(x % y)(x) : x % y)
#undef CASE
        }
    }
    *type = sink.type;
}

template <class A>
void unary(int operation, int64_t rows, const uint64_t* a, const uint64_t*, uint64_t* results,
           ap_abi::Result* type) {
    Sink sink{results, {}};
    for (int64_t i = 0; i < rows; ++i) {
        A x;
        load(x, a);
        if (operation == ap_abi::neg)
            sink.put(-x);
        else
            sink.put(~x);
    }
    *type = sink.type;
}

template <class To, class From>
void conversion(int, int64_t rows, const uint64_t* a, const uint64_t*, uint64_t* results,
                ap_abi::Result* type) {
    Sink sink{results, {}};
    for (int64_t i = 0; i < rows; ++i) {
        From x;
        load(x, a);
        if constexpr (std::is_same_v<To, double>)
            sink.put(x.to_double());
        else if constexpr (std::is_same_v<To, float>)
            sink.put(x.to_float());
        else
            sink.put(To(x));
    }
    *type = sink.type;
}

} // namespace ap_evaluate
