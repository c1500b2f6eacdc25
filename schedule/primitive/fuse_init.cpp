#include "fuse_init.h"

#include "../src/relocate.h"

#include "lathe/ir/any_body.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

bool is_stage(const Stmt& s, const Symbol& func, int definition) {
    const Stage* g = s.as<Stage>();
    return g && g->func == func && g->definition == definition;
}

Path stage_path(const Stmt& root, const Symbol& func, int definition) {
    return find_path(root, [&](const Stmt& s) { return is_stage(s, func, definition); });
}

/// tensor[loops] = value, straight from the algorithm.
struct Init {
    const Store* store;
    std::vector<Symbol> loops; ///< by dimension
};

/// The store below directly nested loops; refuses anything else.
Init initialisation(const Edit& e, const Stmt& stage) {
    Stmt s = stage.as<Stage>()->body;
    size_t depth = 0;
    for (; s.as<For>(); ++depth)
        s = s.as<For>()->body;
    const Store* store = s.as<Store>();
    if (!store || store->targets.size() != 1)
        e.refuse("the initialisation is not one store, or was scheduled");
    Init init{store, {}};
    for (const Expr& i : store->targets[0].indices) {
        const Variable* v = i.as<Variable>();
        if (!v) e.refuse("the initialisation's loops were scheduled: call fuse_init before that");
        init.loops.push_back(v->symbol);
    }
    invariant(init.loops.size() == depth, "an initialisation's loops are those of its subscripts");
    return init;
}

/// The only target of the Func in the update.
const StoreTarget* update_target(const Edit& e, const Stmt& stage, const Symbol& tensor) {
    const StoreTarget* found = nullptr;
    for_each_stmt(stage, [&](const Stmt& s) {
        const StoreTarget* t = nullptr;
        if (const Reduce* r = s.as<Reduce>()) t = &r->target;
        if (const Store* st = s.as<Store>()) t = &st->targets.front();
        if (!t || !(t->tensor == tensor)) return;
        if (found) e.refuse("the update writes {} at several places", tensor.name());
        found = t;
    });
    invariant(found, "an update writes its Func");
    return found;
}

/// From the statement to the store or reduction of the target; empty if it is not in there.
Path path_to_target(const Stmt& root, const StoreTarget& target) {
    return find_path(root, [&](const Stmt& s) {
        if (const Store* st = s.as<Store>()) return &st->targets.front() == &target;
        const Reduce* r = s.as<Reduce>();
        return r && &r->target == &target;
    });
}

/// In the algorithm the update must run through the same elements as the initialisation: each subscript a
/// loop over the whole dimension, and no condition on those loops alone.
void check_covers(const Edit& e, const Symbol& func, int definition) {
    const Stmt& base = e.state().base.top().body;
    Stmt stage = stage_path(base, func, definition).back(), first = stage_path(base, func, 0).back();
    Init init = initialisation(e, first);
    const StoreTarget& t = *update_target(e, stage, init.store->targets[0].tensor);
    auto range = [](const Stmt& s, const Symbol& v) { return path_to_loop(s, v).back().as<For>(); };
    std::set<Symbol> pure;
    for (size_t d = 0; d < t.indices.size(); ++d) {
        const Variable* v = t.indices[d].as<Variable>();
        if (!v || !pure.insert(v->symbol).second)
            e.refuse("update {} of {} does not write every element", definition - 1, func.name());
        const For *a = range(stage, v->symbol), *b = range(first, init.loops[d]);
        if (!equal(a->min, b->min) || !equal(a->extent, b->extent))
            e.refuse("update {} of {} does not run through every {}", definition - 1, func.name(),
                     v->symbol.name());
    }
    for_each_stmt(stage, [&](const Stmt& s) {
        const If* i = s.as<If>();
        if (!i || path_to_target(s, t).empty()) return;
        auto used = free_variables(i->condition);
        if (std::all_of(used.begin(), used.end(),
                        [&](const Symbol& v) { return pure.contains(v) || !path_to_loop(stage, v).size(); }))
            e.refuse("update {} of {} leaves out elements by a condition at {}", definition - 1, func.name(),
                     i->loc.str());
    });
}

/// Loops of the scheduled update that its target's subscripts depend on.
std::set<Symbol> loops_of_target(const Stmt& stage, const StoreTarget& t) {
    std::set<Symbol> used;
    for (const Expr& i : t.indices)
        used.merge(free_variables(i));
    for (bool grown = true; grown;) {
        grown = false;
        for (const For* f : loops_in(stage))
            if (used.contains(f->var))
                for (const Expr& bound : {f->min, f->extent})
                    for (const Symbol& v : free_variables(bound))
                        grown |= used.insert(v).second;
    }
    return used;
}

