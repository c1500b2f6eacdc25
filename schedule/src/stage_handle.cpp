#include "state.h"

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

std::string word(Tail t) {
    switch (t) {
    case Tail::guard:
        return "guard";
    case Tail::shift_inwards:
        return "shift_inwards";
    case Tail::peel:
        return "peel";
    case Tail::exact:
        return "exact";
    }
    throw InternalError("unknown tail");
}

} // namespace

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
    for (const Definition& d : owner->state->definitions)
        if (d.func == func) every.push_back(d.index);
    return {*owner, func, std::move(every), location};
}

StageHandle StageHandle::write_back(Loc loc) const {
    int count = owner->state->definition_count(func);
    if (!owner->state->definition(func, count))
        fail(loc, "{} has no accumulator of its own, so nothing is written back. See quantize", func.name());
    return {*owner, func, {count}, location};
}

Step StageHandle::step(const char* primitive, std::vector<LoopRef> loops, Loc loc) const {
    Step s;
    s.primitive = primitive;
    s.func = func;
    s.loc = loc;
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
        fail(s.loc, "{} makes new loops, so it works on one definition of {} at a time", s.primitive,
             func.name());
    s.definition = definitions[0];
    return owner->run({std::move(s)});
}

std::array<Loop, 2> StageHandle::split(const LoopRef& loop, int64_t factor, Tail tail,
                                       const SplitNames& names, Loc loc) {
    Step s = step("split", {loop}, loc);
    s.numbers = {factor};
    s.words = {word(tail), names.outer, names.inner};
    auto made = apply_one(std::move(s));
    return {Loop(made[0]), Loop(made[1])};
}

std::array<Loop, 4> StageHandle::tile(const std::array<LoopRef, 2>& loops,
                                      const std::array<int64_t, 2>& factors, Tail tail, Loc loc) {
    if (tail == Tail::peel)
        fail(loc, "tile takes no Tail::peel, after which the loops are not nested in each other. Try "
                  "Tail::guard, and separate to give full tiles code of their own");
    Schedule before = *owner;
    try {
        auto [io, ii] = split(loops[0], factors[0], tail, {}, loc);
        auto [jo, ji] = split(loops[1], factors[1], tail, {}, loc);
        reorder({io, jo, ii, ji}, loc);
        return {io, jo, ii, ji};
    } catch (...) {
        *owner = before;
        throw;
    }
}

StageHandle& StageHandle::reorder(const std::vector<LoopRef>& loops, Loc loc) {
    return apply(step("reorder", loops, loc));
}

Loop StageHandle::fuse(const LoopRef& outer, const LoopRef& inner, const std::string& name, Loc loc) {
    Step s = step("fuse", {outer, inner}, loc);
    s.words = {name};
    return Loop(apply_one(std::move(s))[0]);
}

StageHandle& StageHandle::tag(const char* primitive, const LoopArg& loop, std::vector<int64_t> numbers,
                              Loc loc) {
    Step s = step(primitive, {loop.loop}, loc);
    s.every = loop.every;
    s.numbers = std::move(numbers);
    return apply(std::move(s));
}

StageHandle& StageHandle::serial(const LoopArg& loop, Loc loc) {
    return tag("serial", loop, {}, loc);
}
StageHandle& StageHandle::parallel(const LoopArg& loop, Loc loc) {
    return tag("parallel", loop, {}, loc);
}
StageHandle& StageHandle::unroll(const LoopArg& loop, Loc loc) {
    return tag("unroll", loop, {}, loc);
}
StageHandle& StageHandle::unroll(const LoopArg& loop, int64_t n, Loc loc) {
    return tag("unroll", loop, {n}, loc);
}
StageHandle& StageHandle::vectorize(const LoopArg& loop, Loc loc) {
    return tag("vectorize", loop, {}, loc);
}
StageHandle& StageHandle::vectorize(const LoopArg& loop, int64_t n, Loc loc) {
    return tag("vectorize", loop, {n}, loc);
}

StageHandle& StageHandle::pipeline(const LoopArg& loop, int64_t interval, Loc loc) {
    return tag("pipeline", loop, {interval}, loc);
}

StageHandle& StageHandle::rename(const LoopRef& loop, const std::string& name, Loc loc) {
    Step s = step("rename", {loop}, loc);
    s.words = {name};
    return apply(std::move(s));
}

StageHandle& StageHandle::fuse_init(const LoopRef& loop, Loc loc) {
    apply_one(step("fuse_init", {loop}, loc));
    return *this;
}
StageHandle& StageHandle::fuse_init(Loc loc) {
    apply_one(step("fuse_init", {}, loc));
    return *this;
}

std::array<LoopCopy, 2> StageHandle::separate(const std::vector<LoopRef>& loops, Loc loc) {
    if (loops.empty()) fail(loc, "separate needs the loops over tiles");
    apply_one(step("separate", loops, loc));
    std::array<std::vector<std::pair<Symbol, Symbol>>, 2> copies;
    const State& state = *owner->state;
    for (const auto& [original, fate] : state.fates)
        if (fate.step + 1 == state.steps.size()) { // what full tiles do not need is in the edge's copy alone
            copies[1].emplace_back(original, fate.images.back());
            if (fate.images.size() == 2) copies[0].emplace_back(original, fate.images[0]);
        }
    return {LoopCopy(std::move(copies[0])), LoopCopy(std::move(copies[1]))};
}

StageHandle& StageHandle::compute_at(const StageRef& consumer, const LoopRef& loop, Loc loc) {
    return compute_at((*owner)[consumer], loop, loc);
}

StageHandle& StageHandle::compute_at(const StageHandle& consumer, const LoopRef& loop, Loc loc) {
    if (consumer.definitions.size() != 1)
        fail(loc, "compute_at needs one definition of {}", consumer.func.name());
    Step s = step("compute_at", {loop}, loc);
    s.target = consumer.func;
    s.target_definition = consumer.definitions[0];
    owner->run({std::move(s)});
    return *this;
}

StageHandle& StageHandle::compute_root(Loc loc) {
    owner->run({step("compute_root", {}, loc)});
    return *this;
}

StageHandle& StageHandle::store_in(const MemorySpace& space, Loc loc) {
    Step s = step("store_in", {}, loc);
    s.words = {space.name()};
    owner->run({std::move(s)});
    return *this;
}

void StageHandle::inline_(Loc loc) {
    owner->run({step("inline_", {}, loc)});
}

} // namespace lathe
