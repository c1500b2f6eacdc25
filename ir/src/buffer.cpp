#include "lathe/ir/buffer.h"

#include <bit>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace lathe {

using namespace ir;

static_assert(std::endian::native == std::endian::little, "elements are little-endian");

namespace {

constexpr size_t alignment = 64;

void check_storable(Type t, Loc loc) {
    if (!t.is_element())
        fail(loc, "{} has no form in memory: choose an integer, fixed-point or float type", t.str());
}

bool is_wide(Type t) {
    return t.is_exact() && t.width() > 64;
}

size_t limbs(Type t) {
    return (static_cast<size_t>(t.width()) + 63) / 64;
}

template <class T> T read(const std::byte* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
}

template <class T> void write(std::byte* p, T x) {
    std::memcpy(p, &x, sizeof x);
}

uint64_t read_container(int bits, const std::byte* p) {
    switch (bits) {
    case 8:
        return read<uint8_t>(p);
    case 16:
        return read<uint16_t>(p);
    case 32:
        return read<uint32_t>(p);
    default:
        return read<uint64_t>(p);
    }
}

void write_container(int bits, std::byte* p, uint64_t x) {
    switch (bits) {
    case 8:
        write(p, static_cast<uint8_t>(x));
        break;
    case 16:
        write(p, static_cast<uint16_t>(x));
        break;
    case 32:
        write(p, static_cast<uint32_t>(x));
        break;
    default:
        write(p, x);
    }
}

/// The integer that `count` limbs at `p` hold, unsigned.
mpz_class read_limbs(size_t count, const std::byte* p) {
    mpz_class m;
    mpz_import(m.get_mpz_t(), count, -1, 8, -1, 0, p);
    return m;
}

/// m modulo 2^(64·count), so a negative m is sign-extended.
void write_limbs(size_t count, std::byte* p, const mpz_class& m) {
    mpz_class low;
    mpz_fdiv_r_2exp(low.get_mpz_t(), m.get_mpz_t(), 64 * count);
    std::memset(p, 0, 8 * count);
    mpz_export(p, nullptr, -1, 8, -1, 0, low.get_mpz_t());
}

std::string subscript_list(std::span<const int64_t> at) {
    return fmt::format("[{}]", fmt::join(at, ", "));
}

std::shared_ptr<std::byte[]> allocate(size_t size, Loc loc) {
    // calloc's pages are zero without being touched; the extra bytes leave room to align.
    const std::shared_ptr<std::byte[]> block(static_cast<std::byte*>(std::calloc(size + alignment, 1)),
                                             [](std::byte* p) { std::free(p); });
    if (!block) fail(loc, "there is no memory for a buffer of {} bytes", size);
    void* start = block.get();
    size_t space = size + alignment;
    std::align(alignment, size, start, space);
    return {block, static_cast<std::byte*>(start)};
}

bool inside(const AnyBuffer& b, int d, int64_t i) {
    return i >= b.min(d) && i < b.min(d) + b.extent(d);
}

std::byte* element_address(const AnyBuffer& b, std::span<const int64_t> at) {
    bool ok = static_cast<int>(at.size()) == b.rank();
    int64_t offset = 0;
    for (int d = 0; ok && d < b.rank(); ++d) {
        const int64_t i = at[static_cast<size_t>(d)];
        ok = inside(b, d, i);
        offset += ok ? (i - b.min(d)) * b.stride(d) : 0;
    }
    if (!ok) detail::bad_subscripts(b, at);
    return b.data() + offset * static_cast<int64_t>(element_bytes(b.type()));
}

/// Calls f(subscripts) for every element, last dimension fastest, subscripts counted from 0.
template <class F> void for_each_element(const AnyBuffer& b, F f) {
    if (b.size() == 0) return;
    std::vector<int64_t> at(static_cast<size_t>(b.rank()));
    for (;;) {
        f(at);
        int d = b.rank() - 1;
        for (; d >= 0; --d) {
            int64_t& i = at[static_cast<size_t>(d)];
            if (++i < b.extent(d)) break;
            i = 0;
        }
        if (d < 0) return;
    }
}

/// The element at `at`, counted from 0 in each dimension.
std::byte* element_from_zero(const AnyBuffer& b, const std::vector<int64_t>& at) {
    int64_t offset = 0;
    for (int d = 0; d < b.rank(); ++d)
        offset += at[static_cast<size_t>(d)] * b.stride(d);
    return b.data() + offset * static_cast<int64_t>(element_bytes(b.type()));
}

} // namespace

