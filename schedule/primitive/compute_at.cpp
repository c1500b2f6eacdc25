#include "compute_at.h"

#include "../src/region.h"
#include "../src/relocate.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Why the ranges of the Func's loops cannot be set; empty: they are still those of the algorithm.
std::string scheduled(const Edit& e, const Symbol& func, const PureLoops& pure) {
    for (const auto& dimension : pure)
        for (const auto& [definition, loop] : dimension) {
            auto fate = e.state().fates.find(loop);
            if (fate != e.state().fates.end())
                return fmt::format("loop {} of {} is gone: {} consumed it", loop.name(), func.name(),
                                   e.cause(fate->second));
            const LoopKind& kind = e.path(loop).back().as<For>()->loop;
            if (kind == LoopKind::unrolled() || kind == LoopKind::vectorized())
                return fmt::format("loop {} of {} is {}", loop.name(), func.name(), kind.name());
        }
    return {};
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

/// Nothing in `rest`, which is all but the body of `loop`, may read the Func.
void check_all_reads(const Edit& e, const Symbol& func, const Stmt& rest, const Symbol& loop) {
    Loc line;
    const std::set<Symbol> tensors = value_tensors(e.state(), func);
    const Path reader = find_path(rest, [&](const Stmt& s) {
        bool found = false;
        for (const Expr& x : expressions(s))
            for_each_expr(x, [&](const Expr& r) {
                const Load* l = r.as<Load>();
                if (!l || !tensors.contains(l->tensor)) return;
                found = true;
                line = l->loc;
            });
        return found;
    });
    if (reader.empty()) return;
    std::string advice;
    for (const Stmt& s : reader)
        if (const Stage* stage = s.as<Stage>(); stage && !(stage->func == e.step().target))
            advice = fmt::format(" by {}. Compute {} there first, or inline it", stage->func.name(),
                                 stage->func.name());
    e.refuse("{} is also read outside of loop {}, at {}{}", func.name(), loop.name(), line.str(), advice);
}

/// Constant extents where little memory is lost by that: a size that is merely known to fit Int(32) stays as
/// it is.
std::vector<Dim> storage_for(const std::vector<Dim>& loops, const Facts& facts) {
    constexpr int64_t most_elements = 1 << 16;
    int64_t elements = 1;
    std::vector<Dim> dims;
    for (const Dim& d : loops) {
        auto most = const_upper_bound(d.extent, facts);
        if (most) most = std::max<int64_t>(*most, 0);
        const bool constant = most && *most <= most_elements / elements;
        if (constant) elements *= std::max<int64_t>(*most, 1);
        dims.push_back({d.min, constant ? index(*most) : non_negative(d.extent, facts)});
    }
    return dims;
}

/// A Func that is computed inside another one that moves.
struct Inner {
    Symbol func, loop;       ///< in which loop
    std::vector<Dim> ranges; ///< of what is needed there, before the move
};

std::vector<Dim> needed_ranges(const Edit& e, const Symbol& func, const Stmt& root, const Symbol& loop) {
    const Path path = path_to_loop(root, loop);
    const Facts facts = e.facts_in_loop(path);
    auto box = required_box(path.back().as<For>()->body, value_tensors(e.state(), func), facts);
    invariant(box.has_value(), "a Func is computed in a loop that does not read it");
    return clip(*box, declared_tensor(e, func).dims, facts);
}

std::vector<Inner> computed_inside(const Edit& e, const Extracted& x) {
    std::vector<Inner> inner;
    for (const Stmt& stage : x.stages)
        for_each_stmt(stage, [&](const Stmt& s) {
            const Allocate* a = s.as<Allocate>();
            if (!a || a->tensor.dims.empty()) return;
            const Symbol& func = a->tensor.symbol;
            const Path path = find_path(e.body(), [&](const Stmt& t) { return t.same_as(s); });
            const auto loop =
                std::find_if(path.rbegin(), path.rend(), [](const Stmt& t) { return t.as<For>(); });
            if (e.state().definition(func, 0)) // no accumulator
                inner.push_back(
                    {func, loop->as<For>()->var, needed_ranges(e, func, e.body(), loop->as<For>()->var)});
        });
    return inner;
}

/// Computes the Func inside `loop`.
void place(Edit& e, const Symbol& func, const Symbol& loop, Extracted x, const PureLoops& pure) {
    Path path = path_to_loop(x.rest, loop);
    if (path.empty()) e.refuse("loop {} is inside {} itself", loop.name(), func.name());
    const For& at = *path.back().as<For>();
    for (const Stmt& s : path)
        if (const For* f = s.as<For>(); f && f->loop == LoopKind::vectorized())
            e.refuse("loop {}{} is vectorized", f->var.name(), f->var == loop ? "" : " around it");
    check_all_reads(e, func, rebuild(path, For::make(at.var, at.min, at.extent, at.loop, {}, at.loc)), loop);
    std::vector<Dim> loops = needed_ranges(e, func, x.rest, loop);
    check_scope(e, x, func, path);
    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    for (size_t d = 0; d < whole.size(); ++d)
        if (pure[d].empty()) loops[d] = whole[d];
    restrict_to(x, pure, loops, storage_for(loops, e.facts_in_loop(path)));
    e.set_body(rebuild(path, with_body(path.back(), insert_before_use(at.body, x))));
}

/// Gives Funcs inside the one that moved the ranges that are needed now.
void follow(Edit& e, const std::vector<Inner>& inner) {
    for (const Inner& i : inner) {
        const std::vector<Dim> now = needed_ranges(e, i.func, e.body(), i.loop);
        const auto same = [](const Dim& a, const Dim& b) {
            return equal(a.min, b.min) && equal(a.extent, b.extent);
        };
        if (std::ranges::equal(now, i.ranges, same)) continue;
        const PureLoops pure = pure_loops(e, i.func);
        if (std::string reason = scheduled(e, i.func, pure); !reason.empty())
            e.refuse("{} is computed inside {}, would need another range, and {}. Call {} before that",
                     i.func.name(), e.step().func.name(), reason, e.step().primitive);
        place(e, i.func, i.loop, extract(e, i.func), pure);
    }
}

/// What was done to loops since the Func came to its place may hold at that place only: a loop's extent may
/// be bounded there, or known not to be negative.
void check_not_scheduled_here(const Edit& e, const Extracted& x) {
    const std::vector<Step>& steps = e.state().steps;
    size_t placed = steps.size();
    for (size_t n = 0; n < steps.size(); ++n)
        if (steps[n].func == e.step().func &&
            (steps[n].primitive == "compute_at" || steps[n].primitive == "compute_root"))
            placed = n;
    if (placed == steps.size() || steps[placed].primitive == "compute_root") return;
    std::set<Symbol> inside;
    for (const Stmt& stage : x.stages)
        for_each_stmt(stage, [&](const Stmt& s) {
            if (const Stage* g = s.as<Stage>()) inside.insert(g->func);
        });
    static const std::set<std::string> of_bounds = {"split",     "fuse",      "unroll",
                                                    "vectorize", "fuse_init", "separate"};
    for (size_t n = placed + 1; n < steps.size(); ++n)
        if (inside.contains(steps[n].func) && of_bounds.contains(steps[n].primitive))
            e.refuse("{} at {} was allowed where {} is computed now. Call {} before that", steps[n].str(),
                     steps[n].loc.str(), e.step().func.name(), e.step().primitive);
}

/// The step's Func, taken out of the Module.
struct Taken {
    Extracted stages;
    PureLoops pure; ///< whose ranges can be set
    std::vector<Inner> inner;
};

Taken take(const Edit& e) {
    const Symbol& func = e.step().func;
    Extracted x = extract(e, func);
    PureLoops pure = pure_loops(e, func);
    if (std::string reason = scheduled(e, func, pure); !reason.empty())
        e.refuse("{}. Call {} before that", reason, e.step().primitive);
    if (!reads_any(x.rest, value_tensors(e.state(), func)))
        e.refuse("nothing reads {} any more", func.name());
    check_not_scheduled_here(e, x);
    std::vector<Inner> inner = computed_inside(e, x);
    return {std::move(x), std::move(pure), std::move(inner)};
}

} // namespace

void compute_at(Edit& e) {
    const Symbol loop = e.resolve(e.step().loops[0], e.step().target, e.step().target_definition);
    const Taken taken = take(e);
    place(e, e.step().func, loop, taken.stages, taken.pure);
    follow(e, taken.inner);
}

void compute_root(Edit& e) {
    const Symbol& func = e.step().func;
    Taken taken = take(e);
    Extracted& x = taken.stages;
    check_scope(e, x, func, {x.rest});
    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    restrict_to(x, taken.pure, whole, whole);
    e.set_body(insert_before_use(x.rest, x));
    follow(e, taken.inner);
}

} // namespace lathe::schedule
