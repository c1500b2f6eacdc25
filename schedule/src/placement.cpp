#include "placement.h"

#include "required_box.h"

#include "lathe/ir/any_body.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Why the ranges of the Func's loops cannot be set; empty: they are still those of the algorithm.
std::string scheduled(const Edit& e, const Symbol& func, const PureLoops& pure) {
    for (const Step& s : e.state().steps)
        if (s.func == func && s.primitive->fixes_ranges)
            return fmt::format("{} at {} gave its loops other ranges", s.str(), s.loc.str());
    for (const auto& dimension : pure)
        for (const auto& [definition, loop] : dimension) {
            auto fate = e.state().fates.find(loop);
            if (fate != e.state().fates.end())
                return fmt::format("loop {} of {} is gone: {} consumed it", loop.name(), func.name(),
                                   e.cause(*fate->second));
            const For& f = *e.path(loop).back().as<For>();
            if (f.runs().by_extent())
                return fmt::format("loop {} of {} is {}", loop.name(), func.name(), f.loop.name());
        }
    return {};
}

} // namespace

void check_scope(const Edit& e, const Extracted& x, const Symbol& func, const Path& path) {
    std::set<Symbol> visible;
    for (const Argument& a : e.state().module.top().arguments)
        visible.insert(a.tensor.symbol);
    for (const Tensor& t : e.state().module.top().constants)
        visible.insert(t.symbol);
    const auto show = [&](const Allocate& a) {
        for (const Tensor& t : a.tensors)
            visible.insert(t.symbol);
    };
    for (const Stmt& s : path)
        if (const Allocate* a = s.as<Allocate>()) show(*a);
    std::function<void(const Stmt&)> first =
        [&](const Stmt& s) { // producers at the beginning of the loop's body
            if (const Allocate* a = s.as<Allocate>()) {
                show(*a);
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

namespace {

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
    if (const auto made = e.state().made_by(loop, e.state().steps.size())) {
        const Step& step = e.state().steps[made->first];
        for (const Stmt& s : reader) {
            const For* f = s.as<For>();
            const bool rest = f && std::ranges::find(step.results, f->var) != step.results.end();
            if (rest && path_to_loop(s, loop).empty())
                e.refuse("{0} is also read in loop {1}, the rest that {2} at {3} left: no loop around both "
                         "would compute it. Split with Tail::guard instead, or compute it for both: "
                         "{4}({0}, {5}, all({6}))",
                         func.name(), f->var.name(), step.str(), step.loc.str(), e.step().primitive->name,
                         e.step().target.name(), loop.name());
        }
    }
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

/// The ranges of the Func that `reader` reads of its `tensors`.
std::vector<Dim> needed_by(const Edit& e, const Symbol& func, const std::set<Symbol>& tensors,
                           const Stmt& reader, const Facts& facts) {
    const auto box = required_box(reader, tensors, facts);
    invariant(box.has_value(), "a Func is computed in a loop that does not read it");
    return clip(*box, declared_tensor(e, func).dims, facts);
}

std::vector<Dim> needed_ranges(const Edit& e, const Symbol& func, const Stmt& root, const Symbol& loop) {
    const Path path = path_to_loop(root, loop);
    return needed_by(e, func, value_tensors(e.state(), func), path.back().as<For>()->body,
                     e.facts_in_loop(path));
}

/// Those of them that can be set: pure loops' ranges; others are whole.
std::vector<Dim> settable(const Edit& e, const Symbol& func, std::vector<Dim> loops, const PureLoops& pure) {
    const std::vector<Dim>& whole = declared_tensor(e, func).dims;
    for (size_t d = 0; d < whole.size(); ++d)
        if (pure[d].empty()) loops[d] = whole[d];
    return loops;
}

std::vector<Dim> set_ranges(const Edit& e, const Symbol& func, const Stmt& root, const Symbol& loop,
                            const PureLoops& pure) {
    return settable(e, func, needed_ranges(e, func, root, loop), pure);
}

/// The loop in whose body the Func, or a copy of it, has its memory; none at root, or if it is nowhere.
std::optional<Symbol> loop_around(const Stmt& root, const Symbol& tensor) {
    const Path path = find_path(root, [&](const Stmt& s) {
        const Allocate* a = s.as<Allocate>();
        return a && a->find(tensor);
    });
    const auto loop = std::find_if(path.rbegin(), path.rend(), [](const Stmt& t) { return t.as<For>(); });
    if (loop == path.rend()) return std::nullopt;
    return loop->as<For>()->var;
}

/// The Funcs whose stages stand inside these stages.
std::set<Symbol> funcs_inside(const Extracted& x) {
    std::set<Symbol> inside;
    for (const Stmt& stage : x.stages)
        for_each_stmt(stage, [&](const Stmt& s) {
            if (const Stage* g = s.as<Stage>()) inside.insert(g->func);
        });
    return inside;
}

/// What was done to loops since the Func came to its place may hold at that place only: a loop's extent may
/// be bounded there, or known not to be negative, and an order may be right for the part of the Func that is
/// needed there only.
void check_not_scheduled_here(const Edit& e, const Symbol& func, const Extracted& x,
                              const std::string& part) {
    const Steps& steps = e.state().steps;
    size_t placed = steps.size();
    for (size_t n = 0; n < steps.size(); ++n)
        if (steps[n].func == func && steps[n].primitive->moves) placed = n;
    if (placed == steps.size() || !steps[placed].target) return; // at root everything is needed
    const std::set<Symbol> inside = funcs_inside(x);
    for (size_t n = placed + 1; n < steps.size(); ++n)
        if (inside.contains(steps[n].func) && steps[n].primitive->of_place)
            e.refuse("{} at {} was allowed {} is computed now. Call {} before that", steps[n].str(),
                     steps[n].loc.str(), part, e.step().primitive->name);
}

} // namespace

void place(Edit& e, const Symbol& func, const Symbol& loop, Extracted x, const PureLoops& pure) {
    Path path = path_to_loop(x.rest, loop);
    if (path.empty()) e.refuse("loop {} is inside {} itself", loop.name(), func.name());
    const For& at = *path.back().as<For>();
    check_all_reads(e, func, rebuild(path, For::make(at.var, at.min, at.extent, at.loop, {}, at.loc)), loop);
    const std::vector<Dim> loops = set_ranges(e, func, x.rest, loop, pure);
    check_scope(e, x, func, path);
    restrict_to(x, pure, loops, storage_for(loops, e.facts_in_loop(path)));
    e.set_body(rebuild(path, with_body(path.back(), insert_before_use(at.body, x))));
}

namespace {

/// Whether a statement on the path reads the tensors beside the next one on it, for those before number `n`.
bool reads_beside(const Path& path, size_t n, const std::set<Symbol>& tensors) {
    for (size_t k = 0; k < n; ++k) {
        for (const Expr& x : expressions(path[k]))
            if (std::ranges::any_of(tensors_read(x), [&](const Symbol& t) { return tensors.contains(t); }))
                return true;
        for (const Stmt& s : bodies(path[k]))
            if (!s.same_as(path[k + 1]) && reads_any(s, tensors)) return true;
    }
    return false;
}

/// A Func's parts, each with memory and stages of its own.
class Copies {
  public:
    Copies(Edit& edit, const Extracted& stages, const PureLoops& p)
        : e(edit), x(stages), pure(p), tensors(value_tensors(e.state(), func())), root(x.rest) {}

    bool read_in(const Stmt& s) const { return reads_any(s, tensors); }
    const Stmt& rest() const { return root; }

    /// The part that one iteration of the path's last statement, a loop, reads.
    void in_loop(const Path& path) {
        const Stmt& body = path.back().as<For>()->body;
        put(path, body, e.facts_in_loop(path), [&](Stmt s) { return with_body(path.back(), std::move(s)); });
    }
    /// The part that the path's last statement reads.
    void in_front(const Path& path) {
        put(path, path.back(), e.facts(path), [](Stmt s) { return s; });
    }

  private:
    const Symbol& func() const { return e.step().func; }

    void put(const Path& path, const Stmt& reader, const Facts& facts,
             const std::function<Stmt(Stmt)>& placed) {
        check_scope(e, x, func(), path);
        const auto loops = settable(e, func(), needed_by(e, func(), tensors, reader, facts), pure);
        Extracted part = x;
        restrict_to(part, pure, loops, storage_for(loops, facts));
        const Stmt made = e.copy(Allocate::make(part.tensors, Block::make(part.stages)));
        const auto& pairs = e.step().copies.back();
        std::map<Symbol, Symbol> names;
        for (const Tensor& t : part.tensors)
            names.insert(*std::ranges::find(pairs, t.symbol, &std::pair<Symbol, Symbol>::first));
        part.tensors = made.as<Allocate>()->tensors;
        const Stmt& stages = made.as<Allocate>()->body;
        part.stages = stages.as<Block>() ? stages.as<Block>()->stmts : std::vector{stages};
        root = rebuild(path, placed(insert_before_use(rename(reader, names), part)));
    }

    Edit& e;
    const Extracted& x;
    const PureLoops& pure;
    const std::set<Symbol> tensors;
    Stmt root; ///< the Module's body, with the parts so far
};

/// The loops that the step that made `loop` left behind it, for iterations that `loop` does not run.
std::vector<Symbol> rests_of(const Edit& e, const Symbol& loop, const Stmt& root) {
    std::vector<Symbol> rests;
    const auto made = e.state().made_by(loop, e.state().steps.size());
    if (!made) return rests;
    const Step& step = e.state().steps[made->first];
    std::set<Symbol> copied;
    for (const auto& copy : step.copies)
        for (const auto& [original, image] : copy)
            copied.insert(image);
    if (copied.contains(loop)) return rests;
    for (const Symbol& result : step.results)
        for (const Symbol& r : e.images(result)) {
            const Path path = path_to_loop(root, r);
            const bool other = !path.empty() && !copied.contains(result);
            const bool around = std::ranges::any_of(e.images(loop), [&](const Symbol& l) {
                return (other && !path_to_loop(path.back(), l).empty()) ||
                       std::ranges::any_of(
                           path, [&](const Stmt& s) { return s.as<For>() && s.as<For>()->var == l; });
            });
            if (other && !around) rests.push_back(r);
        }
    return rests;
}

/// The part for what `loop`'s step left to `rest`. Where `loop` is the outermost loop that the step made, one
/// iteration of it would have run all of that.
void place_for_rest(Copies& parts, const Symbol& rest, bool outermost, const std::set<Symbol>& tensors,
                    const std::vector<Symbol>& loops) {
    Path path = path_to_loop(parts.rest(), rest);
    if (!outermost) {
        if (parts.read_in(path.back().as<For>()->body)) parts.in_loop(path);
        return;
    }
    while (path.size() > 1 && reads_beside(path, path.size() - 1, tensors))
        path.pop_back();
    const bool holds_loop =
        std::ranges::any_of(loops, [&](const Symbol& l) { return !path_to_loop(path.back(), l).empty(); });
    if (!holds_loop && parts.read_in(path.back())) parts.in_front(path);
}

} // namespace

void place_in_copies(Edit& e, const std::vector<Symbol>& loops, const Extracted& x, const PureLoops& pure) {
    const Symbol &func = e.step().func, &named = e.step().loops[0];
    for (const Symbol& inside : funcs_inside(x))
        if (!(inside == func))
            e.refuse("{0} is computed inside {1}, which gets copies. Call {2} for {0} after that",
                     inside.name(), func.name(), e.step().primitive->name);
    const std::set<Symbol> tensors = value_tensors(e.state(), func);
    Copies parts(e, x, pure);
    for (const Symbol& loop : loops) {
        const Path path = path_to_loop(parts.rest(), loop);
        if (path.empty()) e.refuse("loop {} is inside {} itself", loop.name(), func.name());
        if (parts.read_in(path.back().as<For>()->body)) parts.in_loop(path);
    }
    const auto made = e.state().made_by(named, e.state().steps.size());
    for (const Symbol& rest : rests_of(e, named, parts.rest()))
        place_for_rest(parts, rest, made->second == 0, tensors, loops);
    check_all_reads(e, func, parts.rest(), loops[0]);
    e.forward_to_copies();
    e.set_body(parts.rest());
}

namespace {

bool same_ranges(const std::vector<Dim>& a, const std::vector<Dim>& b) {
    return std::ranges::equal(
        a, b, [](const Dim& x, const Dim& y) { return equal(x.min, y.min) && equal(x.extent, y.extent); });
}

/// Whether `part` is proved to lie in `all`.
bool within(const std::vector<Dim>& part, const std::vector<Dim>& all, const Facts& facts) {
    return std::ranges::equal(part, all, [&](const Dim& p, const Dim& a) {
        return prove(at_most(a.min, p.min), facts) &&
               prove(at_most(iadd(p.min, p.extent), iadd(a.min, a.extent)), facts);
    });
}

/// Gives the Func's tensors at `loop` new memory where the old one may be too small: it may have been sized
/// by what held at another place.
void resize(Edit& e, const Symbol& func, const Symbol& loop) {
    const Facts facts = e.facts_in_loop(e.path(loop));
    const std::vector<Dim> ranges = set_ranges(e, func, e.body(), loop, pure_loops(e, func));
    const std::set<Symbol> own = own_tensors(e.state(), func);
    e.set_body(transform(e.body(), [&](const Stmt& s) {
        const Allocate* a = s.as<Allocate>();
        if (!a) return s;
        return with_tensors(s, [&](Tensor& t) {
            const bool small = own.contains(t.symbol) && !within(ranges, t.dims, facts);
            if (small) t.dims = storage_for(ranges, facts);
            return small;
        });
    }));
}

/// Gives the Func in `loop` the range that is needed there now; false where it keeps the one that it has.
/// \param before the Module's body before the move.
/// \param along the loop moved, or runs over another range.
bool adapt(Edit& e, const Symbol& func, const Symbol& loop, const Stmt& before, bool along) {
    const std::vector<Dim> then = needed_ranges(e, func, before, loop),
                           now = needed_ranges(e, func, e.body(), loop);
    const bool less = within(now, then, e.facts_in_loop(e.path(loop)));
    if (same_ranges(now, then) || (less && !along)) {
        if (along) resize(e, func, loop);
        return false;
    }
    const PureLoops pure = pure_loops(e, func);
    if (std::string reason = scheduled(e, func, pure); !reason.empty())
        e.refuse("{} is computed inside {}, would need another range, and {}. Call {} before that",
                 func.name(), along ? e.step().func.name() : "loop " + loop.name(), reason,
                 e.step().primitive->name);
    Extracted x = extract(e, func);
    if (!less) check_not_scheduled_here(e, func, x, "for the part of " + func.name() + " that");
    place(e, func, loop, std::move(x), pure);
    return true;
}

} // namespace

namespace {

/// What is read of a copy of a Func where it is computed; nothing if it is nowhere.
std::optional<std::vector<Dim>> read_of_copy(const Edit& e, const Symbol& func, const Symbol& copy,
                                             const std::set<Symbol>& tensors, const Stmt& root) {
    const Path path = find_path(root, [&](const Stmt& s) {
        const Allocate* a = s.as<Allocate>();
        return a && a->find(copy);
    });
    if (path.empty()) return std::nullopt;
    return needed_by(e, func, tensors, path.back().as<Allocate>()->body, e.facts(path));
}

/// Copies of Funcs keep the ranges that they have, so what moved, or got other ranges, must need no others.
void check_copies(const Edit& e, const std::set<Symbol>& along, const Stmt& before) {
    for (const Definition& d : e.state().algorithm->definitions) {
        const std::vector<Symbol> copies = d.index == 0 ? e.images(d.func) : std::vector<Symbol>{};
        if (copies.size() < 2) continue;
        std::set<Symbol> tensors;
        for (const Symbol& t : value_tensors(e.state(), d.func))
            for (const Symbol& image : e.images(t))
                tensors.insert(image);
        for (const Symbol& copy : copies) {
            const auto then = read_of_copy(e, d.func, copy, tensors, before);
            if (!then) continue; // this step made it
            const auto now = read_of_copy(e, d.func, copy, tensors, e.body());
            if (along.contains(copy) || !now || !same_ranges(*then, *now))
                e.refuse("{} is computed in copies of a loop: call {} before that", d.func.name(),
                         e.step().primitive->name);
        }
    }
}

} // namespace

void follow(Edit& e, const Extracted& moved, const Stmt& before) {
    if (planted.has(Fault::follow_forgotten)) return;
    std::set<Symbol> along, affected;
    const auto changed = [&](const Extracted& x) {
        along.merge(funcs_inside(x));
        for (const Symbol& t : inputs_of(x))
            if (const Definition* d = e.state().owner(t)) affected.insert(d->func);
    };
    changed(moved);
    const std::vector<Definition>& all = e.state().algorithm->definitions;
    for (size_t n = all.size(); n-- > 0;) { // consumers first
        const Symbol& func = all[n].func;
        if (all[n].index != 0 || func == e.step().func) continue;
        if (!along.contains(func) && !affected.contains(func)) continue;
        const auto loop = loop_around(before, func);
        if (loop && !declared_tensor(e, func).dims.empty() &&
            adapt(e, func, *loop, before, along.contains(func)))
            changed(extract(e, func));
    }
    check_copies(e, along, before);
}

Taken take(const Edit& e) {
    const Symbol& func = e.step().func;
    Extracted x = extract(e, func);
    PureLoops pure = pure_loops(e, func);
    if (std::string reason = scheduled(e, func, pure); !reason.empty())
        e.refuse("{}. Call {} before that", reason, e.step().primitive->name);
    if (!reads_any(x.rest, value_tensors(e.state(), func)))
        e.refuse("nothing reads {} any more", func.name());
    check_not_scheduled_here(e, func, x, "where " + func.name());
    return {std::move(x), std::move(pure), e.body()};
}

} // namespace lathe::schedule
