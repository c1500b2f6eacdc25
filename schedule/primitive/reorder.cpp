#include "reorder.h"

#include "../src/hull.h"

#include "lathe/ir/any_body.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Loops and conditions directly inside each other, from the first loop to the last one named.
struct Nest {
    Path path; ///< to the outermost loop
    std::vector<const For*> loops;
    std::vector<const If*> guards;
    Stmt body;
};

Nest collect(const Edit& e, const std::vector<Symbol>& named) {
    Path deepest, shallowest;
    for (const Symbol& s : named) {
        Path p = e.path(s);
        if (p.size() > deepest.size()) deepest = p;
        if (shallowest.empty() || p.size() < shallowest.size()) shallowest = p;
    }
    Nest nest{shallowest, {}, {}, deepest.back().as<For>()->body};
    for (size_t n = shallowest.size() - 1; n < deepest.size(); ++n) {
        const Stmt& s = deepest[n];
        if (const For* f = s.as<For>())
            nest.loops.push_back(f);
        else if (const If* i = s.as<If>(); i && !i->else_body.defined())
            nest.guards.push_back(i);
        else if (const Allocate* a = s.as<Allocate>())
            e.refuse("{} is computed between the loops: they are not perfectly nested{}",
                     a->tensors[0].symbol.name(),
                     a->tensors[0].dims.empty()
                         ? ". For an inline reduction in any order, define a Func with an update"
                         : "");
        else
            e.refuse("there are other statements between the loops: they are not perfectly nested");
    }
    while (const If* i = nest.body.as<If>()) {
        if (i->else_body.defined()) break;
        nest.guards.push_back(i);
        nest.body = i->then_body;
    }
    return nest;
}

bool loads(const Expr& e) {
    return !tensors_read(e).empty();
}

/// A loop of the new nest.
struct Layer {
    const For* loop;
    Expr min, extent;
};

/// The new nest: its loops, outermost first, and the conditions in the order of their evaluation.
struct NewNest {
    std::vector<Layer> loops;
    std::vector<Stmt> guards;
};

NewNest unchanged(const Nest& nest, const std::vector<const For*>& order) {
    NewNest n;
    for (const For* f : order)
        n.loops.push_back({f, f->min, f->extent});
    for (const If* g : nest.guards)
        n.guards.push_back(If::make(g->condition, nest.body, {}, g->loc));
    return n;
}

/// The loops around the body; each condition as far out as its variables and its place among the others
/// allow.
Stmt build(const NewNest& nest, const Stmt& body, bool guards_inside) {
    std::set<Symbol> all, bound;
    for (const Layer& l : nest.loops)
        all.insert(l.loop->var);
    std::vector<Stmt> layers;
    size_t next = 0;
    auto ready = [&](const Expr& condition) {
        if (loads(condition)) return false;
        for (const Symbol& v : free_variables(condition))
            if (all.contains(v) && !bound.contains(v)) return false;
        return true;
    };
    for (size_t n = 0; n < nest.loops.size(); ++n) {
        const auto& [f, min, extent] = nest.loops[n];
        layers.push_back(For::make(f->var, min, extent, f->loop, body, f->loc));
        bound.insert(f->var);
        bool last = n + 1 == nest.loops.size();
        while (next < nest.guards.size() &&
               (last || (!guards_inside && ready(nest.guards[next].as<If>()->condition))))
            if (const Stmt& guard = nest.guards[next++]; !planted.has(Fault::reorder_loses_guard))
                layers.push_back(guard);
    }
    Stmt s = body;
    for (size_t n = layers.size(); n-- > 0;)
        s = with_body(layers[n], std::move(s));
    return s;
}

/// The nest's loops with those named put into their places in the order given.
std::vector<const For*> new_order(const Nest& nest, const std::vector<Symbol>& named) {
    std::vector<const For*> order = nest.loops;
    size_t next = 0;
    for (const For*& place : order) {
        if (std::find(named.begin(), named.end(), place->var) == named.end()) continue;
        place = *std::find_if(nest.loops.begin(), nest.loops.end(),
                              [&](const For* f) { return f->var == named[next]; });
        ++next;
    }
    return order;
}

/// `named` without the loops at both ends that keep their places: what stands between those does not matter.
std::vector<Symbol> moved(const Edit& e, std::vector<Symbol> named) {
    std::vector<Symbol> now = named;
    std::ranges::sort(now, {}, [&](const Symbol& s) { return e.path(s).size(); });
    const auto inside = [&](const Symbol& outer, const Symbol& inner) {
        return !path_to_loop(e.path(outer).back(), inner).empty();
    };
    for (size_t n = 1; n < now.size(); ++n)
        if (!inside(now[n - 1], now[n]))
            e.refuse("loops {} and {} are not inside each other", now[n - 1].name(), now[n].name());
    size_t first = 0, last = named.size();
    while (first < last && named[first] == now[first])
        ++first;
    while (last > first && named[last - 1] == now[last - 1])
        --last;
    return {named.begin() + static_cast<long>(first), named.begin() + static_cast<long>(last)};
}

