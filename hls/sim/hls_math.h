// Mathematics as Vitis HLS spells it, for simulation on float and double. The host's library computes: last
// bits may differ from the hardware's. C++14.
#ifndef LATHE_HLS_MATH_H
#define LATHE_HLS_MATH_H

#include <cmath>

namespace hls {

using std::abs;
using std::acos;
using std::acosh;
using std::asin;
using std::asinh;
using std::atan;
using std::atan2;
using std::atanh;
using std::cbrt;
using std::ceil;
using std::copysign;
using std::cos;
using std::cosh;
using std::erf;
using std::erfc;
using std::exp;
using std::exp2;
using std::expm1;
using std::fabs;
using std::fdim;
using std::floor;
using std::fma;
using std::fmax;
using std::fmin;
using std::fmod;
using std::frexp;
using std::hypot;
using std::ilogb;
using std::isfinite;
using std::isinf;
using std::isnan;
using std::ldexp;
using std::lgamma;
using std::log;
using std::log10;
using std::log1p;
using std::log2;
using std::logb;
using std::modf;
using std::nearbyint;
using std::nextafter;
using std::pow;
using std::remainder;
using std::rint;
using std::round;
using std::scalbn;
using std::signbit;
using std::sin;
using std::sinh;
using std::sqrt;
using std::tan;
using std::tanh;
using std::tgamma;
using std::trunc;

// With the suffix of C's names.
#define LATHE_MATH_FLOAT(name)                                                                               \
    inline float name##f(float x) {                                                                          \
        return std::name(x);                                                                                 \
    }
LATHE_MATH_FLOAT(acos)
LATHE_MATH_FLOAT(asin)
LATHE_MATH_FLOAT(atan)
LATHE_MATH_FLOAT(ceil)
LATHE_MATH_FLOAT(cos)
LATHE_MATH_FLOAT(cosh)
LATHE_MATH_FLOAT(exp)
LATHE_MATH_FLOAT(fabs)
LATHE_MATH_FLOAT(floor)
LATHE_MATH_FLOAT(log)
LATHE_MATH_FLOAT(log10)
LATHE_MATH_FLOAT(log2)
LATHE_MATH_FLOAT(round)
LATHE_MATH_FLOAT(sin)
LATHE_MATH_FLOAT(sinh)
LATHE_MATH_FLOAT(sqrt)
LATHE_MATH_FLOAT(tan)
LATHE_MATH_FLOAT(tanh)
LATHE_MATH_FLOAT(trunc)
#undef LATHE_MATH_FLOAT

inline float powf(float x, float y) {
    return std::pow(x, y);
}
inline float fmaf(float x, float y, float z) {
    return std::fma(x, y, z);
}
inline float fmodf(float x, float y) {
    return std::fmod(x, y);
}
inline float rsqrt(float x) {
    return 1.0f / std::sqrt(x);
}
inline double rsqrt(double x) {
    return 1.0 / std::sqrt(x);
}
inline float recip(float x) {
    return 1.0f / x;
}
inline double recip(double x) {
    return 1.0 / x;
}
inline void sincos(float x, float* sine, float* cosine) {
    *sine = std::sin(x);
    *cosine = std::cos(x);
}
inline void sincos(double x, double* sine, double* cosine) {
    *sine = std::sin(x);
    *cosine = std::cos(x);
}

} // namespace hls

#endif
