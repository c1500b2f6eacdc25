// Stands in for XRT's native C++ API where there is no device: kernels are functions of this process, and
// memory of the device is memory apart. It has what Lathe's host programs use: xrt::device, xrt::uuid,
// xrt::bo, xrt::kernel and xrt::run. It counts what goes to the device and back, and refuses what XRT or
// hardware would trip over: arguments of the wrong kind, number or size, and buffers that are read past their
// end. C++17.
//
// What was never copied to the device holds other bytes there than on the host, so that a copy that is
// missing shows in the results.
#ifndef LATHE_XRT_H
#define LATHE_XRT_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE = 0, XCL_BO_SYNC_BO_FROM_DEVICE = 1 };

namespace lathe_sim {

/// What a device did.
struct DeviceUse {
    size_t to_device = 0, to_host = 0;             ///< copies
    size_t bytes_to_device = 0, bytes_to_host = 0; ///< that they moved
    size_t runs = 0;                               ///< of kernels
};

/// A buffer's two halves.
struct Memory {
    std::vector<unsigned char> host, device;
    explicit Memory(size_t bytes) : host(bytes, 0x5a), device(bytes, 0xa5) {}
};

/// An argument of a kernel: memory of the device, or a scalar's bytes.
struct Argument {
    std::shared_ptr<Memory> memory;
    std::vector<unsigned char> scalar;
};

using Kernel = std::function<void(const std::vector<Argument>&)>;

[[noreturn]] inline void refuse(size_t n, const char* why) {
    throw std::runtime_error("argument " + std::to_string(n) + " of a kernel " + why);
}

template <class T> T argument(const Argument& a, size_t n) {
    if constexpr (std::is_pointer_v<T>) {
        if (!a.memory) refuse(n, "is an array, and is given a scalar");
        return reinterpret_cast<T>(a.memory->device.data());
    } else {
        if (a.memory) refuse(n, "is a scalar, and is given an array");
        if (a.scalar.size() != sizeof(T)) refuse(n, "is a scalar of another size");
        T x;
        std::memcpy(static_cast<void*>(&x), a.scalar.data(), sizeof x);
        return x;
    }
}

template <class... A, size_t... N> Kernel kernel_of(void (*function)(A...), std::index_sequence<N...>) {
    return [function](const std::vector<Argument>& given) {
        if (given.size() != sizeof...(A))
            throw std::runtime_error("a kernel takes " + std::to_string(sizeof...(A)) +
                                     " arguments, and is given " + std::to_string(given.size()));
        std::tuple<A...> all{argument<A>(given[N], N)...}; // in this order
        std::apply(function, all);
    };
}

/// A function as a kernel.
template <class... A> Kernel kernel(void (*function)(A...)) {
    return kernel_of(function, std::index_sequence_for<A...>());
}

/// Those that the device has, by name: the program defines it.
const std::map<std::string, Kernel>& kernels();

} // namespace lathe_sim

namespace xrt {

class uuid {};

class device {
  public:
    device() = default;
    explicit device(unsigned int) : use(std::make_shared<lathe_sim::DeviceUse>()) {}
    uuid load_xclbin(const std::string&) { return {}; }
    /// Of a simulation: what it did so far.
    const lathe_sim::DeviceUse& lathe_use() const { return *use; }

  private:
    friend class bo;
    friend class kernel;
    std::shared_ptr<lathe_sim::DeviceUse> use;
};

using memory_group = uint32_t;

class bo {
  public:
    bo(const device& d, size_t bytes, memory_group)
        : use(d.use), memory(std::make_shared<lathe_sim::Memory>(bytes)) {
        if (bytes == 0) throw std::runtime_error("a buffer has no bytes");
    }
    size_t size() const { return memory->host.size(); }
    void write(const void* from, size_t bytes, size_t at) {
        check(bytes, at);
        std::memcpy(memory->host.data() + at, from, bytes);
    }
    void write(const void* from) { write(from, size(), 0); }
    void read(void* to, size_t bytes, size_t at) {
        check(bytes, at);
        std::memcpy(to, memory->host.data() + at, bytes);
    }
    void read(void* to) { read(to, size(), 0); }
    void sync(xclBOSyncDirection direction, size_t bytes, size_t at) {
        check(bytes, at);
        const bool there = direction == XCL_BO_SYNC_BO_TO_DEVICE;
        auto &from = there ? memory->host : memory->device, &to = there ? memory->device : memory->host;
        std::memcpy(to.data() + at, from.data() + at, bytes);
        ++(there ? use->to_device : use->to_host);
        (there ? use->bytes_to_device : use->bytes_to_host) += bytes;
    }
    void sync(xclBOSyncDirection direction) { sync(direction, size(), 0); }

  private:
    friend class run;
    void check(size_t bytes, size_t at) const {
        if (at > size() || bytes > size() - at)
            throw std::runtime_error("a buffer of " + std::to_string(size()) +
                                     " bytes is accessed past its end");
    }
    std::shared_ptr<lathe_sim::DeviceUse> use;
    std::shared_ptr<lathe_sim::Memory> memory;
};

class kernel;

/// A kernel at work: here it has ended when it is made.
class run {
  public:
    void wait() {}

  private:
    friend class kernel;
    static lathe_sim::Argument passed(const bo& b) { return {b.memory, {}}; }
    template <class T> static lathe_sim::Argument passed(const T& x) {
        lathe_sim::Argument a;
        a.scalar.resize(sizeof x);
        std::memcpy(a.scalar.data(), static_cast<const void*>(&x), sizeof x);
        return a;
    }
};

class kernel {
  public:
    kernel(const device& d, const uuid&, const std::string& name) : use(d.use) {
        const auto found = lathe_sim::kernels().find(name);
        if (found == lathe_sim::kernels().end()) throw std::runtime_error("there is no kernel " + name);
        function = found->second;
    }
    memory_group group_id(int) const { return 0; }
    template <class... A> run operator()(const A&... given) const {
        ++use->runs;
        function({run::passed(given)...});
        return {};
    }

  private:
    std::shared_ptr<lathe_sim::DeviceUse> use;
    lathe_sim::Kernel function;
};

} // namespace xrt

#endif