void check_kinds(const Edit& e, const std::vector<const For*>& order) {
    for (size_t n = 1; n < order.size(); ++n)
        for (size_t outer = 0; outer < n; ++outer)
            if (order[outer]->runs().lockstep && !order[n]->runs().ordered)
                e.refuse("loop {}, which is {}, would be inside {}, which is {}", order[n]->var.name(),
                         order[n]->loop.name(), order[outer]->var.name(), order[outer]->loop.name());
}

/// A loop whose bounds name loops that come to stand inside it runs over all values that it has for any of
/// their iterations; conditions say which of them it has for one.
NewNest freed(const Edit& e, const Nest& nest, const std::vector<const For*>& order) {
    NewNest made = unchanged(nest, order);
    std::vector<Stmt> inside;
    const Facts facts = e.facts(nest.path);
    for (size_t n = 0; n < order.size(); ++n) {
        const For& f = *order[n];
        std::vector<const For*> gone; // the loops that were around it and will be inside, outermost first
        for (const For* old : nest.loops) {
            if (old == &f) break;
            if (std::find(order.begin() + static_cast<long>(n), order.end(), old) != order.end())
                gone.push_back(old);
        }
        const auto named = std::ranges::find_if(
            gone, [&](const For* g) { return uses(f.min, g->var) || uses(f.extent, g->var); });
        if (named == gone.end()) continue;
        const auto hull = hull_of(f, gone, facts);
        const bool fixed = f.runs().by_extent();
        if (!hull || (fixed && !as_int(hull->extent)))
            e.refuse("the bounds of {} depend on {}, which would be inside it{}", f.var.name(),
                     (*named)->var.name(),
                     hull ? fmt::format(", and {} is {}: call serial({}) first", f.var.name(), f.loop.name(),
                                        f.var.name())
                          : "");
        made.loops[n].min = hull->min;
        made.loops[n].extent = hull->extent;
        for (const Expr& c : hull->inside)
            inside.push_back(If::make(c, nest.body, {}, f.loc));
    }
    made.guards.insert(made.guards.begin(), inside.begin(), inside.end());
    return made;
}

/// The loops and conditions that a loop stands in: their variables, and the nodes of the conditions.
struct Around {
    std::set<Symbol> loops;
    std::set<const ExprNode*> conditions;
};

Around around(const Path& path) {
    Around a;
    for (size_t n = 0; n + 1 < path.size(); ++n) {
        if (const For* f = path[n].as<For>()) a.loops.insert(f->var);
        if (const If* i = path[n].as<If>()) a.conditions.insert(i->condition.get());
    }
    return a;
}

/// A bound that reads memory may be evaluated where it was not before only when that is proved to do no harm.
void check_loads(const Edit& e, const Nest& nest, const Stmt& root) {
    const std::set<Symbol> written = tensors_written(nest.body);
    for (const For* f : nest.loops) {
        std::set<Symbol> read = tensors_read(f->min);
        read.merge(tensors_read(f->extent));
        if (read.empty()) continue;
        for (const Symbol& t : read)
            if (written.contains(t))
                e.refuse("the bounds of {} read {}, which the loops write", f->var.name(), t.name());
        const Path path = path_to_loop(root, f->var);
        const Around before = around(e.path(f->var)), after = around(path);
        if (std::ranges::includes(after.loops, before.loops) &&
            std::ranges::includes(after.conditions, before.conditions))
            continue;
        for (const Expr& bound : {f->min, f->extent})
            if (const auto t = e.unsafe_load(bound, path, e.facts(path)))
                e.refuse(
                    "the bounds of {0} read {1}, and would be evaluated outside of loops or conditions that "
                    "they stand in, where {1} is not proved to be read in bounds. Clamp the subscript, or "
                    "require it",
                    f->var.name(), t->name());
    }
}

void run(Edit& e) {
    std::vector<Symbol> named;
    for (size_t n = 0; n < e.step().loops.size(); ++n) {
        named.push_back(e.loop(n));
        if (std::count(named.begin(), named.end(), named.back()) > 1)
            e.refuse("{} is named twice", named.back().name());
    }
    named = moved(e, named);
    if (named.empty()) return;
    Nest nest = collect(e, named);
    std::vector<const For*> order = new_order(nest, named);
    check_kinds(e, order);
    std::set<Symbol> written = tensors_written(nest.body);
    for (const If* g : nest.guards)
        for (const Symbol& t : tensors_read(g->condition))
            if (written.contains(t))
                e.refuse("the condition at {} reads {}, which the loops write", g->loc.str(), t.name());

    Stmt reordered = rebuild(nest.path, build(freed(e, nest, order), nest.body, false));
    if (!planted.has(Fault::loads_moved)) check_loads(e, nest, reordered);
    Stmt root = rebuild(nest.path, build(unchanged(nest, nest.loops), nest.body, true));
    std::vector<Symbol> before, after;
    for (size_t n = 0; n < order.size(); ++n) {
        before.push_back(nest.loops[n]->var);
        after.push_back(order[n]->var);
    }
    e.asks();
    if (auto c = reorder_conflict(e.seen(root), before, after, e.facts({})))
        e.refuse("{} would run in another order, and the operation does not allow it", c->describe());
    e.set_body(std::move(reordered));
}

} // namespace

constinit const Primitive primitives::reorder{
    .name = "reorder",
    .text = "perfectly nested loops in another order",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {0, Primitive::any},
};

} // namespace lathe::schedule
