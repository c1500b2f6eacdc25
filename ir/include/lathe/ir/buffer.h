#pragma once
/// \file Dense tensors in memory, as generated code sees them.
///
/// Elements lie in containers of 8, 16, 32 or 64 bits (sign- or zero-extended; fixed point as its integer;
/// Bool as 0/1 in 8); exact types wider than 64 bits are ceil(width/64) little-endian 64-bit limbs, the last
/// one sign- or zero-extended.

#include "lathe/ir/value.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace lathe::ir {

/// Bytes of one element of type `t` in memory.
size_t element_bytes(Type t);
/// Bits of the container: 8, 16, 32, 64; for wider exact types 64 (one limb).
int container_bits(Type t);
/// Reads / writes one element at `p`.
Value load_element(Type t, const std::byte* p);
void store_element(Type t, std::byte* p, const Value& v);

/// The element type of C++ type T: uint8_t → UInt(8), float → Float(32), bool → Bool, ...
template <class T> Type type_of();

} // namespace lathe::ir

namespace lathe {

/// A tensor of a run-time element type: owns its memory (64-byte aligned, zero at first) or views the
/// caller's. Copies share memory.
class AnyBuffer {
  public:
    AnyBuffer() = default;
    /// Outermost dimension first; dense, row-major; every min 0. \throws Error on a negative extent or a size
    /// over 2^62 bytes.
    AnyBuffer(Type type, std::vector<int64_t> shape, Loc loc = Loc::current());
    /// A view of memory the caller keeps alive; strides in elements.
    static AnyBuffer view(Type type, std::byte* data, std::vector<int64_t> shape,
                          std::vector<int64_t> strides);

    Type type() const { return element; }
    int rank() const { return static_cast<int>(extents.size()); }
    const std::vector<int64_t>& shape() const { return extents; }
    int64_t extent(int dimension) const { return extents[static_cast<size_t>(dimension)]; }
    int64_t stride(int dimension) const { return steps[static_cast<size_t>(dimension)]; } ///< in elements
    int64_t min(int dimension) const { return mins[static_cast<size_t>(dimension)]; }
    void set_min(std::vector<int64_t> m);
    int64_t size() const;                     ///< number of elements
    std::byte* data() const { return bytes; } ///< address of the element at the mins
    /// Subscripts are checked: \throws Error when out of range.
    Value get(const std::vector<int64_t>& at) const;
    void set(const std::vector<int64_t>& at, const Value& v); ///< casts to the element type
    void fill(const Value& v);
    AnyBuffer copy() const; ///< dense, of its own memory

  private:
    std::byte* address(const std::vector<int64_t>& at) const;
    Type element;
    std::vector<int64_t> extents, steps, mins;
    std::shared_ptr<std::byte[]> owner;
    std::byte* bytes = nullptr;
};

/// Equal shapes and bit-equal elements (NaNs of a type are one).
bool bit_equal(const AnyBuffer& a, const AnyBuffer& b);

/// An AnyBuffer with C++ access: `Buffer<float> a({h, w}); a(y, x) = 1;`. T must have the element's container
/// size: Buffer<int16_t> may hold Int(15) or Fixed(16, 12) given explicitly.
template <class T> class Buffer : public AnyBuffer {
  public:
    Buffer() = default;
    explicit Buffer(std::vector<int64_t> shape, Loc loc = Loc::current())
        : AnyBuffer(ir::type_of<T>(), std::move(shape), loc) {}
    /// \throws Error unless `type`'s container is a T.
    Buffer(Type type, std::vector<int64_t> shape, Loc loc = Loc::current());
    template <class... I> T& operator()(I... at) const;
    T* begin() const { return reinterpret_cast<T*>(data()); }
    T* end() const { return begin() + size(); }
};

} // namespace lathe

#include "lathe/ir/buffer_impl.h"