size_t ir::element_bytes(Type t) {
    return is_wide(t) ? 8 * limbs(t) : static_cast<size_t>(container_bits(t)) / 8;
}

int ir::container_bits(Type t) {
    check_storable(t.element(), {});
    return t.width() > 64 ? 64
                          : std::max(8, static_cast<int>(std::bit_ceil(static_cast<unsigned>(t.width()))));
}

Value ir::load_element(Type t, const std::byte* p) {
    if (is_wide(t)) return Value::from_raw(t, read_limbs(limbs(t), p));
    if (t == Float(64)) return Value::from_double(t, read<double>(p));
    if (t == Float(32)) return Value::from_double(t, read<float>(p));
    const uint64_t bits = read_container(container_bits(t), p);
    if (t.is_bool()) return Value::boolean(bits != 0);
    static_assert(sizeof(unsigned long) == 8, "GMP's words hold a container");
    const mpz_class m(static_cast<unsigned long>(bits));
    return t.is_float() ? Value::from_bits(t, m) : Value::from_raw(t, m);
}

void ir::store_element(Type t, std::byte* p, const Value& v) {
    const Value x = v.type() == t ? v : cast(t, v);
    if (is_wide(t)) {
        write_limbs(limbs(t), p, x.raw());
    } else if (t.is_float()) {
        std::byte bytes[8];
        write_limbs(1, bytes, x.bit_pattern());
        write_container(t.width(), p, read<uint64_t>(bytes));
    } else {
        std::byte bytes[8];
        write_limbs(1, bytes, x.raw());
        write_container(container_bits(t), p, read<uint64_t>(bytes));
    }
}

AnyBuffer::AnyBuffer(Type type, std::vector<int64_t> shape, Loc loc)
    : element(type), extents(std::move(shape)), steps(extents.size()), mins(extents.size(), 0) {
    check_storable(type, loc);
    constexpr int64_t most = int64_t{1} << 62;
    int64_t count = 1;
    bool empty = false, too_large = false;
    for (size_t d = extents.size(); d-- > 0;) {
        if (extents[d] < 0)
            fail(loc, "the extent of dimension {} of a buffer is {}: it cannot be negative", d, extents[d]);
        empty |= extents[d] == 0;
        steps[d] = count;
        too_large |= __builtin_mul_overflow(count, std::max<int64_t>(extents[d], 1), &count) || count > most;
        if (too_large) count = 1;
    }
    const int64_t bytes_each = static_cast<int64_t>(element_bytes(type));
    if (!empty && (too_large || count > most / bytes_each))
        fail(loc, "a buffer of shape {} of {} is larger than 2^62 bytes", subscript_list(extents),
             type.str());
    owner = allocate(empty ? 0 : static_cast<size_t>(count * bytes_each), loc);
    bytes = owner.get();
}

AnyBuffer AnyBuffer::view(Type type, std::byte* data, std::vector<int64_t> shape,
                          std::vector<int64_t> strides) {
    check_storable(type, {});
    if (shape.size() != strides.size())
        fail({}, "a view has {} extents and {} strides: give one stride per dimension", shape.size(),
             strides.size());
    for (size_t d = 0; d < shape.size(); ++d)
        if (shape[d] < 0)
            fail({}, "the extent of dimension {} of a view is {}: it cannot be negative", d, shape[d]);
    AnyBuffer b;
    b.element = type;
    b.mins.assign(shape.size(), 0);
    b.extents = std::move(shape);
    b.steps = std::move(strides);
    b.bytes = data;
    return b;
}