/// The loops that the update's reduction loops became, alone or together with others; without those of which
/// the algorithm says that they run in full for each element.
std::set<Symbol> loops_of_reductions(const Edit& e, const Symbol& func, const Symbol& tensor) {
    const Function& base = e.state().base.top();
    const Path path = stage_path(base.body, func, 1);
    const StoreTarget& t = *update_target(e, path.back(), tensor);
    const Path to_target = path_to_target(path.back(), t);
    const bool parts = std::ranges::any_of(to_target, [](const Stmt& s) { return s.as<If>(); });
    std::set<Symbol> found;
    for (const Stmt& s : to_target) {
        const For* f = s.as<For>();
        if (!f) continue;
        const Path to = path_to_loop(base.body, f->var);
        const bool pure = std::ranges::any_of(t.indices, [&](const Expr& i) { return uses(i, f->var); });
        if (!pure && (parts || !prove(at_most(index(1), f->extent), facts_at(to, base))))
            found.insert(f->var);
    }
    std::multimap<size_t, std::pair<Symbol, const Fate*>> in_order;
    for (const auto& [loop, fate] : e.state().fates)
        in_order.emplace(fate->step, std::pair(loop, fate.get()));
    for (const auto& [step, what] : in_order)
        if (found.contains(what.first)) found.insert(what.second->parts.begin(), what.second->parts.end());
    return found;
}

/// The place must be around the target's update, and nothing may read the Func on the way there: it would
/// read what is not initialised yet.
void check_way(const Edit& e, const Symbol& func, const Stmt& stage, const StoreTarget& target,
               const Symbol& loop) {
    const Path way = path_to_target(stage, target);
    const std::set<Symbol> own = own_tensors(e.state(), func);
    const auto place =
        std::ranges::find_if(way, [&](const Stmt& s) { return s.as<For>() && s.as<For>()->var == loop; });
    if (place == way.end()) e.refuse("loop {} is not around the update of {}", loop.name(), func.name());
    for (const Stmt& s : way) {
        const If* i = s.as<If>();
        if (i && i->else_body.defined())
            e.refuse("the update stands in one branch of the condition at {}. Call fuse_init before separate",
                     i->loc.str());
    }
    for (auto s = way.begin(); s <= place; ++s)
        for (const Expr& x : expressions(*s))
            for (const Symbol& t : tensors_read(x))
                if (own.contains(t))
                    e.refuse("{} is read{}, before it would be initialised", func.name(),
                             s->loc().known() ? " at " + s->loc().str() : " on the way to " + loop.name());
}

/// The update's body with everything left out but the loops and conditions over the target's elements, around
/// the initial value.
Stmt init_nest(Edit& e, const Stmt& s, const StoreTarget& target, const std::set<Symbol>& pure,
               const Stmt& store) {
    if (!s.defined()) return {};
    if (const For* f = s.as<For>()) {
        Stmt body = init_nest(e, f->body, target, pure, store);
        if (!body.defined() || !pure.contains(f->var)) return body;
        return with_body(s, std::move(body));
    }
    if (const If* i = s.as<If>()) {
        Stmt body = init_nest(e, i->then_body, target, pure, store);
        auto used = free_variables(i->condition);
        bool keep = tensors_read(i->condition).empty();
        for (const Symbol& v : used)
            keep &= pure.contains(v) || path_to_loop(e.body(), v).empty();
        if (!body.defined() || !keep) return body;
        return If::make(i->condition, std::move(body), {}, i->loc);
    }
    if (const Block* b = s.as<Block>()) {
        for (const Stmt& t : b->stmts)
            if (Stmt r = init_nest(e, t, target, pure, store); r.defined()) return r;
        return {};
    }
    if (const Allocate* a = s.as<Allocate>()) return init_nest(e, a->body, target, pure, store);
    if (const Store* st = s.as<Store>()) return &st->targets.front() == &target ? store : Stmt();
    if (const Reduce* r = s.as<Reduce>()) return &r->target == &target ? store : Stmt();
    if (const LetStmt* l = s.as<LetStmt>()) {
        Stmt body = init_nest(e, l->body, target, pure, store);
        // Lets keep bounds of reduction loops, which are left out.
        invariant(!body.defined() || !free_variables(body).contains(l->symbol), "a let says what is updated");
        return body;
    }
    return {};
}

/// The innermost loop outside of every reduction loop; the innermost pure one otherwise.
Symbol default_place(const Edit& e, const Stmt& stage, const std::set<Symbol>& pure) {
    Symbol place;
    for (const For* f : loops_in(stage)) {
        if (!pure.contains(f->var)) break;
        place = f->var;
    }
    if (!place)
        e.refuse("{} is a reduction loop, and outermost. Name a loop, or reorder first",
                 loops_in(stage).empty() ? "it" : loops_in(stage).front()->var.name());
    return place;
}

