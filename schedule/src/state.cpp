#include "edit.h"

#include "lathe/ir/contract.h"
#include "retype.h"

#include "../primitive/compute_at.h"
#include "../primitive/fuse.h"
#include "../primitive/fuse_init.h"
#include "../primitive/inline.h"
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

Primitive find_primitive(const std::string& name) {
    static const std::map<std::string, Primitive> all{
        {"split", split},         {"reorder", reorder},       {"fuse", fuse},
        {"serial", serial},       {"parallel", parallel},     {"unroll", unroll},
        {"vectorize", vectorize}, {"rename", rename},         {"fuse_init", fuse_init},
        {"separate", separate},   {"compute_at", compute_at}, {"compute_root", compute_root},
        {"store_in", store_in},   {"inline_", inline_func}};
    return all.at(name);
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
    find_primitive(step.primitive)(edit);
    if (auto c = tag_conflict(module.top().body)) {
        const For& f = *edit.path(c->loop).back().as<For>();
        edit.refuse("{} is {}, and would no longer be legal: {}", c->loop.name(), f.loop.name(),
                    c->describe());
    }
    check_storage(edit);
    steps.push_back(std::move(step));
}

void State::derive(const std::string& cause, Loc loc) {
    Retyped typed = retype(algorithm, types);
    base = contraction ? contract(typed.module) : std::move(typed.module);
    definitions = std::move(typed.definitions);
    warnings = std::move(typed.warnings);
    module = base;
    fates.clear();
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
