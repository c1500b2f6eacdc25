/// \file The interpreter's view of memory.

#include "interpret_record.h"

#include <cstring>

namespace lathe::ir::interpreter {

TensorState::TensorState(std::string n, AnyBuffer b, bool all_known)
    : name(std::move(n)), buffer(std::move(b)),
      element_size(static_cast<int64_t>(element_bytes(buffer.type()))), known(all_known),
      mark_steps(static_cast<size_t>(buffer.rank())) {
    int64_t step = 1;
    for (size_t d = mark_steps.size(); d-- > 0; step *= buffer.extent(static_cast<int>(d)))
        mark_steps[d] = step;
    if (!known) marks = std::make_shared<std::vector<uint8_t>>(static_cast<size_t>(buffer.size()));
}

void TensorState::for_each_mark(const std::function<void(uint8_t&)>& f) const {
    if (known || buffer.size() == 0) return;
    std::vector<int64_t> at(mark_steps.size());
    for (int64_t n = 0; n < buffer.size(); ++n) {
        int64_t mark = first_mark;
        for (size_t d = 0; d < at.size(); ++d)
            mark += at[d] * mark_steps[d];
        f((*marks)[static_cast<size_t>(mark)]);
        for (size_t d = at.size(); d-- > 0;) {
            if (++at[d] < buffer.extent(static_cast<int>(d))) break;
            at[d] = 0;
        }
    }
}

Place Access::locate(Frame& f, int lane) const {
    const TensorState& t = f.tensors[tensor];
    int64_t dense = t.first_mark, offset = 0;
    for (size_t d = 0; d < indices.size(); ++d) {
        const int k = static_cast<int>(d);
        const int64_t i = indices[d]->eval(f, lane), min = t.buffer.min(k), extent = t.buffer.extent(k);
        if (i < min || i >= min + extent) {
            const std::string range =
                extent == 0 ? "is empty" : fmt::format("runs from {} to {}", min, min + extent - 1);
            fail(loc, "{} is out of bounds: subscript {} is {}, and dimension {} of {} {}", element(f, lane),
                 d, i, d, t.name, range);
        }
        dense += (i - min) * t.mark_steps[d];
        const int64_t fold = t.folds.empty() ? 0 : t.folds[d];
        offset += (fold > 0 ? (i - min) % fold : i - min) * t.buffer.stride(k);
    }
    return {t.buffer.data() + offset * t.element_size, static_cast<size_t>(dense)};
}

std::string Access::element(Frame& f, int lane) const {
    std::vector<int64_t> at;
    for (const Ptr<int64_t>& i : indices)
        at.push_back(i->eval(f, lane));
    return fmt::format("{}[{}]", f.tensors[tensor].name, fmt::join(at, ", "));
}

namespace {

Container container_of(Type t) {
    if (t == Float(32)) return Container::f32;
    if (t == Float(64)) return Container::f64;
    if (t.is_float() || t.width() > 64) return Container::value;
    const bool s = t.is_signed();
    switch (container_bits(t)) {
    case 8:
        return s ? Container::s8 : Container::u8;
    case 16:
        return s ? Container::s16 : Container::u16;
    case 32:
        return s ? Container::s32 : Container::u32;
    default:
        return s ? Container::s64 : Container::u64;
    }
}

template <class T> T get(const std::byte* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
}

template <class T, class R> void put(std::byte* p, R x) {
    const T t = static_cast<T>(x);
    std::memcpy(p, &t, sizeof t);
}

template <class R> R read_native(Container c, const std::byte* p) {
    switch (c) {
    case Container::u8:
        return static_cast<R>(get<uint8_t>(p));
    case Container::u16:
        return static_cast<R>(get<uint16_t>(p));
    case Container::u32:
        return static_cast<R>(get<uint32_t>(p));
    case Container::u64:
        return static_cast<R>(get<uint64_t>(p));
    case Container::s8:
        return static_cast<R>(get<int8_t>(p));
    case Container::s16:
        return static_cast<R>(get<int16_t>(p));
    case Container::s32:
        return static_cast<R>(get<int32_t>(p));
    case Container::s64:
        return static_cast<R>(get<int64_t>(p));
    case Container::f32:
        return static_cast<R>(get<float>(p));
    default:
        return static_cast<R>(get<double>(p));
    }
}

template <class R> void write_native(Container c, std::byte* p, R x) {
    switch (c) {
    case Container::u8:
        put<uint8_t>(p, x);
        break;
    case Container::u16:
        put<uint16_t>(p, x);
        break;
    case Container::u32:
        put<uint32_t>(p, x);
        break;
    case Container::u64:
        put<uint64_t>(p, x);
        break;
    case Container::s8:
        put<int8_t>(p, x);
        break;
    case Container::s16:
        put<int16_t>(p, x);
        break;
    case Container::s32:
        put<int32_t>(p, x);
        break;
    case Container::s64:
        put<int64_t>(p, x);
        break;
    case Container::f32:
        put<float>(p, x);
        break;
    default:
        put<double>(p, x);
    }
}

template <class R> bool in_range(Type t, R x) {
    const int value_bits = t.width() - t.is_signed();
    const R high = x >> value_bits;
    return high == 0 || (t.is_signed() && high == -1);
}

} // namespace

template <class R>
ElementIo<R>::ElementIo(Type t)
    : type(t), container(container_of(t)), partial(t.is_exact() && t.width() < container_bits(t)) {}

template <class R> R ElementIo<R>::read(Frame& f, const Access& access, Place place, int lane) const {
    const TensorState& t = f.tensors[access.tensor];
    if (f.trace) f.trace->memory(place.address, false);
    if (access.check && !t.known && !(*t.marks)[place.dense])
        fail(access.loc, "{} is read, and nothing was stored there", access.element(f, lane));
    if constexpr (!std::same_as<R, Value>) {
        if (container != Container::value) {
            const R x = read_native<R>(container, place.address);
            if constexpr (std::integral<R>) {
                if (access.check && partial && !in_range(type, x))
                    fail(access.loc, "{} holds {}, which is no {}", access.element(f, lane),
                         static_cast<int64_t>(x), type.str());
            }
            return x;
        }
    }
    return from_value<R>(load_element(type, place.address));
}

template <class R> void ElementIo<R>::write(Frame& f, const Access& access, Place place, const R& x) const {
    TensorState& t = f.tensors[access.tensor];
    if (f.trace) f.trace->memory(place.address, true);
    if (!t.known) (*t.marks)[place.dense] = 1;
    if constexpr (!std::same_as<R, Value>) {
        if (container != Container::value) {
            write_native(container, place.address, x);
            return;
        }
    }
    store_element(type, place.address, to_value(type, x));
}

template class ElementIo<int64_t>;
template class ElementIo<Wide>;
template class ElementIo<double>;
template class ElementIo<Value>;

} // namespace lathe::ir::interpreter
