#include "edit.h"

#include "lathe/ir/contract.h"
#include "retype.h"

#include "../primitive/bind.h"
#include "../primitive/compute_at.h"
#include "../primitive/fuse.h"
#include "../primitive/fuse_init.h"
#include "../primitive/inline.h"
#include "../primitive/pipeline.h"
#include "../primitive/rename.h"
#include "../primitive/reorder.h"
#include "../primitive/separate.h"
#include "../primitive/split.h"
#include "../primitive/store_in.h"
#include "../primitive/tag.h"

#include "lathe/ir/dependence.h"

#include <algorithm>
#include <set>

namespace lathe {

const Primitive* find_primitive(const std::string& name) {
    constexpr size_t any = SIZE_MAX;
    static const std::map<std::string, Primitive> all{
        {"split", {split, 1, 1, 1, 1, 3, false, true}},
        {"reorder", {reorder, 0, any, 0, 0, 0, false, true}},
        {"fuse", {fuse, 2, 2, 0, 0, 1, false, true}},
        {"serial", {serial, 1, 1}},
        {"parallel", {parallel, 1, 1}}, // asked again by itself wherever it stands
        {"unroll", {unroll, 1, 1, 0, 1, 0, false, true}},
        {"vectorize", {vectorize, 1, 1, 0, 1, 0, false, true}},
        {"rename", {rename, 1, 1, 0, 0, 1}},
        {"pipeline", {pipeline, 1, 1, 1, 1}},
        {"fuse_init", {fuse_init, 0, 1, 0, 0, 0, false, true}},
        {"separate", {separate, 1, any, 0, 0, 0, false, true}},
        {"compute_at", {compute_at, 1, 1, 0, 0, 0, true}},
        {"compute_root", {compute_root}},
        {"store_in", {store_in, 0, 0, 0, 0, 1}},
        {"inline_", {inline_func}}};
    const auto found = all.find(name);
    return found == all.end() ? nullptr : &found->second;
}

void check_arity(const Step& s, Loc loc) {
    const Primitive* p = find_primitive(s.primitive);
    if (!p) fail(loc, "the trace names the primitive {}, which does not exist", s.primitive);
    const auto within = [](size_t n, size_t least, size_t most) { return n >= least && n <= most; };
    if (!within(s.loops.size(), p->min_loops, p->max_loops) ||
        !within(s.numbers.size(), p->min_numbers, p->max_numbers) || s.words.size() != p->words ||
        static_cast<bool>(s.target) != p->consumer)
        fail(loc, "the trace has a step that {} does not take: {} loops, {} numbers, {} words{}", s.primitive,
             s.loops.size(), s.numbers.size(), s.words.size(), s.target ? ", a consumer" : "");
}

std::optional<std::pair<size_t, size_t>> State::made_by(const Symbol& loop, size_t count) const {
    for (size_t n = count; n-- > 0;)
        for (size_t r = 0; r < steps[n].results.size(); ++r)
            if (steps[n].results[r] == loop) return {{n, r}};
    return std::nullopt;
}

const Definition* State::owner(const Symbol& tensor) const {
    const auto found = std::ranges::find_if(algorithm.definitions, [&](const Definition& d) {
        return std::ranges::find(d.tensors, tensor) != d.tensors.end();
    });
    return found == algorithm.definitions.end() ? nullptr : &*found;
}

const Definition* State::definition(const Symbol& func, int index) const {
    for (const Definition& d : definitions)
        if (d.func == func && d.index == index) return &d;
    return nullptr;
}

int State::definition_count(const Symbol& func) const {
    int count = 0;
    for (const Definition& d : algorithm.definitions)
        count += d.func == func;
    return count;
}

bool State::is_kernel(const Symbol& func) const {
    const Function& f = base.top();
    const bool argument = std::any_of(f.arguments.begin(), f.arguments.end(),
                                      [&](const Argument& a) { return a.tensor.symbol == func; });
    return !argument && find_path(f.body, [&](const Stmt& s) {
                            const auto* a = s.as<Allocate>();
                            return a && a->tensor.symbol == func;
                        }).empty();
}

namespace {

/// Primitives that move, place or replace a Func as a whole.
bool is_of_funcs(const std::string& primitive) {
    static const std::set<std::string> all{"compute_at", "compute_root", "store_in", "inline_", "fuse_init"};
    return all.contains(primitive);
}

} // namespace

void State::apply(Step step) {
    Edit edit(*this, step);
    if (is_of_funcs(step.primitive) && is_kernel(step.func))
        edit.refuse("{} is a kernel, which runs as it is written: only its loops can be scheduled",
                    step.func.name());
    find_primitive(step.primitive)->run(edit);
    if (auto c = tag_conflict(module.top().body, legal_tags, facts_at({}, module.top())))
        edit.refuse("{} is {}, and would no longer be legal: {}", c->loop.name(), c->kind.name(), c->reason);
    check_storage(edit);
    steps.push_back(std::move(step));
}

void State::derive(const std::string& cause, Loc loc) {
    Retyped typed = retype(algorithm, types);
    base = contraction ? contract(typed.module) : std::move(typed.module);
    for (const auto& [size, value] : sizes)
        base = bind(base, size, value);
    definitions = std::move(typed.definitions);
    warnings = std::move(typed.warnings);
    module = base;
    fates.clear();
    legal_tags.clear();
    std::vector<Step> again = std::move(steps);
    steps.clear();
    for (Step& s : again) {
        try {
            apply(std::move(s));
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            throw Error(
                loc, fmt::format("{} at {} makes an earlier step fail: {}", cause, loc.str(), e.message()));
        }
    }
}

} // namespace lathe
