#include "plain.h"

#include <type_traits>
#include <vector>

using namespace lathe;

namespace {

struct Sizes {
    int64_t count, dimensions, means, rounds;
};

/// A number is a T in memory.
template <class T> void group(const T* points, T* means, int16_t* joined, const Sizes& s) {
    using Apart = std::conditional_t<sizeof(T) == 1, int, int64_t>;
    // The sum of squares of differences of 33 bits.
    using Far = std::conditional_t<sizeof(T) <= 2, int64_t, __int128>;
    const int64_t D = s.dimensions;
    for (int64_t round = 0; round < s.rounds; ++round) {
        std::vector<int64_t> sums(static_cast<size_t>(s.means * D)), counts(static_cast<size_t>(s.means));
        for (int64_t n = 0; n < s.count; ++n) {
            Far least = 0;
            for (int64_t k = 0; k < s.means; ++k) {
                Far far = 0;
                for (int64_t d = 0; d < D; ++d) {
                    const Apart apart = static_cast<Apart>(points[n * D + d]) - means[k * D + d];
                    far += static_cast<std::conditional_t<sizeof(T) == 4, Far, Apart>>(apart) * apart;
                }
                if (k == 0 || far < least) {
                    least = far;
                    joined[n] = static_cast<int16_t>(k);
                }
            }
            ++counts[static_cast<size_t>(joined[n])];
            for (int64_t d = 0; d < D; ++d)
                sums[static_cast<size_t>(joined[n] * D + d)] += points[n * D + d];
        }
        for (int64_t k = 0; k < s.means; ++k)
            for (int64_t d = 0; d < D && counts[static_cast<size_t>(k)] > 0; ++d)
                means[k * D + d] =
                    static_cast<T>(sums[static_cast<size_t>(k * D + d)] / counts[static_cast<size_t>(k)]);
    }
}

} // namespace

void plain_kmeans(const AnyBuffer& points, AnyBuffer& means, Buffer<int16_t>& joined, int64_t rounds) {
    const Sizes s{points.extent(0), points.extent(1), means.extent(0), rounds};
    const auto as = [&]<class T>(T) {
        group(reinterpret_cast<const T*>(points.data()), reinterpret_cast<T*>(means.data()), joined.begin(),
              s);
    };
    const bool is_signed = points.type().is_signed();
    switch (ir::container_bits(points.type())) {
    case 8:
        return is_signed ? as(int8_t()) : as(uint8_t());
    case 16:
        return is_signed ? as(int16_t()) : as(uint16_t());
    case 32:
        return is_signed ? as(int32_t()) : as(uint32_t());
    default:
        throw ir::InternalError("plain k-means of numbers of more than 32 bits");
    }
}
