/// \file Memory of the checking interpreter.

#include "interpret_checking.h"

#include "lathe/ir/planted.h"

namespace lathe::ir::interpreter {

namespace {

/// The innermost iterations of the two in one run of a loop, or null: then they do not run at once.
struct AtOnce {
    const Iteration* first = nullptr;
    const Iteration* second = nullptr;
};

AtOnce at_once(const Iteration* a, const Iteration* b) {
    const auto depth = [](const Iteration* i) { return i ? i->depth : 0; };
    while (depth(a) > depth(b))
        a = a->outer;
    while (depth(b) > depth(a))
        b = b->outer;
    if (a == b) return {};
    while (a->outer != b->outer) {
        a = a->outer;
        b = b->outer;
    }
    return a->run == b->run ? AtOnce{a, b} : AtOnce{};
}

[[noreturn]] void conflict(const std::string& element, const char* first, const Element::Touch& touched,
                           const char* second, Loc loc, const AtOnce& in) {
    fail(loc,
         "two iterations of the {} loop {} conflict: {} is {} at {} in iteration {} and {} at {} in "
         "iteration {}",
         in.first->loop->loop.name(), in.first->loop->var.name(), element, first, touched.loc.str(),
         in.first->index, second, loc.str(), in.second->index);
}

/// Whether the number in memory is one of the type.
bool holds_its_type(Type t, const std::byte* p) {
    if (!t.is_exact() || t.width() > 64 || t.width() == container_bits(t)) return true;
    const Type container = t.is_signed() ? Int(container_bits(t)) : UInt(container_bits(t));
    const mpz_class m = load_element(container, p).raw(), high = m >> (t.width() - t.is_signed());
    return sgn(high) == 0 || (t.is_signed() && high == -1);
}

} // namespace

CheckedTensor::CheckedTensor(const TensorState& s, Type declared, bool never_written)
    : name(s.name), type(declared), buffer(s.buffer), memory(s.memory), element_size(s.element_size),
      constant(never_written), folds(s.folds), elements(static_cast<size_t>(s.buffer.size())) {
    for (Element& e : elements)
        e.written = s.known;
}

CheckedTensor::Place CheckedTensor::locate(const std::vector<int64_t>& at, Loc loc) const {
    if (static_cast<int>(at.size()) != buffer.rank())
        fail(loc, "{} has {} dimensions and is accessed with {} subscripts", name, buffer.rank(), at.size());
    int64_t dense = 0, shared = 0, offset = 0;
    for (size_t d = 0; d < at.size(); ++d) {
        const int k = static_cast<int>(d);
        const int64_t min = buffer.min(k), extent = buffer.extent(k);
        if (at[d] < min || at[d] >= min + extent) {
            const std::string range =
                extent == 0 ? "is empty" : fmt::format("runs from {} to {}", min, min + extent - 1);
            fail(loc, "{}[{}] is out of bounds: subscript {} is {}, and dimension {} of {} {}", name,
                 fmt::join(at, ", "), d, at[d], d, name, range);
        }
        const int64_t fold = folds.empty() ? 0 : folds[d], from_first = at[d] - min;
        const int64_t position = fold > 0 ? from_first % fold : from_first;
        dense = dense * extent + from_first;
        shared = shared * (fold > 0 ? std::min(fold, extent) : extent) + position;
        offset += position * buffer.stride(k);
    }
    return {buffer.data() + offset * element_size, static_cast<size_t>(dense), static_cast<size_t>(shared)};
}

std::string CheckedTensor::element(size_t dense) const {
    std::vector<int64_t> at(static_cast<size_t>(buffer.rank()));
    auto rest = static_cast<int64_t>(dense);
    for (size_t d = at.size(); d-- > 0;) {
        const int k = static_cast<int>(d);
        at[d] = buffer.min(k) + rest % buffer.extent(k);
        rest /= buffer.extent(k);
    }
    return fmt::format("{}[{}]", name, fmt::join(at, ", "));
}

void CheckedTensor::touch_read(const Place& p, const Iteration* in, Loc loc) {
    if (constant) return;
    Element& e = elements[p.shared];
    if (const AtOnce both = at_once(e.last_write.in, in); both.first)
        conflict(element(p.dense), "written", e.last_write, "read", loc, both);
    if (e.reads.empty() || e.reads.back().in != in) e.reads.push_back({in, loc});
}

void CheckedTensor::touch_write(const Place& p, const Iteration* in, Loc loc) {
    Element& e = elements[p.shared];
    for (const Element::Touch& r : e.reads)
        if (const AtOnce both = at_once(r.in, in); both.first)
            conflict(element(p.dense), "read", r, "written", loc, both);
    if (const AtOnce both = at_once(e.last_write.in, in); both.first)
        conflict(element(p.dense), "written", e.last_write, "written", loc, both);
    e.last_write = {in, loc};
    e.reads.clear();
    e.written = true;
    e.holds = p.dense;
}

Term CheckedTensor::read(const Place& p, const Iteration* in, Loc loc) {
    const Element& e = elements[p.shared];
    if (!e.written) fail(loc, "{} is read, and nothing was stored there", element(p.dense));
    if (!folds.empty() && !constant && !planted.has(Fault::held_unchecked) && e.holds != p.dense)
        fail(loc, "{} is read, and its place holds {}, which was stored there later", element(p.dense),
             element(e.holds));
    touch_read(p, in, loc);
    Value v = load_element(type, p.address);
    if (!holds_its_type(type, p.address))
        fail(loc, "{} holds {}, which is no {}", element(p.dense), v.str(), type.str());
    return {std::move(v), e.hash, e.load_free, e.sum};
}

void CheckedTensor::write(const Place& p, const Term& x, const Iteration* in, Loc loc) {
    touch_write(p, in, loc);
    Element& e = elements[p.shared];
    e.hash = x.hash;
    e.sum = x.sum;
    e.load_free = x.load_free;
    store_element(type, p.address, x.value);
}

CheckedTensor& Lane::tensor(const Symbol& s, Loc loc) const {
    const auto found = tensors.find(s);
    if (found == tensors.end()) fail(loc, "the tensor {} is accessed where it does not exist", s.name());
    return *found->second;
}

} // namespace lathe::ir::interpreter
