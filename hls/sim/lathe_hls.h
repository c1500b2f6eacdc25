// What the C++ that Lathe emits needs beside AMD's ap_int.h and ap_fixed.h: operations that C++ and those
// headers do not have, or compute otherwise. C++14, for simulation and for synthesis.
#ifndef LATHE_HLS_H
#define LATHE_HLS_H

#ifndef AP_INT_MAX_W
#define AP_INT_MAX_W 4096
#endif
#include <ap_fixed.h>
#include <ap_int.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <type_traits>
#ifndef __SYNTHESIS__
#include <memory>
#include <stdexcept>
#endif

namespace lathe {

// --- Raw numbers ------------------------------------------------------------------------------------------
// The number m of m·2^-frac, and back.

template <int W, bool S> ap_int_base<W, S> raw(const ap_int_base<W, S>& x) {
    return x;
}
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
ap_int_base<W, S> raw(const ap_fixed_base<W, I, S, Q, O, N>& x) {
    ap_int_base<W, S> m;
    m.V = x.V;
    return m;
}

/// The T with the low bits of m.
template <class T, int W, bool S> T from_raw(const ap_int_base<W, S>& m) {
    const ap_uint<T::width> low = m;
    T x;
    x.V = low.V;
    return x;
}

/// Fraction bits.
template <class T> struct fraction_of {
    static const int value = 0;
};
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
struct fraction_of<ap_fixed_base<W, I, S, Q, O, N>> {
    static const int value = W - I;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct fraction_of<ap_fixed<W, I, Q, O, N>> {
    static const int value = W - I;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct fraction_of<ap_ufixed<W, I, Q, O, N>> {
    static const int value = W - I;
};

inline void append_limbs(ap_uint<AP_INT_MAX_W>&) {}
template <class... Rest> void append_limbs(ap_uint<AP_INT_MAX_W>& bits, uint64_t limb, Rest... rest) {
    bits = (bits << 64) | ap_uint<AP_INT_MAX_W>(limb);
    append_limbs(bits, rest...);
}
/// A literal too wide for C++: its raw number in 64-bit limbs, the highest first.
template <class T, class... Limbs> T wide(Limbs... limbs) {
    ap_uint<AP_INT_MAX_W> bits = 0;
    append_limbs(bits, limbs...);
    return from_raw<T>(bits);
}

// --- Division ---------------------------------------------------------------------------------------------
// x / 0 = 0 and x % 0 = x.

template <int W> struct division {
    ap_int<W> quotient, rest;

    /// Truncates toward zero. W has a bit to spare.
    division(const ap_int<W>& a, const ap_int<W>& b) : quotient(0), rest(a) {
        if (b == 0) return;
        divide(a, b, std::integral_constant<bool, (W <= 64)>());
    }
    /// Toward minus infinity.
    void round_down(const ap_int<W>& b) {
        if (rest != 0 && b != 0 && (rest < 0) != (b < 0)) {
            quotient = quotient - 1;
            rest = rest + b;
        }
    }

  private:
    void divide(const ap_int<W>& a, const ap_int<W>& b, std::true_type) {
        quotient = a / b;
        rest = a % b;
    }
    /// Bit by bit: AMD's simulation of wide divisions is wrong on rare operands.
    void divide(const ap_int<W>& a, const ap_int<W>& b, std::false_type) {
#ifdef __SYNTHESIS__
        divide(a, b, std::true_type());
#else
        const ap_uint<W> n = a < 0 ? ap_uint<W>(-a) : ap_uint<W>(a),
                         d = b < 0 ? ap_uint<W>(-b) : ap_uint<W>(b);
        ap_uint<W> q = 0, r = 0;
        for (int i = W - 1; i >= 0; --i) {
            r = (r << 1) | ap_uint<W>(ap_uint<1>(n >> i));
            if (r >= d) {
                r = r - d;
                q = q | (ap_uint<W>(1) << i);
            }
        }
        quotient = (a < 0) != (b < 0) ? ap_int<W>(-q) : ap_int<W>(q);
        rest = a < 0 ? ap_int<W>(-r) : ap_int<W>(r);
#endif
    }
};

/// The raw numbers of a / b in a width that holds all of them.
template <class A, class B> struct operands {
    static const int scale = fraction_of<B>::value > 0 ? fraction_of<B>::value : 0;
    static const int width = (A::width + scale > B::width ? A::width + scale : B::width) + 2;
    typedef ap_int<width> number;
    static division<width> divide(const A& a, const B& b) {
        return division<width>(number(raw(a)) << scale, number(raw(b)));
    }
};

template <class R, class A, class B> R quotient(const A& a, const B& b) {
    return from_raw<R>(operands<A, B>::divide(a, b).quotient);
}
template <class R, class A, class B> R remainder(const A& a, const B& b) {
    return from_raw<R>(operands<A, B>::divide(a, b).rest);
}
template <class R, class A, class B> R floor_quotient(const A& a, const B& b) {
    auto d = operands<A, B>::divide(a, b);
    d.round_down(typename operands<A, B>::number(b));
    return from_raw<R>(d.quotient);
}
template <class R, class A, class B> R floor_remainder(const A& a, const B& b) {
    auto d = operands<A, B>::divide(a, b);
    d.round_down(typename operands<A, B>::number(b));
    return from_raw<R>(d.rest);
}

inline int64_t floor_div(int64_t a, int64_t b) {
    if (b == 0) return 0;
    return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}
inline int64_t floor_mod(int64_t a, int64_t b) {
    if (b == 0) return a;
    const int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

// --- Bits -------------------------------------------------------------------------------------------------

template <int W, bool S> ap_uint<W> bits(const ap_int_base<W, S>& x) {
    return x;
}
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
ap_uint<W> bits(const ap_fixed_base<W, I, S, Q, O, N>& x) {
    return raw(x);
}
inline ap_uint<1> bits(bool x) {
    return x;
}
/// Every NaN has the bits of the quiet, positive one.
inline ap_uint<32> bits(float x) {
    union {
        float number;
        uint32_t pattern;
    } u;
    u.number = x;
    return x == x ? u.pattern : 0x7fc00000u;
}
inline ap_uint<64> bits(double x) {
    union {
        double number;
        uint64_t pattern;
    } u;
    u.number = x;
    return x == x ? u.pattern : 0x7ff8000000000000ull;
}

template <class T> struct pattern {
    template <int W> static T number(const ap_uint<W>& b) { return from_raw<T>(b); }
};
template <> struct pattern<bool> {
    static bool number(const ap_uint<1>& b) { return b != 0; }
};
template <> struct pattern<float> {
    static float number(const ap_uint<32>& b) {
        union {
            float number;
            uint32_t pattern;
        } u;
        u.pattern = static_cast<uint32_t>(b.to_uint64());
        return u.number;
    }
};
template <> struct pattern<double> {
    static double number(const ap_uint<64>& b) {
        union {
            double number;
            uint64_t pattern;
        } u;
        u.pattern = b.to_uint64();
        return u.number;
    }
};
/// The T with these bits.
template <class T, int W> T from_bits(const ap_uint<W>& b) {
    return pattern<T>::number(b);
}
/// The T with the bits of x, which is as wide.
template <class T, class X> T bit_cast(const X& x) {
    return from_bits<T>(bits(x));
}

template <class R, class X> R popcount(const X& x) {
    const auto b = bits(x);
    R count = 0;
    for (int i = 0; i < X::width; ++i)
        count = count + R(b[i]);
    return count;
}
template <class X> ap_uint<X::width> reverse(const X& x) {
    const auto b = bits(x);
    ap_uint<X::width> r;
    for (int i = 0; i < X::width; ++i)
        r[i] = b[X::width - 1 - i];
    return r;
}
template <class A, class B> ap_uint<A::width + B::width> concat(const A& high, const B& low) {
    typedef ap_uint<A::width + B::width> R;
    return (R(bits(high)) << B::width) | R(bits(low));
}
/// x with its bits high … low replaced.
template <int High, int Low, class X, class B> X with_slice(const X& x, const B& b) {
    ap_uint<X::width> r = bits(x);
    r.range(High, Low) = ap_uint<High - Low + 1>(raw(b));
    return from_bits<X>(r);
}

/// An amount for << and >> that int holds; any beyond the widest type does the same as one there.
template <int W, bool S> int shift_amount(const ap_int_base<W, S>& by) {
    const int most = AP_INT_MAX_W;
    const ap_int<W + 1> amount = by; // signed: a negative number and an unsigned one do not compare
    return amount < -most ? -most : amount > most ? most : amount.to_int();
}

// --- Magnitudes -------------------------------------------------------------------------------------------

inline int64_t abs(int64_t x) {
    return x < 0 ? -x : x;
}
/// In the unsigned type of the same width.
template <int W, bool S> ap_uint<W> abs(const ap_int_base<W, S>& x) {
    if (x < 0) return ap_uint<W>(-x);
    return ap_uint<W>(x);
}
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
ap_ufixed<W, I> abs(const ap_fixed_base<W, I, S, Q, O, N>& x) {
    return from_raw<ap_ufixed<W, I>>(abs(raw(x)));
}

// --- Floating point ---------------------------------------------------------------------------------------

/// A format's precision, hidden bit included, and its exponents.
template <int P, int Max> struct format {
    static const int precision = P;
    static const int max_exponent = Max;
    static const int min_exponent = 1 - Max; // of the smallest normal number
};

/// x·2^exponent, whose lowest bit may stand for anything below it, rounded once: nearest, halves to even.
template <class Format> double rounded(uint64_t x, int exponent) {
    if (x == 0) return 0;
    int top = 63;
    while ((x >> top & 1) == 0)
        --top;
    const int most = top + exponent > Format::min_exponent ? top + exponent : Format::min_exponent;
    const int last = most - Format::precision + 1; // exponent of the result's last bit
    const int drop = last - exponent;
    if (drop > 63) return 0;
    if (drop > 0) {
        const uint64_t half = uint64_t(1) << (drop - 1), below = x & (2 * half - 1);
        x >>= drop;
        if (below > half || (below == half && (x & 1))) ++x;
        exponent = last;
    }
    const double r = std::ldexp(static_cast<double>(x), exponent);
    return r >= std::ldexp(1.0, Format::max_exponent) * 2 ? std::numeric_limits<double>::infinity() : r;
}

/// The double nearest to x, halves to even, as a value of a 16-bit format.
template <class Format> double rounded(double x) {
    if (!(std::fabs(x) <= std::numeric_limits<double>::max()) || x == 0) return x;
    int exponent;
    const double m = std::ldexp(std::frexp(std::fabs(x), &exponent), 53);
    return std::copysign(rounded<Format>(static_cast<uint64_t>(m), exponent - 53), x);
}

/// Float(16) and BFloat(16): each operation is rounded once. A double has more than twice their precision, so
/// that its own rounding does no harm.
template <int P, int Max> class small_float {
  public:
    typedef format<P, Max> number_format;

    small_float() = default; // like a float: no value, or zero where C++ initialises values
    explicit small_float(double x) : pattern(encode(rounded<number_format>(x))) {}
    static small_float from_pattern(uint16_t p) {
        small_float x;
        x.pattern = p;
        return x;
    }
    operator double() const { return decode(pattern); }
    uint16_t bits() const { return encode(decode(pattern)); }

    small_float operator-() const { return from_pattern(pattern ^ 0x8000); }
    friend small_float operator+(small_float a, small_float b) { return small_float(double(a) + double(b)); }
    friend small_float operator-(small_float a, small_float b) { return small_float(double(a) - double(b)); }
    friend small_float operator*(small_float a, small_float b) { return small_float(double(a) * double(b)); }
    friend small_float operator/(small_float a, small_float b) { return small_float(double(a) / double(b)); }
    friend bool operator==(small_float a, small_float b) { return double(a) == double(b); }
    friend bool operator!=(small_float a, small_float b) { return double(a) != double(b); }
    friend bool operator<(small_float a, small_float b) { return double(a) < double(b); }
    friend bool operator<=(small_float a, small_float b) { return double(a) <= double(b); }
    friend bool operator>(small_float a, small_float b) { return double(a) > double(b); }
    friend bool operator>=(small_float a, small_float b) { return double(a) >= double(b); }

  private:
    static const int mantissa = P - 1;
    static const int top = 2 * Max + 1; // the exponent field of infinity

    static uint16_t encode(double x) {
        if (!(x == x)) return uint16_t(top << mantissa | 1 << (mantissa - 1));
        const int sign = std::signbit(x) ? 0x8000 : 0;
        const double size = std::fabs(x);
        if (size > std::numeric_limits<double>::max()) return uint16_t(sign | top << mantissa);
        if (size == 0) return uint16_t(sign);
        int exponent;
        std::frexp(size, &exponent);
        const int e = exponent - 1 > 1 - Max ? exponent - 1 : 1 - Max;
        // A subnormal number has no hidden bit, so adding it into the exponent field is right for both.
        const int significand = static_cast<int>(std::ldexp(size, mantissa - e));
        return uint16_t(sign | (((e - (1 - Max)) << mantissa) + significand));
    }
    static double decode(uint16_t p) {
        const int field = p >> mantissa & top, low = p & ((1 << mantissa) - 1);
        double size =
            std::ldexp(field == 0 ? low : low + (1 << mantissa), (field == 0 ? 1 : field) - Max - mantissa);
        if (field == top) size = low == 0 ? std::numeric_limits<double>::infinity() : std::nan("");
        return p >> 15 ? -size : size;
    }

    uint16_t pattern;
};
typedef small_float<11, 15> half;
typedef small_float<8, 127> bfloat16;

template <int P, int Max> ap_uint<16> bits(small_float<P, Max> x) {
    return x.bits();
}
template <int P, int Max> struct pattern<small_float<P, Max>> {
    static small_float<P, Max> number(const ap_uint<16>& b) {
        return small_float<P, Max>::from_pattern(static_cast<uint16_t>(b.to_uint64()));
    }
};

template <int P, int Max>
small_float<P, Max> fma(small_float<P, Max> x, small_float<P, Max> y, small_float<P, Max> z) {
    // The product is exact. The sum is rounded to odd, which makes the second rounding harmless.
    const double product = double(x) * double(y), c = z, sum = product + c;
    if (!(std::fabs(sum) <= std::numeric_limits<double>::max())) return small_float<P, Max>(sum);
    const double back = sum - product;
    const double error = (product - (sum - back)) + (c - back);
    if (error == 0 || (bits(sum).to_uint64() & 1)) return small_float<P, Max>(sum);
    const double infinity = std::numeric_limits<double>::infinity();
    return small_float<P, Max>(std::nextafter(sum, error > 0 ? infinity : -infinity));
}
template <int P, int Max> small_float<P, Max> abs(small_float<P, Max> x) {
    return small_float<P, Max>(std::fabs(double(x)));
}
template <int P, int Max> small_float<P, Max> sqrt(small_float<P, Max> x) {
    return small_float<P, Max>(std::sqrt(double(x)));
}
template <int P, int Max> small_float<P, Max> floor(small_float<P, Max> x) {
    return small_float<P, Max>(std::floor(double(x)));
}
template <int P, int Max> small_float<P, Max> ceil(small_float<P, Max> x) {
    return small_float<P, Max>(std::ceil(double(x)));
}
template <int P, int Max> small_float<P, Max> nearbyint(small_float<P, Max> x) {
    return small_float<P, Max>(std::nearbyint(double(x)));
}
template <int P, int Max> small_float<P, Max> trunc(small_float<P, Max> x) {
    return small_float<P, Max>(std::trunc(double(x)));
}

// --- Conversions between floating point and the rest ------------------------------------------------------

template <class F> struct format_of {
    typedef typename F::number_format type;
};
template <> struct format_of<float> {
    typedef format<24, 127> type;
};
template <> struct format_of<double> {
    typedef format<53, 1023> type;
};

/// m·2^-frac as an F: nearest, halves to even.
template <class F, int W, bool S> F scaled(const ap_int_base<W, S>& m, int frac) {
    const bool negative = m < 0;
    const ap_uint<W + 1> size = negative ? ap_uint<W + 1>(-m) : ap_uint<W + 1>(m);
    int drop = W + 1 - 62; // bits above the first 62
    while (drop > 0 && (size >> (drop + 61)) == 0)
        --drop;
    uint64_t top = size.to_uint64();
    if (drop > 0) {
        const ap_uint<W + 1> high = size >> drop;
        top = high.to_uint64() | ((high << drop) != size);
    }
    const double r = rounded<typename format_of<F>::type>(top, (drop > 0 ? drop : 0) - frac);
    return F(negative ? -r : r);
}

/// A number m·2^exponent with a 53-bit m.
struct parts {
    int64_t m;
    int exponent;
    explicit parts(double x) : exponent(0) {
        m = static_cast<int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
        exponent -= 53;
    }
};

inline bool is_finite(double x) {
    return std::fabs(x) <= std::numeric_limits<double>::max();
}
/// x modulo 2^bits, with x's sign.
inline double modulo(double x, int bits) {
    return bits < 1024 ? std::fmod(x, std::ldexp(1.0, bits)) : x;
}

/// x toward zero, modulo 2^W.
template <int W> ap_uint<W> truncated(double x) {
    if (!is_finite(x)) return 0;
    const parts p(modulo(std::trunc(x), W + 1));
    const ap_int<W + 64> m = p.m;
    return p.exponent >= 0 ? ap_uint<W>(m << p.exponent)
                           : ap_uint<W>(ap_int<64>(p.m / (int64_t(1) << -p.exponent)));
}

/// x rounded and fitted as T says; a NaN becomes 0, an infinity the bound that T saturates at, or 0.
template <class T, int W, int I, ap_q_mode Q, ap_o_mode O> T fitted(double x) {
    const bool saturates = O == AP_SAT || O == AP_SAT_SYM;
    const double beyond = std::ldexp(1.0, I + 1 < 1023 ? I + 1 : 1023);
    if (!(x == x) || (!is_finite(x) && !saturates)) return T(0);
    if (O == AP_WRAP || O == AP_WRAP_SM)
        x = modulo(x, I + 8);
    else if (std::fabs(x) > beyond)
        x = std::copysign(beyond, x);
    // Three fraction bits more: two for the rounding, and one that stands for anything below them.
    const int guard = 3;
    const int width = W + 12 + guard;
    const parts p(x);
    const int shift = p.exponent + (W - I) + guard;
    ap_int<width> m;
    if (shift >= 0) {
        m = ap_int<(width > 64 ? width : 64)>(p.m) << shift;
    } else {
        const int drop = -shift < 63 ? -shift : 63;
        m = (p.m >> drop) | ((p.m & ((uint64_t(1) << drop) - 1)) != 0);
    }
    return T(from_raw<ap_fixed<width, width - (W - I) - guard>>(m));
}

template <class T> struct conversion {
    // To float, double, half, bfloat16.
    template <int W, bool S> static T from(const ap_int_base<W, S>& x) { return scaled<T>(x, 0); }
    template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
    static T from(const ap_fixed_base<W, I, S, Q, O, N>& x) {
        return scaled<T>(raw(x), W - I);
    }
};
template <int W> struct conversion<ap_int<W>> {
    static ap_int<W> from(double x) { return ap_int<W>(truncated<W>(x)); }
};
template <int W> struct conversion<ap_uint<W>> {
    static ap_uint<W> from(double x) { return truncated<W>(x); }
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct conversion<ap_fixed<W, I, Q, O, N>> {
    static ap_fixed<W, I, Q, O, N> from(double x) { return fitted<ap_fixed<W, I, Q, O, N>, W, I, Q, O>(x); }
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct conversion<ap_ufixed<W, I, Q, O, N>> {
    static ap_ufixed<W, I, Q, O, N> from(double x) { return fitted<ap_ufixed<W, I, Q, O, N>, W, I, Q, O>(x); }
};
/// Between a floating-point type and an exact one, rounded once.
template <class T, class X> T to(const X& x) {
    return conversion<T>::from(x);
}

// --- Checks -----------------------------------------------------------------------------------------------

/// Ends a simulation; hardware checks nothing.
inline void require(bool condition, const char* message) {
#ifndef __SYNTHESIS__
    if (!condition) throw std::runtime_error(message);
#else
    (void)condition;
    (void)message;
#endif
}

// --- Words ------------------------------------------------------------------------------------------------

template <class T> struct width_of {
    static const int value = T::width;
};
template <> struct width_of<bool> {
    static const int value = 1;
};
template <> struct width_of<float> {
    static const int value = 32;
};
template <> struct width_of<double> {
    static const int value = 64;
};
template <int P, int Max> struct width_of<small_float<P, Max>> {
    static const int value = 16;
};


template <class T> struct is_signed_number {
    static const bool value = false;
};
template <int W> struct is_signed_number<ap_int<W>> {
    static const bool value = true;
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> struct is_signed_number<ap_fixed<W, I, Q, O, N>> {
    static const bool value = true;
};

/// N neighbours of a row-major array, as memory has them: each in 8, 16, 32 or 64 bits, or several of 64, the
/// first one lowest.
template <class T, int N> struct word {
    static const int width = width_of<T>::value;
    static const int room = width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : (width + 63) / 64 * 64;
    ap_uint<room * N> all;

    word() : all(0) {}
    T get(int i) const {
        const ap_uint<width> b = all.range(i * room + width - 1, i * room);
        return from_bits<T>(b);
    }
    void set(int i, const T& x) {
        const ap_uint<width> b = bits(x);
        const ap_uint<room> wide = is_signed_number<T>::value ? ap_uint<room>(ap_int<room>(ap_int<width>(b)))
                                                              : ap_uint<room>(b);
        all.range(i * room + room - 1, i * room) = wide;
    }
};

/// Element i of an array whose words are dealt out to ports in turn, the first one to the first port.
template <int Ports, class T, int N> T element(int64_t i, const word<T, N>* last) {
    return last[i / N / Ports].get(static_cast<int>(i % N));
}
template <int Ports, class T, int N, class... More>
T element(int64_t i, const word<T, N>* port, const word<T, N>* next, const More*... more) {
    const int n = Ports - 2 - static_cast<int>(sizeof...(More));
    return i / N % Ports == n ? element<Ports>(i, port) : element<Ports>(i, next, more...);
}
/// Writes it, and leaves its neighbours as they are.
template <int Ports, class T, int N> void set_element(int64_t i, const T& x, word<T, N>* last) {
    word<T, N> w = last[i / N / Ports];
    w.set(static_cast<int>(i % N), x);
    last[i / N / Ports] = w;
}
template <int Ports, class T, int N, class... More>
void set_element(int64_t i, const T& x, word<T, N>* port, word<T, N>* next, More*... more) {
    const int n = Ports - 2 - static_cast<int>(sizeof...(More));
    if (i / N % Ports == n)
        set_element<Ports>(i, x, port);
    else
        set_element<Ports>(i, x, next, more...);
}

#ifndef __SYNTHESIS__
/// A row-major array as a kernel takes it: what each port reads, with room for whole words.
template <class T, int N, int Ports> class port_memory {
  public:
    port_memory(const T* from, int64_t elements)
        : size(elements), each((elements + N * Ports - 1) / (N * Ports)), words(new word<T, N>[each * Ports]) {
        for (int64_t i = 0; i < size; ++i)
            place(i).set(static_cast<int>(i % N), from[i]);
    }
    word<T, N>* operator[](int port) { return words.get() + port * each; }
    void copy_to(T* to) const {
        for (int64_t i = 0; i < size; ++i)
            to[i] = place(i).get(static_cast<int>(i % N));
    }

  private:
    word<T, N>& place(int64_t i) const { return words[i / N % Ports * each + i / N / Ports]; }
    int64_t size, each;
    std::unique_ptr<word<T, N>[]> words;
};
#endif

} // namespace lathe

#endif
