#include "../primitive/inline.h"
#include "state.h"

#include "lathe/dsl/kernel.h"
#include "lathe/ir/print.h"

#include <algorithm>
#include <set>

namespace lathe {

namespace {

std::shared_ptr<const State> initial(Algorithm a) {
    auto state = std::make_shared<State>();
    state->algorithm = std::move(a);
    state->derive("Schedule", {});
    return state;
}

} // namespace

Schedule::Schedule(Algorithm algorithm) : state(initial(std::move(algorithm))) {}
Schedule::Schedule(const Func& output) : Schedule(build({output})) {}
Schedule::Schedule(const Kernel& kernel) : Schedule(build(kernel)) {}
Schedule::Schedule(const std::vector<Func>& outputs) : Schedule(build(outputs)) {}
Schedule::Schedule(const std::vector<Input>& inputs, const std::vector<Func>& outputs)
    : Schedule(build(outputs, inputs)) {}

StageHandle Schedule::operator[](const StageRef& stage) {
    return this->stage(stage.func, stage.loc);
}

StageHandle Schedule::stage(const Symbol& func, Loc loc) {
    int count = state->definition_count(func);
    if (count == 0) fail(loc, "{} is no Func of this schedule's algorithm", func.name());
    return {*this, func, {count - 1}, loc};
}

Schedule& Schedule::compute_at(const StageRef& producer, const StageRef& consumer, const LoopRef& loop,
                               Loc loc) {
    (*this)[producer].compute_at(consumer, loop, loc);
    return *this;
}
Schedule& Schedule::compute_root(const StageRef& func, Loc loc) {
    (*this)[func].compute_root(loc);
    return *this;
}
Schedule& Schedule::store_in(const StageRef& func, const MemorySpace& space, Loc loc) {
    (*this)[func].store_in(space, loc);
    return *this;
}
Schedule& Schedule::inline_(const StageRef& func, Loc loc) {
    (*this)[func].inline_(loc);
    return *this;
}

Schedule& Schedule::inline_all_pure(Loc loc) {
    std::set<Symbol> outputs;
    for (const Argument& a : state->module.top().arguments)
        outputs.insert(a.tensor.symbol);
    std::vector<Symbol> pure;
    for (const Definition& d : state->algorithm.definitions)
        if (!outputs.contains(d.func) && !state->is_kernel(d.func) && can_be_inlined(*state, d.func))
            pure.push_back(d.func);
    Schedule work = *this;
    for (const Symbol& f : pure)
        work.stage(f, loc).inline_(loc);
    state = work.state;
    return *this;
}

TensorRef::TensorRef(const KernelArray& t) : symbol(t.symbol()) {}

/// Values of a Func of several have types of their own, and share its definitions.
static void check_value_step(const TensorRef& t, const QuantizeOptions& options, const Definition& owner,
                             Loc loc) {
    if (!t.is_value)
        fail(loc, "{0} holds {1} values: name one, as in TensorRef({0}, 0)", owner.name,
             owner.tensors.size());
    if (options.accumulate.kind() != Accumulate::Kind::tensor)
        fail(loc, "{} holds {} values, which change together: it has no accumulator. Give it the type alone",
             owner.name, owner.tensors.size());
    if (options.literals)
        fail(loc, "{} holds {} values, which share its literals: cast them in the algorithm", owner.name,
             owner.tensors.size());
}

Schedule& Schedule::quantize(const TensorRef& tensor, Type type, const QuantizeOptions& options, Loc loc) {
    return quantize(std::vector{tensor}, type, options, loc);
}

Schedule& Schedule::quantize(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options,
                             Loc loc) {
    auto next = std::make_shared<State>(*state);
    const Function& f = state->algorithm.module.top();
    std::string names;
    const auto check_type = [&](Type t) {
        if (!t.is_element()) fail(loc, "quantize to {}: a tensor has elements of a sized type", t.str());
    };
    check_type(type);
    if (options.accumulate.kind() == Accumulate::Kind::type) check_type(options.accumulate.type());
    for (const TensorRef& t : tensors) {
        TypeStep step{t.symbol, type, options, loc, {}, {}};
        names += (names.empty() ? "" : ", ") + t.symbol.name();
        bool argument = std::any_of(f.arguments.begin(), f.arguments.end(),
                                    [&](const Argument& a) { return a.tensor.symbol == t.symbol; });
        const Definition* owner = state->owner(t.symbol);
        if (!argument && !owner && state->definition_count(t.symbol) == 0)
            fail(loc, "{} is no Func or Input of this schedule's algorithm", t.symbol.name());
        if (owner && owner->tensors.size() > 1) check_value_step(t, options, *owner, loc);
        if (options.accumulate.kind() != Accumulate::Kind::tensor) {
            if (state->definition_count(t.symbol) < 2)
                fail(loc, "{} has no update, so it has no accumulator. Give it the type alone",
                     t.symbol.name());
            step.accumulator = Symbol(t.symbol.name() + ".acc");
            for (const auto& [variable, loop] : state->definition(t.symbol, 0)->loops)
                step.copy_loops.emplace_back(variable.name());
        }
        next->types.push_back(std::move(step));
    }
    next->derive(fmt::format("quantize({}, {})", names, type.str()), loc);
    state = std::move(next);
    return *this;
}

Schedule& Schedule::bind(const Param& size, int64_t value, Loc loc) {
    const std::vector<Param>& params = state->base.top().params;
    const auto found = std::ranges::find(params, size.symbol, &Param::symbol);
    const std::string& name = size.symbol.name();
    const auto bound = state->sizes.find(size.symbol);
    if (bound != state->sizes.end()) fail(loc, "{} is bound to {} already", name, bound->second);
    if (found == params.end()) fail(loc, "{} is no parameter of this schedule's algorithm", name);
    if (!found->type.is_index())
        fail(loc, "{} is of {}, and bind gives a size a value. A scalar stays an argument", name,
             found->type.str());
    if (value < 0) fail(loc, "bind({}, {}): a size is not negative", name, value);
    auto next = std::make_shared<State>(*state);
    next->sizes[size.symbol] = value;
    next->derive(fmt::format("bind({}, {})", name, value), loc);
    state = std::move(next);
    return *this;
}

Schedule& Schedule::disable_contraction(Loc loc) {
    auto next = std::make_shared<State>(*state);
    next->contraction = false;
    next->derive("disable_contraction()", loc);
    state = std::move(next);
    return *this;
}

std::vector<Symbol> Schedule::run(std::vector<Step> steps) {
    auto next = std::make_shared<State>(*state);
    for (Step& s : steps)
        next->apply(std::move(s));
    std::vector<Symbol> made = next->steps.empty() ? std::vector<Symbol>() : next->steps.back().results;
    state = std::move(next);
    return made;
}

const Module& Schedule::module() const {
    return state->module;
}
const Module& Schedule::reference() const {
    return state->base;
}
const std::vector<std::string>& Schedule::warnings() const {
    return state->warnings;
}
const std::vector<Step>& Schedule::steps() const {
    return state->steps;
}

std::string print(const Schedule& s) {
    return print(s.module());
}
std::string loop_tree(const Schedule& s) {
    return loop_tree(s.module());
}

} // namespace lathe