void AnyBuffer::set_min(std::vector<int64_t> m) {
    if (m.size() != extents.size())
        fail({}, "a buffer of {} dimensions takes as many mins, not {}", extents.size(), m.size());
    for (size_t d = 0; d < m.size(); ++d) {
        int64_t end;
        if (__builtin_add_overflow(m[d], extents[d], &end))
            fail({}, "dimension {} of a buffer cannot begin at {}: its end would not fit in 64 bits", d,
                 m[d]);
    }
    mins = std::move(m);
}

int64_t AnyBuffer::size() const {
    int64_t n = 1;
    for (const int64_t e : extents)
        if (e == 0) return 0;
    for (const int64_t e : extents)
        n *= e;
    return n;
}

std::byte* AnyBuffer::address(const std::vector<int64_t>& at) const {
    return element_address(*this, at);
}

Value AnyBuffer::get(const std::vector<int64_t>& at) const {
    return load_element(element, address(at));
}

void AnyBuffer::set(const std::vector<int64_t>& at, const Value& v) {
    store_element(element, address(at), v);
}

void AnyBuffer::fill(const Value& v) {
    const Value x = cast(element, v);
    for_each_element(*this, [&](const std::vector<int64_t>& at) {
        store_element(element, element_from_zero(*this, at), x);
    });
}

AnyBuffer AnyBuffer::copy() const {
    AnyBuffer to(element, extents, {});
    to.mins = mins;
    const size_t n = element_bytes(element);
    for_each_element(*this, [&](const std::vector<int64_t>& at) {
        std::memcpy(element_from_zero(to, at), element_from_zero(*this, at), n);
    });
    return to;
}

bool bit_equal(const AnyBuffer& a, const AnyBuffer& b) {
    if (a.type() != b.type() || a.shape() != b.shape()) return false;
    const size_t n = element_bytes(a.type());
    bool same = true;
    for_each_element(a, [&](const std::vector<int64_t>& at) {
        const std::byte *p = element_from_zero(a, at), *q = element_from_zero(b, at);
        same = same && (std::memcmp(p, q, n) == 0 || load_element(a.type(), p) == load_element(b.type(), q));
    });
    return same;
}

namespace detail {

void check_container(Type type, int bits, bool is_float, bool is_signed, Loc loc) {
    bool fits = type.width() <= 64 && container_bits(type) == bits;
    if (type.is_float())
        fits = fits && (is_float || type.width() == 16);
    else
        fits = fits && !is_float && type.is_signed() == is_signed;
    if (fits) return;
    const char* kind = is_float ? "float" : is_signed ? "signed integer" : "unsigned integer";
    if (type.width() > 64)
        fail(loc, "{} has no C++ type that holds it: use AnyBuffer and get / set", type.str());
    fail(loc, "{} does not lie in memory as a {}-bit {}: it takes a {}-bit {}", type.str(), bits, kind,
         container_bits(type),
         type.is_float() && type.width() > 16  ? "float"
         : type.is_exact() && type.is_signed() ? "signed integer"
                                               : "unsigned integer");
}

void bad_subscripts(const AnyBuffer& buffer, std::span<const int64_t> at) {
    if (static_cast<int>(at.size()) != buffer.rank())
        fail({}, "a buffer of {} dimensions is read or written with {} subscripts", buffer.rank(), at.size());
    size_t d = 0;
    for (; d + 1 < at.size(); ++d) {
        const int k = static_cast<int>(d);
        if (!inside(buffer, k, at[d])) break;
    }
    const int k = static_cast<int>(d);
    fail({}, "{} is outside the buffer: subscript {} is {}, and the dimension runs from {} to {}",
         subscript_list(at), d, at[d], buffer.min(k), buffer.min(k) + buffer.extent(k) - 1);
}

} // namespace detail

} // namespace lathe
