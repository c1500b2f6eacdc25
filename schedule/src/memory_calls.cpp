/// \file The calls of Schedule on how tensors are stored.

#include "../primitive/align_storage.h"
#include "../primitive/pack.h"
#include "../primitive/partition.h"
#include "../primitive/reorder_storage.h"
#include "../primitive/reshape.h"
#include "../primitive/store_in.h"
#include "../primitive/unpack.h"
#include "storage.h"

#include <algorithm>

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

/// A tensor that a called kernel has for itself, as its Function names it.
Symbol of_called_kernel(const State& s, const Symbol& tensor, Loc loc) {
    std::set<Symbol> all;
    for (const Definition& d : s.algorithm->definitions)
        for (const auto& [user, own] : d.arrays)
            if (user == tensor) all.insert(own);
    if (all.empty()) fail(loc, "{} is no tensor of this schedule's algorithm", tensor.name());
    if (all.size() > 1)
        fail(loc, "{} is a tensor of {} kernels: give each one of its own", tensor.name(), all.size());
    return *all.begin();
}

Step on_tensor(const State& s, const Primitive& p, const TensorRef& tensor, std::vector<int64_t> numbers,
               std::vector<std::string> words, Loc loc) {
    const Definition* of = s.owner(tensor.symbol);
    if (of && of->tensors.size() > 1 && !tensor.is_value)
        fail(loc, "{0} holds {1} values: name one, as in TensorRef({0}, 0)", of->name, of->tensors.size());
    Step step;
    step.primitive = &p;
    step.func = tensor.symbol;
    if (!s.has_tensor(tensor.symbol)) step.func = of_called_kernel(s, tensor.symbol, loc);
    step.numbers = std::move(numbers);
    step.words = std::move(words);
    step.loc = loc;
    return step;
}

} // namespace

Schedule& Schedule::partition(const TensorRef& tensor, Partition kind, int dimension, int64_t factor,
                              Loc loc) {
    std::vector<int64_t> numbers{dimension};
    if (kind != Partition::complete || factor != 0) numbers.push_back(factor);
    run({on_tensor(*state, primitives::partition, tensor, std::move(numbers), {partition_name(kind)}, loc)});
    return *this;
}

Schedule& Schedule::reshape(const TensorRef& tensor, const Shape& shape, Loc loc) {
    std::vector<int64_t> numbers;
    for (const Extent& e : shape.extents()) {
        const auto n = as_int(simplify(e.extent().expr()));
        if (!n || as_int(simplify(e.min().expr())) != 0)
            fail(loc, "reshape({}): an extent of the new shape is not constant, or does not begin at 0",
                 tensor.symbol.name());
        numbers.push_back(*n);
    }
    if (numbers.empty()) fail(loc, "reshape({}): the new shape has no dimension", tensor.symbol.name());
    run({on_tensor(*state, primitives::reshape, tensor, std::move(numbers), {}, loc)});
    return *this;
}

Schedule& Schedule::pack(const TensorRef& tensor, int dimension, int64_t n, Loc loc) {
    run({on_tensor(*state, primitives::pack, tensor, {dimension, n}, {""}, loc)});
    return *this;
}
Schedule& Schedule::pack(const TensorRef& tensor, Type word, Loc loc) {
    run({on_tensor(*state, primitives::pack, tensor, {}, {word.str()}, loc)});
    return *this;
}
Schedule& Schedule::unpack(const TensorRef& tensor, int dimension, int64_t n, Loc loc) {
    run({on_tensor(*state, primitives::unpack, tensor, {dimension, n}, {""}, loc)});
    return *this;
}
Schedule& Schedule::unpack(const TensorRef& tensor, Type word, Loc loc) {
    run({on_tensor(*state, primitives::unpack, tensor, {}, {word.str()}, loc)});
    return *this;
}

Schedule& Schedule::reorder_storage(const TensorRef& tensor, const std::vector<int>& order, Loc loc) {
    if (order.empty()) fail(loc, "reorder_storage({}) needs dimensions", tensor.symbol.name());
    run({on_tensor(*state, primitives::reorder_storage, tensor, {order.begin(), order.end()}, {}, loc)});
    return *this;
}

Schedule& Schedule::align_storage(const TensorRef& tensor, int dimension, int64_t multiple, Loc loc) {
    run({on_tensor(*state, primitives::align_storage, tensor, {dimension, multiple}, {}, loc)});
    return *this;
}

Schedule& Schedule::store_in(const TensorRef& tensor, const MemorySpace& space, Loc loc) {
    run({on_tensor(*state, primitives::store_in, tensor, {}, {space.name()}, loc)});
    return *this;
}
Schedule& Schedule::store_in(const Func& func, const MemorySpace& space, Loc loc) {
    return store_in(StageRef(func, loc), space, loc);
}

} // namespace lathe
