// Bursts to memory as Vitis HLS has them, for simulation: each transfer must have been asked for. C++14.
#ifndef LATHE_HLS_BURST_MAXI_H
#define LATHE_HLS_BURST_MAXI_H

#include <cstddef>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

namespace hls {

/// Memory behind an m_axi port, by explicit bursts. Copies are the same port.
template <class T> class burst_maxi {
  public:
    burst_maxi(T* memory) : memory(memory), port(std::make_shared<Port>()) {}

    /// A burst of `length` elements from element `offset` on will be read.
    void read_request(size_t offset, size_t length) { request(port->reads, offset, length, "read"); }
    T read() {
        const T value = memory[next(port->reads, "read")];
        step(port->reads);
        return value;
    }

    void write_request(size_t offset, size_t length) { request(port->writes, offset, length, "write"); }
    void write(const T& value) {
        memory[next(port->writes, "write")] = value;
        if (step(port->writes)) ++port->unanswered;
    }
    /// Waits until the oldest burst is in memory.
    void write_response() {
        if (port->unanswered == 0)
            throw std::logic_error("hls::burst_maxi: write_response before a burst was written");
        --port->unanswered;
    }

  private:
    struct Burst {
        size_t next, left;
    };
    typedef std::deque<Burst> Bursts;
    struct Port {
        Bursts reads, writes;
        size_t unanswered = 0;
    };

    static void request(Bursts& bursts, size_t offset, size_t length, const std::string& does) {
        if (length == 0) throw std::logic_error("hls::burst_maxi: a " + does + "_request of nothing");
        bursts.push_back(Burst{offset, length});
    }
    static size_t next(const Bursts& bursts, const std::string& does) {
        if (!bursts.empty()) return bursts.front().next;
        throw std::logic_error("hls::burst_maxi: " + does + " of more than was asked for by " + does +
                               "_request");
    }
    /// Whether that was the burst's last element.
    static bool step(Bursts& bursts) {
        ++bursts.front().next;
        if (--bursts.front().left > 0) return false;
        bursts.pop_front();
        return true;
    }

    T* memory;
    std::shared_ptr<Port> port;
};

} // namespace hls

#endif
