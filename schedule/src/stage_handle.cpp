#include "../primitive/buffer_at.h"
#include "../primitive/call.h"
#include "../primitive/compute_at.h"
#include "../primitive/compute_root.h"
#include "../primitive/dataflow.h"
#include "../primitive/fuse.h"
#include "../primitive/fuse_init.h"
#include "../primitive/inline_.h"
#include "../primitive/inline_call.h"
#include "../primitive/outline.h"
#include "../primitive/parallel.h"
#include "../primitive/pipeline.h"
#include "../primitive/relay.h"
#include "../primitive/rename.h"
#include "../primitive/reorder.h"
#include "../primitive/reuse_at.h"
#include "../primitive/separate.h"
#include "../primitive/serial.h"
#include "../primitive/split.h"
#include "../primitive/store_in.h"
#include "../primitive/stream.h"
#include "../primitive/to.h"
#include "../primitive/unfold.h"
#include "../primitive/unroll.h"
#include "../primitive/vectorize.h"
#include "state.h"

namespace lathe {

using namespace ir;
using namespace schedule;

AllLoops all(const LoopRef& loop) {
    return {loop};
}
AllLoops Loop::all(Loc loc) const {
    return {LoopRef(identity, name(), loc)};
}

Loop LoopCopy::operator()(const LoopRef& loop) const {
    for (const auto& [original, copy] : loops)
        if (original == loop.symbol) return Loop(copy);
    fail(loop.loc, "loop {} was not inside the loops that were separated, or this copy never runs it",
         loop.name);
}

StageHandle::StageHandle(Schedule& s, Symbol f, std::vector<int> d, Loc l)
    : owner(&s), func(std::move(f)), definitions(std::move(d)), location(l) {}

StageHandle StageHandle::init() const {
    return {*owner, func, {0}, location};
}

StageHandle StageHandle::update(int n, Loc loc) const {
    int count = owner->state->definition_count(func);
    if (n < 0 || n + 1 >= count) fail(loc, "{} has no update {}: it has {}", func.name(), n, count - 1);
    return {*owner, func, {n + 1}, location};
}

StageHandle StageHandle::all() const {
    std::vector<int> every;
    for (const Definition& d : *owner->state->definitions)
        if (d.func == func) every.push_back(d.index);
    return {*owner, func, std::move(every), location};
}

StageHandle StageHandle::write_back(Loc loc) const {
    int count = owner->state->definition_count(func);
    if (!owner->state->definition(func, count))
        fail(loc, "{} has no accumulator of its own, so nothing is written back. See quantize", func.name());
    return {*owner, func, {count}, location};
}

Step StageHandle::step(const Primitive& primitive, std::vector<LoopRef> loops, Loc loc) const {
    Step s;
    s.primitive = &primitive;
    s.func = func;
    s.loc = loc;
    s.part_of = part_of;
    for (LoopRef& l : loops)
        s.loops.push_back(l.name == l.symbol.name() ? l.symbol : l.symbol.renamed(l.name));
    return s;
}

StageHandle& StageHandle::apply(Step s) {
    std::vector<Step> steps;
    for (int d : definitions) {
        steps.push_back(s);
        steps.back().definition = d;
    }
    owner->run(std::move(steps));
    return *this;
}

std::vector<Symbol> StageHandle::apply_one(Step s) {
    if (definitions.size() != 1)
        fail(s.loc, "{} makes new loops, so it works on one definition of {} at a time",
             part_of.empty() ? std::string(s.primitive->name) : part_of, func.name());
    s.definition = definitions[0];
    return owner->run({std::move(s)});
}

std::array<Loop, 2> StageHandle::split(const LoopRef& loop, int64_t factor, Tail tail,
                                       const SplitNames& names, Loc loc) {
    Step s = step(primitives::split, {loop}, loc);
    s.numbers = {factor};
    s.words = {std::string(word(tail)), names.outer, names.inner};
    auto made = apply_one(std::move(s));
    return {Loop(made[0]), Loop(made[1])};
}

std::array<Loop, 4> StageHandle::tile(const std::array<LoopRef, 2>& loops,
                                      const std::array<int64_t, 2>& factors, Tail tail, Loc loc) {
    if (tail == Tail::peel)
        fail(loc, "tile takes no Tail::peel, after which the loops are not nested in each other. Try "
                  "Tail::guard, and separate to give full tiles code of their own");
    const std::string call =
        fmt::format("tile({}, {}, {}, {})", loops[0].name, loops[1].name, factors[0], factors[1]);
    StageHandle part = *this;
    part.part_of = call;
    Schedule before = *owner;
    try {
        auto [io, ii] = part.split(loops[0], factors[0], tail, {}, loc);
        auto [jo, ji] = part.split(loops[1], factors[1], tail, {}, loc);
        part.reorder({io, jo, ii, ji}, loc);
        return {io, jo, ii, ji};
    } catch (...) {
        *owner = before;
        throw;
    }
}

StageHandle& StageHandle::reorder(const std::vector<LoopRef>& loops, Loc loc) {
    return apply(step(primitives::reorder, loops, loc));
}

Loop StageHandle::fuse(const LoopRef& outer, const LoopRef& inner, const std::string& name, Loc loc) {
    Step s = step(primitives::fuse, {outer, inner}, loc);
    s.words = {name};
    return Loop(apply_one(std::move(s))[0]);
}

StageHandle& StageHandle::tag(const Primitive& primitive, const LoopArg& loop, std::vector<int64_t> numbers,
                              Loc loc) {
    Step s = step(primitive, {loop.loop}, loc);
    s.every = loop.every;
    s.numbers = std::move(numbers);
    return apply(std::move(s));
}

Blocks StageHandle::blocks(const Primitive& primitive, const LoopArg& loop, int64_t n, Loc loc) {
    tag(primitive, loop, {n}, loc);
    std::vector<Symbol> made = owner->state->steps.back().results;
    if (definitions.size() != 1) made.clear();
    return {*this, std::move(made)};
}

Loop Blocks::one(size_t n, Loc loc) const {
    if (made.size() != 2)
        fail(loc, "the loop was split in several places: name their loops one by one, or by all(loop)");
    return Loop(made[n]);
}

StageHandle& StageHandle::serial(const LoopArg& loop, Loc loc) {
    return tag(primitives::serial, loop, {}, loc);
}
StageHandle& StageHandle::parallel(const LoopArg& loop, Loc loc) {
    return tag(primitives::parallel, loop, {}, loc);
}
StageHandle& StageHandle::unroll(const LoopArg& loop, Loc loc) {
    return tag(primitives::unroll, loop, {}, loc);
}
Blocks StageHandle::unroll(const LoopArg& loop, int64_t n, Loc loc) {
    return blocks(primitives::unroll, loop, n, loc);
}
StageHandle& StageHandle::vectorize(const LoopArg& loop, Loc loc) {
    return tag(primitives::vectorize, loop, {}, loc);
}
Blocks StageHandle::vectorize(const LoopArg& loop, int64_t n, Loc loc) {
    return blocks(primitives::vectorize, loop, n, loc);
}

StageHandle& StageHandle::pipeline(const LoopArg& loop, int64_t interval, Loc loc) {
    return tag(primitives::pipeline, loop, {interval}, loc);
}

StageHandle& StageHandle::rename(const LoopRef& loop, const std::string& name, Loc loc) {
    Step s = step(primitives::rename, {loop}, loc);
    s.words = {name};
    return apply(std::move(s));
}

StageHandle StageHandle::call(const StageRef& callee, int64_t n, Loc loc) {
    return call((*owner)[callee], n, loc);
}

StageHandle StageHandle::call(const StageHandle& callee, int64_t n, Loc loc) {
    if (const auto own = own_copy(*owner->state, func, definitions[0], callee.func, n))
        return {*owner, *own, {0}, loc};
    Step s = step(primitives::call, {}, loc);
    s.target = callee.func;
    s.numbers = {n};
    return {*owner, apply_one(std::move(s))[0], {0}, loc};
}

StageHandle& StageHandle::inline_call(const StageRef& callee, Loc loc) {
    return inline_call((*owner)[callee], loc);
}

StageHandle& StageHandle::inline_call(const StageHandle& callee, Loc loc) {
    Step s = step(primitives::inline_call, {}, loc);
    s.target = callee.func;
    return apply(std::move(s));
}

StageHandle& StageHandle::inline_call(const StageRef& callee, int64_t n, Loc loc) {
    Step s = step(primitives::inline_call, {}, loc);
    s.target = (*owner)[callee].func;
    s.numbers = {n};
    return apply(std::move(s));
}

StageHandle StageHandle::outline(const LoopRef& loop, const std::string& name, Loc loc) {
    Step s = step(primitives::outline, {loop}, loc);
    s.words = {name};
    return {*owner, apply_one(std::move(s))[0], {0}, loc};
}

StageHandle& StageHandle::fuse_init(const LoopRef& loop, Loc loc) {
    apply_one(step(primitives::fuse_init, {loop}, loc));
    return *this;
}
StageHandle& StageHandle::fuse_init(Loc loc) {
    apply_one(step(primitives::fuse_init, {}, loc));
    return *this;
}

std::array<LoopCopy, 2> StageHandle::separate(const std::vector<LoopRef>& loops, Loc loc) {
    if (loops.empty()) fail(loc, "separate needs the loops over tiles");
    apply_one(step(primitives::separate, loops, loc));
    const auto& copies = owner->state->steps.back().copies;
    return {LoopCopy(copies[0]), LoopCopy(copies[1])};
}

StageHandle& StageHandle::stream(const StageRef& consumer, int64_t depth, Loc loc) {
    return stream((*owner)[consumer], depth, loc);
}

StageHandle& StageHandle::stream(const StageHandle& consumer, int64_t depth, Loc loc) {
    Step s = step(primitives::stream, {}, loc);
    if (depth != 0) s.numbers = {depth};
    s.target = consumer.func;
    owner->run({std::move(s)});
    return *this;
}

StageHandle& StageHandle::dataflow(Loc loc) {
    owner->run({step(primitives::dataflow, {}, loc)});
    return *this;
}

StageHandle& StageHandle::unfold(const LoopRef& loop, Loc loc) {
    return apply(step(primitives::unfold, {loop}, loc));
}

StageHandle& StageHandle::relay(const TensorRef& tensor, const LoopRef& loop, Loc loc) {
    Step s = step(primitives::relay, {loop}, loc);
    s.tensor = tensor.symbol;
    return apply(std::move(s));
}

StageHandle& StageHandle::compute_at(const StageRef& consumer, const LoopArg& loop, Loc loc) {
    return compute_at((*owner)[consumer], loop, loc);
}

StageHandle& StageHandle::compute_at(const StageHandle& consumer, const LoopArg& loop, Loc loc) {
    if (consumer.definitions.size() != 1)
        fail(loc, "compute_at needs one definition of {}", consumer.func.name());
    Step s = step(primitives::compute_at, {loop.loop}, loc);
    s.every = loop.every;
    s.target = consumer.func;
    s.target_definition = consumer.definitions[0];
    owner->run({std::move(s)});
    return *this;
}

StageHandle& StageHandle::compute_root(Loc loc) {
    owner->run({step(primitives::compute_root, {}, loc)});
    return *this;
}

StageHandle& StageHandle::to(Side side, Loc loc) {
    Step s = step(primitives::to, {}, loc);
    s.words = {std::string(word(side))};
    owner->run({std::move(s)});
    return *this;
}

StageHandle& StageHandle::store_in(const MemorySpace& space, Loc loc) {
    Step s = step(primitives::store_in, {}, loc);
    s.words = {space.name()};
    owner->run({std::move(s)});
    return *this;
}

void StageHandle::inline_(Loc loc) {
    owner->run({step(primitives::inline_, {}, loc)});
}

TensorRef StageHandle::on_tensor(const Primitive& primitive, const Symbol& tensor, const LoopRef& loop,
                                 Loc loc) {
    Step s = step(primitive, {loop}, loc);
    s.tensor = tensor;
    for (const int d : definitions)
        for (const auto& [user, own] : owner->state->definition(func, d)->arrays)
            if (user == tensor) s.tensor = own;
    return TensorRef(apply_one(std::move(s))[0]);
}

/// \throws Error when it is a Func of several values, and no one of them.
static const Symbol& one_value(const State& state, const TensorRef& tensor, Loc loc) {
    const Definition* of = state.owner(tensor.symbol);
    if (of && of->tensors.size() > 1 && !tensor.is_value)
        fail(loc, "{0} holds {1} values: name one, as in TensorRef({0}, 0)", of->name, of->tensors.size());
    return tensor.symbol;
}

TensorRef StageHandle::reuse_at(const TensorRef& tensor, const LoopRef& loop, Loc loc) {
    return on_tensor(primitives::reuse_at, one_value(*owner->state, tensor, loc), loop, loc);
}

TensorRef StageHandle::buffer_at(const LoopRef& loop, Loc loc) {
    TensorRef own(func);
    own.is_value = false;
    return buffer_at(own, loop, loc);
}

TensorRef StageHandle::buffer_at(const TensorRef& tensor, const LoopRef& loop, Loc loc) {
    return on_tensor(primitives::buffer_at, one_value(*owner->state, tensor, loc), loop, loc);
}

} // namespace lathe
