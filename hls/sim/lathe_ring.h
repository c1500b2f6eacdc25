// A queue that takes memory as it fills. C++14.
#ifndef LATHE_RING_H
#define LATHE_RING_H

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace lathe_sim {

template <class T> class Ring {
  public:
    /// least: elements that it has memory for from the first on.
    explicit Ring(size_t least = 16) : least(least) {}

    /// The place behind the last of `fill` elements, of which there may be `depth`.
    T& back(size_t fill, size_t depth) {
        if (fill == size) grow(fill, depth);
        const size_t i = first + fill;
        return slots[i < size ? i : i - size];
    }
    T& front() { return slots[first]; }
    void drop_front() { first = first + 1 == size ? 0 : first + 1; }
    T pop() {
        T value = std::move(front());
        drop_front();
        return value;
    }

  private:
    void grow(size_t fill, size_t depth) {
        const size_t bigger = std::min(depth, std::max(size * 2, least));
        std::unique_ptr<T[]> larger(new T[bigger]);
        for (size_t i = 0; i < fill; ++i)
            larger[i] = std::move(slots[(first + i) % size]);
        slots = std::move(larger);
        size = bigger;
        first = 0;
    }

    const size_t least;
    std::unique_ptr<T[]> slots;
    size_t size = 0, first = 0;
};

} // namespace lathe_sim

#endif
