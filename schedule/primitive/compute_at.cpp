#include "compute_at.h"

#include "../src/region.h"
#include "../src/relocate.h"

#include <algorithm>

namespace lathe {

namespace {

/// The loops whose ranges will be set must still be those of the algorithm.
void check_unscheduled(const Edit& e, const Symbol& func, const PureLoops& pure) {
    for (const auto& dimension : pure)
        for (const auto& [definition, loop] : dimension) {
            auto fate = e.state().fates.find(loop);
            if (fate != e.state().fates.end()) {
                const Step& by = e.state().steps[fate->second.step];
                e.refuse("loop {} of {} is gone: {}{} consumed it. Call {} before that", loop.name(),
                         func.name(), by.str(), by.loc.known() ? " at " + by.loc.str() : "",
                         e.step().primitive);
            }
            const LoopKind& kind = e.path(loop).back().as<For>()->loop;
            if (kind == LoopKind::unrolled() || kind == LoopKind::vectorized())
                e.refuse("loop {} of {} is {}. Call {} before that", loop.name(), func.name(), kind.name(),
                         e.step().primitive);
        }
}

/// What the stages read must be in scope at the end of `path`.
void check_scope(const Edit& e, const Extracted& x, const Symbol& func, const Path& path) {
    std::set<Symbol> visible;
    for (const Argument& a : e.state().module.top().arguments)
        visible.insert(a.tensor.symbol);
    for (const Tensor& t : e.state().module.top().constants)
        visible.insert(t.symbol);
    for (const Stmt& s : path)
        if (const Allocate* a = s.as<Allocate>()) visible.insert(a->tensor.symbol);
    std::function<void(const Stmt&)> first =
        [&](const Stmt& s) { // producers at the beginning of the loop's body
            if (const Allocate* a = s.as<Allocate>()) {
                visible.insert(a->tensor.symbol);
                first(a->body);
            } else if (const Block* b = s.as<Block>())
                first(b->stmts.back());
        };
    if (const For* f = path.back().as<For>())
        first(f->body);
    else
        first(path.back());
    for (const Symbol& t : inputs_of(x))
        if (!visible.contains(t)) e.refuse("{} reads {}, which is computed elsewhere", func.name(), t.name());
}

/// A constant extent where there is one. Beyond a tile's size it comes from what a size could be at most, and
/// would take far more memory than this size needs.
std::vector<Dim> storage_for(const std::vector<Dim>& loops, const Facts& facts) {
    constexpr int64_t most_of_a_tile = int64_t{1} << 20;
    std::vector<Dim> dims;
    for (const Dim& d : loops) {
        auto most = const_upper_bound(d.extent, facts);
        const bool constant = most && *most <= most_of_a_tile;
        dims.push_back(
            {d.min, constant ? index(std::max<int64_t>(*most, 0)) : non_negative(d.extent, facts)});
    }
    return dims;
}

void check_single_stores(const Edit& e, const Extracted& x, const Symbol& func) {
    for (const Stmt& stage : x.stages)
        for_each_stmt(stage, [&](const Stmt& s) {
            if (const Store* st = s.as<Store>(); st && st->targets.size() > 1)
                e.refuse("{} computes several tensors at once", func.name());
        });
}

} // namespace

void compute_at(Edit& e) {
    const Symbol& func = e.step().func;
    Symbol loop = e.resolve(e.step().loops[0], e.step().target, e.step().target_definition);
    Extracted x = extract(e, func);
    PureLoops pure = pure_loops(e, func);
    check_unscheduled(e, func, pure);
    check_single_stores(e, x, func);
    Path path = path_to_loop(x.rest, loop);
    if (path.empty()) e.refuse("loop {} is inside {} itself", loop.name(), func.name());
    const For& at = *path.back().as<For>();
    if (at.loop == LoopKind::vectorized()) e.refuse("loop {} is vectorized", loop.name());

    Stmt without = rebuild(path, For::make(at.var, at.min, at.extent, at.loop, {}, at.loc));
    for_each(without, nullptr, [&](const Expr& r) {
        if (const Load* l = r.as<Load>(); l && l->tensor == func)
            e.refuse("{} is also read outside of loop {}, at {}", func.name(), loop.name(), l->loc.str());
    });
    Facts facts = e.facts_in_loop(path);
    auto box = required_box(at.body, func, facts);
    if (!box) e.refuse("nothing inside loop {} reads {}", loop.name(), func.name());
    check_scope(e, x, func, path);

    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    std::vector<Dim> loops = clip(*box, whole, facts);
    for (size_t d = 0; d < whole.size(); ++d)
        if (pure[d].empty()) loops[d] = whole[d];
    restrict_to(x, pure, loops, storage_for(loops, facts));
    e.set_body(rebuild(path, with_body(path.back(), insert_before_use(at.body, x))));
}

void compute_root(Edit& e) {
    const Symbol& func = e.step().func;
    Extracted x = extract(e, func);
    PureLoops pure = pure_loops(e, func);
    check_unscheduled(e, func, pure);
    check_scope(e, x, func, {x.rest});
    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    restrict_to(x, pure, whole, whole);
    e.set_body(insert_before_use(x.rest, x));
}

} // namespace lathe
