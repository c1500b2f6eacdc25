// Bursts to memory as Vitis HLS has them, for simulation: each transfer must have been asked for. C++14.
#ifndef LATHE_HLS_BURST_MAXI_H
#define LATHE_HLS_BURST_MAXI_H

#include <cstddef>
#include <deque>
#include <stdexcept>
#include <string>

namespace hls {

/// Memory behind an m_axi port, by explicit bursts. It is a handle: copies share the bursts of none.
template <class T> class burst_maxi {
  public:
    burst_maxi(T* memory) : memory(memory) {}

    /// A burst of `length` elements from element `offset` on will be read.
    void read_request(size_t offset, size_t length) { reads.push_back(burst(offset, length, "read")); }
    T read() {
        Burst& b = first(reads, "read");
        const T value = memory[b.next++];
        if (--b.left == 0) reads.pop_front();
        return value;
    }

    void write_request(size_t offset, size_t length) { writes.push_back(burst(offset, length, "write")); }
    void write(const T& value) {
        Burst& b = first(writes, "write");
        memory[b.next++] = value;
        if (--b.left > 0) return;
        writes.pop_front();
        ++unanswered;
    }
    /// Waits until the oldest burst is in memory.
    void write_response() {
        if (unanswered == 0)
            throw std::logic_error("hls::burst_maxi: write_response before a burst was written");
        --unanswered;
    }

  private:
    struct Burst {
        size_t next, left;
    };
    static Burst burst(size_t offset, size_t length, const char* does) {
        if (length == 0)
            throw std::logic_error("hls::burst_maxi: a " + std::string(does) + "_request of nothing");
        return Burst{offset, length};
    }
    static Burst& first(std::deque<Burst>& bursts, const char* does) {
        if (bursts.empty())
            throw std::logic_error("hls::burst_maxi: " + std::string(does) +
                                   " of more than was asked for by " + does + "_request");
        return bursts.front();
    }

    T* memory;
    std::deque<Burst> reads, writes;
    size_t unanswered = 0;
};

} // namespace hls

#endif
