#include "../primitive/inline_.h"
#include "../primitive/stencil.h"
#include "calls.h"
#include "state.h"

#include "lathe/dsl/kernel.h"
#include "lathe/ir/print.h"
#include "lathe/ir/text.h"

#include <algorithm>
#include <set>

namespace lathe {

using namespace ir;
using namespace schedule;

namespace {

std::shared_ptr<const State> initial(Algorithm a) {
    auto state = std::make_shared<State>();
    state->algorithm = std::make_shared<const Algorithm>(std::move(a));
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

Schedule& Schedule::compute_at(const StageRef& producer, const StageRef& consumer, const LoopArg& loop,
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

TensorRef Schedule::reuse_at(const TensorRef& tensor, const StageRef& consumer, const LoopRef& loop,
                             Loc loc) {
    return (*this)[consumer].reuse_at(tensor, loop, loc);
}

TensorRef Schedule::buffer_at(const StageRef& stage, const LoopRef& loop, Loc loc) {
    return (*this)[stage].buffer_at(loop, loc);
}
TensorRef Schedule::buffer_at(const TensorRef& tensor, const StageRef& stage, const LoopRef& loop, Loc loc) {
    return (*this)[stage].buffer_at(tensor, loop, loc);
}

Schedule& Schedule::stream(const StageRef& producer, const StageRef& consumer, int64_t depth, Loc loc) {
    (*this)[producer].stream(consumer, depth, loc);
    return *this;
}

Schedule& Schedule::dataflow(const StageRef& stage, Loc loc) {
    (*this)[stage].dataflow(loc);
    return *this;
}

Schedule& Schedule::unfold(const StageRef& stage, const LoopRef& loop, Loc loc) {
    (*this)[stage].unfold(loop, loc);
    return *this;
}
Schedule& Schedule::relay(const TensorRef& tensor, const StageRef& stage, const LoopRef& loop, Loc loc) {
    (*this)[stage].relay(tensor, loop, loc);
    return *this;
}

Schedule& Schedule::to(const StageRef& stage, Side side, Loc loc) {
    (*this)[stage].to(side, loc);
    return *this;
}

Schedule& Schedule::inline_call(const StageRef& callee, Loc loc) {
    const Symbol of = (*this)[callee].func;
    std::vector<std::pair<Symbol, int>> callers;
    const std::set<std::string> names = called_as(*state, of);
    for (const Definition& d : *state->definitions) {
        const Function* own = state->function_of(d.func);
        bool calls = false;
        replace_calls(own ? own->body : state->module.top().body, d.func, d.index, names,
                      [&](const CallStmt&, const Stmt& self, bool) {
                          calls = true;
                          return self;
                      });
        if (calls) callers.emplace_back(d.func, d.index);
    }
    if (callers.empty()) fail(loc, "inline_call({0}): nobody calls {0}", of.name());
    Schedule work = *this;
    for (const auto& [func, definition] : callers)
        StageHandle(work, func, {definition}, loc).inline_call(callee, loc);
    state = work.state;
    return *this;
}

Schedule& Schedule::inline_all_pure(Loc loc) {
    std::set<Symbol> outputs;
    for (const Argument& a : state->module.top().arguments)
        outputs.insert(a.tensor.symbol);
    std::vector<Symbol> pure;
    for (const Definition& d : state->algorithm->definitions)
        if (!outputs.contains(d.func) && !state->is_kernel(d.func) && can_be_inlined(*state, d.func))
            pure.push_back(d.func);
    Schedule work = *this;
    for (const Symbol& f : pure)
        work.stage(f, loc).inline_(loc);
    state = work.state;
    return *this;
}

TensorRef::TensorRef(const KernelArray& t) : symbol(t.symbol()) {}

Schedule& Schedule::quantize(const TensorRef& tensor, Type type, const QuantizeOptions& options, Loc loc) {
    return quantize(std::vector{tensor}, type, options, loc);
}

Schedule& Schedule::quantize(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options,
                             Loc loc) {
    return quantize(std::vector{TypeChoice{tensors, type, options}}, loc);
}

Schedule& Schedule::quantize(const std::vector<TypeChoice>& choices, Loc loc) {
    auto next = std::make_shared<State>(*state);
    std::string text;
    for (const TypeChoice& c : choices) {
        next->add_types(c.tensors, c.type, c.options, loc);
        std::string names;
        for (const TensorRef& t : c.tensors)
            names += (names.empty() ? "" : ", ") + t.symbol.name();
        text += (text.empty() ? "" : "; ") + names + ", " + c.type.str();
    }
    next->derive(fmt::format("quantize({})", text), loc);
    state = std::move(next);
    return *this;
}

Schedule& Schedule::bind(const Param& size, int64_t value, Loc loc) {
    auto next = std::make_shared<State>(*state);
    next->add_size(size, value, loc);
    next->derive(fmt::format("bind({}, {})", size.symbol.name(), value), loc);
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
    for (Step& s : steps) {
        for (const std::string& word : s.words)
            check_name(word, s.loc);
        if (const int64_t times = steps_in_time(s); times > 1) next->repeat(s.func, times, s.loc);
        next->apply(std::move(s));
    }
    std::vector<Symbol> made = next->steps.empty() ? std::vector<Symbol>() : next->steps.back().results;
    state = std::move(next);
    return made;
}

Schedule& Schedule::call(Step step) {
    state->check_step(step);
    step.results.clear();
    // Loops as a trace names them: without the names that they were given since.
    const Definition* of = step.target ? state->definition(step.target, step.target_definition)
                                       : state->definition(step.func, step.definition);
    for (Symbol& loop : step.loops) {
        if (const auto made = state->made_by(loop, state->steps.size()))
            loop = state->steps[made->first].results[made->second];
        const auto own = std::ranges::find_if(
            of->loops, [&](const auto& l) { return l.second == loop || l.first == loop; });
        if (own != of->loops.end() &&
            std::ranges::count(of->loops, own->first, [](const auto& l) { return l.first; }) == 1)
            loop = own->first;
    }
    run({std::move(step)});
    return *this;
}

Schedule Schedule::without_steps() const {
    auto next = std::make_shared<State>(*state);
    next->steps = {};
    next->derive("without_steps()", {});
    Schedule plain = *this;
    plain.state = std::move(next);
    return plain;
}

size_t Schedule::queries() const {
    size_t asked = state->queries;
    for (const auto& [function, legal] : state->legal_tags)
        asked += legal.asked;
    return asked;
}

const Module& Schedule::module() const {
    return state->on_device.empty() ? state->module : state->sided;
}
const Module& Schedule::reference() const {
    return state->base;
}
const Module& Schedule::algorithm() const {
    return state->algorithm->module;
}
const std::vector<std::string>& Schedule::warnings() const {
    return state->warnings;
}
const Steps& Schedule::steps() const {
    return state->steps;
}
const std::vector<TypeStep>& Schedule::types() const {
    return state->types;
}

std::string print(const Schedule& s) {
    return print(s.module());
}
std::string loop_tree(const Schedule& s) {
    return loop_tree(s.module());
}

} // namespace lathe
