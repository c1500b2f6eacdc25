#pragma once
/// \file Random types and values, with the corners more often than chance would give them.

#include "lathe/ir/interpret.h"

#include <cmath>
#include <limits>
#include <random>

namespace lathe::testing {

using namespace ir;

class Random {
  public:
    explicit Random(uint64_t seed) : engine(seed) {}

    int64_t between(int64_t low, int64_t high) {
        return std::uniform_int_distribution<int64_t>(low, high)(engine);
    }
    bool chance(int in) { return between(1, in) == 1; }
    template <class T> const T& pick(const std::vector<T>& v) {
        return v[static_cast<size_t>(between(0, static_cast<int64_t>(v.size()) - 1))];
    }

    int width() {
        static const std::vector<int> corners{1, 2, 8, 31, 32, 33, 62, 63, 64, 65, 127, 128, 129};
        return chance(2) ? pick(corners) : static_cast<int>(between(1, chance(4) ? 200 : 40));
    }

    Type integer() { return chance(2) ? Int(width()) : UInt(width()); }

    Type fixed() {
        const auto round = static_cast<Round>(between(0, 6));
        const bool sign = chance(2);
        const auto overflow = static_cast<Overflow>(between(0, sign ? 4 : 3));
        const int w = width(), frac = static_cast<int>(between(-10, w + 10));
        return sign ? Fixed(w, frac, round, overflow) : UFixed(w, frac, round, overflow);
    }

    Type exact() { return chance(8) ? Bool() : chance(2) ? integer() : fixed(); }

    Type floating() { return pick(std::vector<Type>{Float(16), BFloat(16), Float(32), Float(64)}); }

    Type any() { return chance(4) ? floating() : exact(); }

    mpz_class bits(int width) {
        mpz_class m;
        for (int i = 0; i < width; i += 32)
            m = (m << 32) + static_cast<unsigned long>(between(0, 0xffffffff));
        return m;
    }

    Value value(Type t) {
        if (t.is_index()) return Value::index(between(-50, 50));
        if (t.is_float()) return floating_value(t);
        switch (between(0, 7)) {
        case 0:
            return min_value(t);
        case 1:
            return max_value(t);
        case 2:
            return Value::from_raw(t, static_cast<long>(between(-2, 2)));
        case 3:
            return Value::from_raw(t, mpz_class(1) << static_cast<mp_bitcnt_t>(between(0, t.width() - 1)));
        default:
            return Value::from_raw(t, bits(t.width() + 32));
        }
    }

  private:
    Value floating_value(Type t) {
        static const std::vector<double> corners{0.0,
                                                 -0.0,
                                                 1.0,
                                                 -1.0,
                                                 0.5,
                                                 1.5,
                                                 2.5,
                                                 -2.5,
                                                 std::numeric_limits<double>::infinity(),
                                                 65504,
                                                 3e38,
                                                 1e-7,
                                                 5.96e-8,
                                                 1.4013e-45,
                                                 4.9e-324,
                                                 -1e300,
                                                 std::numeric_limits<double>::quiet_NaN(),
                                                 -std::numeric_limits<double>::infinity()};
        switch (between(0, 3)) {
        case 0:
            return Value::from_double(t, pick(corners));
        case 1:
            return Value::from_bits(t, bits(t.width()));
        case 2:
            return Value::from_double(t, static_cast<double>(between(-100, 100)) / 8);
        default:
            return Value::from_double(t, std::ldexp(static_cast<double>(between(-100000, 100000)),
                                                    static_cast<int>(between(-30, 30))));
        }
    }

    std::mt19937_64 engine;
};

} // namespace lathe::testing
