#include "edit.h"

#include "bind.h"
#include "iterate.h"
#include "lathe/ir/contract.h"
#include "losses.h"
#include "processes.h"
#include "retype.h"
#include "sides.h"
#include "steering.h"
#include "storage.h"

#include "../primitive/stencil.h"
#include "../primitive/store_in.h"

#include "lathe/ir/dependence.h"

#include <algorithm>
#include <limits>
#include <set>

namespace lathe::schedule {

std::optional<std::pair<size_t, size_t>> State::made_by(const Symbol& loop, size_t count) const {
    for (size_t n = count; n-- > 0;)
        for (size_t r = 0; r < steps[n].results.size(); ++r)
            if (steps[n].results[r] == loop) return {{n, r}};
    return std::nullopt;
}

const Definition* State::owner(const Symbol& tensor) const {
    const auto found = std::ranges::find_if(algorithm->definitions, [&](const Definition& d) {
        return std::ranges::find(d.tensors, tensor) != d.tensors.end();
    });
    return found == algorithm->definitions.end() ? nullptr : &*found;
}

const Definition* State::definition(const Symbol& func, int index) const {
    for (const Definition& d : *definitions)
        if (d.func == func && d.index == index) return &d;
    return nullptr;
}

int State::definition_count(const Symbol& func) const {
    int count = 0;
    for (const Definition& d : algorithm->definitions)
        count += d.func == func;
    return count == 0 && definition(func, 0) ? 1 : count;
}

std::optional<Symbol> State::stage_of(const Function& f) {
    std::set<Symbol> found;
    outermost_stages(f.body, found);
    return found.size() == 1 ? std::optional(*found.begin()) : std::nullopt;
}

const Function* State::function_of(const Symbol& stage) const {
    for (const Function& f : module.functions)
        if (stage_of(f) == stage) return &f;
    return nullptr;
}

bool State::has_tensor(const Symbol& tensor) const {
    const auto in = [&](const Module& m) {
        return std::ranges::any_of(m.functions, [&](const Function& f) { return declares(f, tensor); });
    };
    return in(module) || in(base);
}

bool State::is_kernel(const Symbol& func) const {
    const Function& f = base.top();
    const bool argument = std::any_of(f.arguments.begin(), f.arguments.end(),
                                      [&](const Argument& a) { return a.tensor.symbol == func; });
    return !argument && find_path(f.body, [&](const Stmt& s) {
                            const auto* a = s.as<Allocate>();
                            return a && a->find(func);
                        }).empty();
}

void State::check_step(const Step& s, std::string_view found_in) const {
    const Primitive* p = s.primitive;
    if (!p) fail(s.loc, "a step has no primitive");
    const bool of_tensor = p->acts_on == ActsOn::tensor;
    const bool known =
        of_tensor ? s.definition == 0 && has_tensor(s.func) : definition(s.func, s.definition) != nullptr;
    if (!known && of_tensor)
        fail(s.loc, "a step of {} names a tensor that this schedule does not have", p->name);
    if (!known || (s.target && !definition(s.target, s.target_definition)))
        fail(s.loc, "a step of {} names a definition that this schedule does not have", p->name);
    if (!p->loops.has(s.loops.size()) || !p->numbers.has(s.numbers.size()) ||
        s.words.size() != p->words.size() || bool(s.target) != (p->consumer || p->callee) ||
        bool(s.tensor) != p->tensor || (s.every && !p->every))
        fail(s.loc, "{}a step that {} does not take: {} loops{}, {} numbers, {} words{}{}", found_in, p->name,
             s.loops.size(), s.every ? " with all their copies" : "", s.numbers.size(), s.words.size(),
             s.target ? p->callee ? ", a callee" : ", a consumer" : "", s.tensor ? ", a tensor" : "");
}

/// The name of the primitive that made the last network of Funcs.
static std::string last_network(const Steps& steps) {
    std::string name;
    for (const Step& s : steps)
        if (makes_network(s)) name = s.primitive->name;
    return name;
}

void State::apply(Step step) {
    Edit edit(*this, step);
    const ActsOn on = step.primitive->acts_on;
    const bool whole = on == ActsOn::func && !step.primitive->kernels;
    if ((whole || on == ActsOn::tensor) && definition(step.func, 0) && is_kernel(step.func))
        edit.refuse("{} is a kernel, which runs as it is written: only its loops can be scheduled",
                    step.func.name());
    const bool network = makes_network(step);
    const bool stands = network && (is_kernel(step.func) || &edit.function() == &module.top());
    if ((whole || network) && made_functions() && !stands)
        edit.refuse("{} is a Function of its own{}: call {} before that",
                    networked() ? "a Func, as a network of processes," : "a stage, or a loop of one,",
                    networked() ? " since " + last_network(steps) : "", step.primitive->name);
    std::vector<std::vector<Symbol>> named;
    if (step.primitive->named != Named::kept)
        for (size_t n = 0; n < step.loops.size(); ++n)
            named.push_back(edit.loops(n));
    step.primitive->run(edit);
    edit.forward_named(named);
    check_tags(edit);
    check_storage(edit);
    check_tokens(edit);
    sided = on_device.empty() ? Module() : with_sides(edit);
    steps.push_back(std::move(step));
}

/// Loops of Funcs became Functions.
bool State::made_functions() const {
    return base.functions.size() == 1 && module.functions.size() > 1;
}

/// Nothing but networks of Funcs made Functions.
bool State::networked() const {
    bool found = false;
    for (const Step& s : steps) {
        const bool network = makes_network(s);
        if (s.primitive->makes_functions && !network) return false;
        found = found || network;
    }
    return found;
}

/// The tags of the Function that the step was about, and of those that call it.
void State::check_tags(const Edit& edit) {
    std::set<std::string> changed{edit.function().name};
    const auto calls = [&](const Stmt& s) {
        const auto* c = s.as<CallStmt>();
        return c && changed.contains(c->callee);
    };
    for (size_t n = module.functions.size(); n-- > 0;) { // callers come before those whom they call
        const Function& f = module.functions[n];
        if (!changed.contains(f.name) && find_path(f.body, calls).empty()) continue;
        changed.insert(f.name);
        if (auto c = tag_conflict(seen(f.body, module), legal_tags[f.name], facts_at({}, f), edit.proved()))
            edit.refuse("{} is {}, and would no longer be legal: {}", c->loop.name(), c->kind.name(),
                        c->reason);
    }
}

namespace {

/// Values of a Func of several have types of their own, and share its definitions.
void check_value_step(const TensorRef& t, const QuantizeOptions& options, const Definition& owner, Loc loc) {
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

} // namespace

void State::add_types(const std::vector<TensorRef>& tensors, Type type, const QuantizeOptions& options,
                      Loc loc) {
    const Function& f = algorithm->module.top();
    const auto check_type = [&](Type t) {
        if (!t.is_element()) fail(loc, "quantize to {}: a tensor has elements of a sized type", t.str());
    };
    check_type(type);
    if (options.accumulate.kind() == Accumulate::Kind::type) check_type(options.accumulate.type());
    if (options.literals) check_type(*options.literals);
    for (const TensorRef& t : tensors) {
        TypeStep step{t.symbol, type, options, loc, {}, {}};
        bool argument = std::any_of(f.arguments.begin(), f.arguments.end(),
                                    [&](const Argument& a) { return a.tensor.symbol == t.symbol; });
        const Definition* of = owner(t.symbol);
        if (!argument && !of && definition_count(t.symbol) == 0)
            fail(loc, "{} is no Func or Input of this schedule's algorithm", t.symbol.name());
        if (const auto use = steering(f.body, t.symbol))
            fail(loc,
                 "{} is {} at {}: with another type it would steer another program. Copy it to a tensor "
                 "of its own where it is a number",
                 t.symbol.name(), use->as, use->loc.str());
        if (of && of->tensors.size() > 1) check_value_step(t, options, *of, loc);
        if (options.accumulate.kind() != Accumulate::Kind::tensor) {
            if (definition_count(t.symbol) < 2)
                fail(loc, "{} has no update, so it has no accumulator. Give it the type alone",
                     t.symbol.name());
            step.accumulator = Symbol(t.symbol.name() + ".acc");
            for (const auto& [variable, loop] : definition(t.symbol, 0)->loops)
                step.copy_loops.emplace_back(variable.name());
        }
        types.push_back(std::move(step));
    }
}

void State::add_size(const Param& size, int64_t value, Loc loc) {
    const std::vector<Param>& params = algorithm->module.top().params;
    const auto found = std::ranges::find(params, size.symbol, &Param::symbol);
    const std::string& name = size.symbol.name();
    const auto bound = sizes.find(size.symbol);
    if (bound != sizes.end()) fail(loc, "{} is bound to {} already", name, bound->second);
    if (found == params.end()) fail(loc, "{} is no parameter of this schedule's algorithm", name);
    if (!found->type.is_index())
        fail(loc, "{} is of {}, and bind gives a size a value. A scalar stays an argument", name,
             found->type.str());
    if (value < 0) fail(loc, "bind({}, {}): a size is not negative", name, value);
    if (value > std::numeric_limits<int32_t>::max())
        fail(loc, "bind({}, {}): a size is at most {}", name, value, std::numeric_limits<int32_t>::max());
    sizes[size.symbol] = value;
}

void State::repeat(const Symbol& func, int64_t times, Loc loc) {
    repeated[func] = {times, loc};
    derive(fmt::format("iterate = {} of {}", times, func.name()), loc);
}

void State::derive(const std::string& cause, Loc loc) {
    Algorithm sized = *algorithm;
    for (const auto& [size, value] : sizes)
        sized.module = bind(sized.module, size, value);
    Retyped typed = retype(sized, types);
    for (const auto& [func, r] : repeated)
        iterate(typed, func, r.times, r.loc);
    base = contraction ? contract(typed.module) : std::move(typed.module);
    definitions = std::make_shared<const std::vector<Definition>>(std::move(typed.definitions));
    warnings = std::move(typed.warnings);
    check_strict(base, types, cause, loc);
    module = base;
    framed = std::ranges::any_of(base.functions, [](const Function& f) { return in_frame(f.body); });
    fates.clear();
    own_copies.clear();
    on_device.clear();
    sided = {};
    gone.clear();
    streamed.clear();
    for (auto& [function, legal] : legal_tags)
        legal.root = {};
    const Steps again = std::exchange(steps, {});
    for (const Step& s : again) {
        try {
            apply(s);
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            throw Error(
                loc, fmt::format("{} at {} makes an earlier step fail: {}", cause, loc.str(), e.message()));
        }
    }
}

} // namespace lathe::schedule
