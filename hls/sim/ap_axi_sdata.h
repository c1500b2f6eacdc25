// Words of AXI4-Stream as Vitis HLS has them, for simulation. C++14.
#ifndef LATHE_AP_AXI_SDATA_H
#define LATHE_AP_AXI_SDATA_H

#ifndef AP_INT_MAX_W
#define AP_INT_MAX_W 4096
#endif
#include <ap_int.h>

#include <cstddef>
#include <type_traits>

namespace lathe_sim {

/// A side channel of no bits: it takes any value and is 0.
struct NoSignal {
    NoSignal() = default;
    template <class V> NoSignal(const V&) {}
    operator int() const { return 0; }
};

template <int W> struct Signal {
    typedef ap_uint<W> type;
};
template <> struct Signal<0> {
    typedef NoSignal type;
};

/// Bits of a type of AMD, of C++ otherwise.
template <class T, class = void> struct BitsOf {
    static constexpr int value = 8 * sizeof(T);
};
template <class T> struct BitsOf<T, typename std::enable_if<(T::width > 0)>::type> {
    static constexpr int value = T::width;
};

} // namespace lathe_sim

namespace hls {

/// One transfer: the data, which bytes of it count, and the side channels.
template <class T, size_t WUser = 0, size_t WId = 0, size_t WDest = 0> struct axis {
    static constexpr int bytes = (lathe_sim::BitsOf<T>::value + 7) / 8;

    T data;
    ap_uint<bytes> keep, strb;
    typename lathe_sim::Signal<WUser>::type user;
    ap_uint<1> last;
    typename lathe_sim::Signal<WId>::type id;
    typename lathe_sim::Signal<WDest>::type dest;

    void set_last(ap_uint<1> value = 1) { last = value; }
    ap_uint<1> get_last() const { return last; }
    void keep_all() { keep = strb = ap_uint<bytes>(-1); }
};

} // namespace hls

template <int D, size_t WUser = 0, size_t WId = 0, size_t WDest = 0>
using ap_axis = hls::axis<ap_int<D>, WUser, WId, WDest>;
template <int D, size_t WUser = 0, size_t WId = 0, size_t WDest = 0>
using ap_axiu = hls::axis<ap_uint<D>, WUser, WId, WDest>;

#endif