/// "This is the first iteration" of the reduction loops around the place.
Expr first_iteration(const Edit& e, const Path& place, const std::set<Symbol>& pure, const Symbol& func) {
    Expr first;
    bool in_stage = false;
    Path prefix;
    for (const Stmt& s : place) {
        prefix.push_back(s);
        if (const Stage* g = s.as<Stage>()) in_stage = g->func == func;
        const For* f = s.as<For>();
        if (const If* i = s.as<If>(); i && in_stage)
            for (const Symbol& v : free_variables(i->condition))
                if (!pure.contains(v) && !path_to_loop(e.body(), v).empty())
                    e.refuse("the condition at {} around the place depends on {}", i->loc.str(), v.name());
        if (!f || !in_stage || pure.contains(f->var)) continue;
        if (!prove(at_most(index(1), f->extent), e.facts(prefix)))
            e.refuse("the reduction loop {} may have no iterations, and then nothing would be initialised. "
                     "Try fuse_init at a "
                     "loop outside of it",
                     f->var.name());
        first = both(first, equals(var(f->var), f->min));
    }
    return first;
}

/// No element may be initialised again after it was updated.
void check_order(Edit& e, const Stmt& body, const Path& place, const std::set<Symbol>& pure) {
    for (const Stmt& s : place)
        if (const For* f = s.as<For>(); f && pure.contains(f->var))
            if (e.asks(); auto c = loop_carried(e.seen(body), f->var, Commuting::ordered, e.facts({})))
                e.refuse("an element would be initialised in several iterations of {}: {}", f->var.name(),
                         c->describe());
}

void run(Edit& e) {
    const Symbol& func = e.step().func;
    int definition = e.step().definition;
    if (definition == 0) e.refuse("{} has no update", func.name());
    if (definition != 1) e.refuse("update {} of {} is not its first", definition - 1, func.name());
    Path init_path = stage_path(e.body(), func, 0), update = stage_path(e.body(), func, 1);
    if (init_path.empty() || update.empty()) e.refuse("{} has copies or was inlined", func.name());
    const Block* around = update.size() > 1 ? update[update.size() - 2].as<Block>() : nullptr;
    auto at = [&](const Stmt& s) {
        return std::find_if(around->stmts.begin(), around->stmts.end(),
                            [&](const Stmt& t) { return t.same_as(s); });
    };
    if (!around || at(init_path.back()) == around->stmts.end() ||
        at(init_path.back()) + 1 != at(update.back()))
        e.refuse("other definitions stand between {}'s initialisation and its update", func.name());
    if (!planted.has(Fault::fuse_init_uncovered)) check_covers(e, func, 1);
    Init init = initialisation(e, init_path.back());
    const StoreTarget& target = *update_target(e, update.back(), init.store->targets[0].tensor);
    std::set<Symbol> pure = loops_of_target(update.back(), target);
    for (const Symbol& l : loops_of_reductions(e, func, init.store->targets[0].tensor))
        if (pure.contains(l) && !path_to_loop(update.back(), l).empty())
            e.refuse("{} runs over a reduction, too, which may have no iterations: then nothing would be "
                     "initialised. Call fuse_init before fuse",
                     l.name());
    Symbol loop = e.step().loops.empty() ? default_place(e, update.back(), pure) : e.loop(0);
    check_way(e, func, update.back(), target, loop);

    for (const Symbol& l : init.loops)
        e.forward(l, {});
    Stmt rest = rebuild(init_path, {});
    Path place = path_to_loop(rest, loop);
    Expr first = first_iteration(e, place, pure, func);
    Substitution with;
    for (size_t d = 0; d < init.loops.size(); ++d)
        with[init.loops[d]] = target.indices[d];
    const StoreTarget& initial = init.store->targets[0];
    Stmt store = Store::make(initial.tensor, initial.type, target.indices,
                             fresh_copy(substitute(initial.value, with)), init.store->loc);
    Stmt nest = init_nest(e, place.back().as<For>()->body, target, pure, store);
    nest = e.copy(nest);
    nest = Stage::make(func, 0, std::move(nest), init_path.back().loc());
    if (first.defined()) nest = If::make(first, std::move(nest));
    Stmt body = Block::make({nest, place.back().as<For>()->body});
    Stmt root = rebuild(place, with_body(place.back(), std::move(body)));
    check_order(e, root, path_to_loop(root, loop), pure);
    e.set_body(std::move(root));
}

} // namespace

constinit const Primitive primitives::fuse_init{
    .name = "fuse_init",
    .text = "the initialisation moves into the loops of the first update",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = true,
    .loops = {0, 1},
};

} // namespace lathe::schedule
