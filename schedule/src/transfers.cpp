#include "transfers.h"

#include "lathe/ir/loop_facts.h"

#include "device_groups.h"
#include "window.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Every element of a box of these dims.
bool is_whole(const Region& r, const std::vector<Dim>& dims, const Facts& facts) {
    for (size_t d = 0; d < dims.size(); ++d) {
        const Interval& i = r[d];
        if (!i.min.defined() || !i.max.defined()) return false;
        if (!prove(at_most(i.min, dims[d].min), facts) ||
            !prove(at_most(interval_of(dims[d]).max, i.max), facts))
            return false;
    }
    return true;
}

Facts sizes_of(const Function& f) {
    Facts facts;
    for (const Param& p : f.params)
        if (p.type.is_index()) facts.bound(p.symbol, {index(0), {}});
    return facts;
}

/// A store, or what a call stores, covers the tensor.
bool stores_all(const Module& m, const Function& in, const Stmt& s, const Symbol& tensor,
                const std::vector<Dim>& dims) {
    const Facts facts = sizes_of(in);
    for (const Access& a : accesses(s))
        if (a.tensor == tensor && a.write && !a.reduce && !a.whole && covers_its_box(a, facts) &&
            is_whole(region_of(a, facts), dims, facts))
            return true;
    bool found = false;
    for_each_stmt(s, [&](const Stmt& x) {
        if (const auto* c = x.as<ExternCall>())
            for (const ExternArgument& a : c->arguments)
                found = found || (a.tensor == tensor && a.direction == Direction::out && x.same_as(s));
        const auto* c = x.as<CallStmt>();
        for (size_t n = 0; c && x.same_as(s) && n < c->tensors.size(); ++n) {
            if (!(c->tensors[n].tensor == tensor) || !c->tensors[n].whole) continue;
            const Function& f = m.function(c->callee);
            const Tensor& formal = f.arguments[n].tensor;
            found = found || stores_all(m, f, f.body, formal.symbol, formal.dims);
        }
    });
    if (const auto* b = s.as<Block>())
        found = found || std::ranges::any_of(b->stmts, [&](const Stmt& each) {
                    return stores_all(m, in, each, tensor, dims);
                });
    const auto* loop = s.as<For>();
    const bool runs = s.as<Stage>() || s.as<Allocate>() || (loop && as_int(loop->extent).value_or(0) > 0);
    for (const Stmt& body : runs ? bodies(s) : std::vector<Stmt>())
        found = found || stores_all(m, in, body, tensor, dims);
    return found;
}

/// A Func's first definition gives each of its elements a value, and so does one that writes an accumulator
/// back.
bool defines(const Edit& e, const Stmt& s, const Symbol& tensor) {
    const Definition* of = e.state().owner(tensor);
    if (!of || e.state().is_kernel(of->func)) return false;
    bool found = false;
    for_each_stmt(s, [&](const Stmt& x) {
        const auto* g = x.as<Stage>();
        if (!g || !(g->func == of->func)) return;
        const bool all = g->definition == 0 || g->definition == e.state().definition_count(of->func);
        found = found || (all && tensors_written(x).contains(tensor));
    });
    return found;
}

/// The parts of a statement that run one after the other, each once.
std::vector<Stmt> in_order(const Stmt& s) {
    if (!s.as<Block>() && !s.as<Stage>() && !s.as<Allocate>()) return {s};
    std::vector<Stmt> all;
    for (const Stmt& body : bodies(s))
        for (const Stmt& part : in_order(body))
            all.push_back(part);
    return all;
}

} // namespace

Touch touch_of(const Edit& e, const Stmt& s, const Tensor& t) {
    Touch touch{tensors_read(s).contains(t.symbol), tensors_written(s).contains(t.symbol)};
    if (!touch.writes) return touch;
    const Module& m = e.state().module;
    if (defines(e, s, t.symbol)) touch.fills = touch.fills_first = true;
    for (const Stmt& part : in_order(s)) {
        if (touch.fills) break;
        touch.fills = stores_all(m, m.top(), part, t.symbol, t.dims);
        touch.fills_first = touch.fills && !tensors_read(part).contains(t.symbol);
        if (tensors_read(part).contains(t.symbol)) break;
    }
    touch.fills = touch.fills || stores_all(m, m.top(), s, t.symbol, t.dims);
    return touch;
}

namespace {

/// Where a tensor holds what it should. `fresh`: nowhere, and an argument's memory is on the host; `none`:
/// nowhere, and nobody wants it before it is written again.
enum class Held : uint8_t { host, device, both, fresh, none };

/// What it costs to come to a state, and how.
struct Way {
    double cost = 0;
    std::vector<Transfer> copies;
};
using Ways = std::map<Held, Way>;

bool better(const Way& a, const Way& b) {
    return a.cost != b.cost ? a.cost < b.cost : a.copies.size() < b.copies.size();
}

void offer(Ways& ways, Held state, Way way) {
    const auto [found, fresh] = ways.try_emplace(state, way);
    if (!fresh && better(way, found->second)) found->second = std::move(way);
}

/// a, then b.
Way joined(Way a, const Way& b) {
    a.cost += b.cost;
    a.copies.insert(a.copies.end(), b.copies.begin(), b.copies.end());
    return a;
}

bool held_on(Held state, Side side) {
    if (side == Side::device) return state == Held::device || state == Held::both;
    return state == Held::host || state == Held::both || state == Held::fresh;
}

/// Whoever knows the first may say the second.
bool implies(Held known, Held said) {
    if (known == said || said == Held::none) return true;
    if (said == Held::host) return known == Held::both || known == Held::fresh;
    return said == Held::device && known == Held::both;
}

/// The state that a statement leaves; none: it cannot run in this one.
std::optional<Held> after(Held state, Side side, const Touch& t) {
    const bool filled = t.fills_first || (state == Held::fresh && t.fills);
    const bool needs = (t.reads && !filled) || (t.writes && !filled);
    const bool there = held_on(state, side);
    if (needs && !there) return std::nullopt;
    if (t.writes) return side == Side::host ? Held::host : Held::device;
    return state;
}

class Planner {
  public:
    Planner(const Edit& edit, const Tensor& t) : e(edit), tensor(t) {}

    std::vector<Transfer> plan(const Stmt& scope, std::optional<Direction> argument) {
        const Stmt body = argument ? scope : scope.as<Allocate>()->body;
        const Held first = !argument ? Held::both : *argument == Direction::out ? Held::fresh : Held::host;
        const Way* best = nullptr;
        const Ways ends = to_the_end(body, first);
        for (const auto& [state, way] : ends)
            if ((!argument || held_on(state, Side::host)) && (!best || better(way, *best))) best = &way;
        invariant(best != nullptr, "a copy can stand anywhere");
        return best->copies;
    }

  private:
    const Edit& e;
    const Tensor& tensor;
    std::map<std::pair<const StmtNode*, Held>, Ways> known;

    /// The states that a copy at this place leads to, and those that say less. Of equal ways the one that
    /// copies later is taken.
    Ways with_copies(const Ways& ways, const StmtNode* at, bool behind) const {
        Ways all = ways;
        for (const auto& [state, way] : ways) {
            if (state == Held::both || state == Held::none) continue;
            const Side to = state == Held::device ? Side::host : Side::device;
            Way copied = way;
            copied.cost += 1;
            copied.copies.push_back({at, behind, to});
            const auto found = all.find(Held::both);
            if (found == all.end() || !better(found->second, copied)) all[Held::both] = std::move(copied);
        }
        const Ways certain = all;
        for (const auto& [state, way] : certain)
            for (const Held less : {Held::host, Held::device, Held::none})
                if (implies(state, less)) offer(all, less, way);
        return all;
    }

    Ways then(const Ways& ways, const Stmt& s) {
        Ways all;
        for (const auto& [state, way] : with_copies(ways, s.get(), false))
            for (const auto& [end, more] : run(s, state))
                offer(all, end, joined(way, more));
        return all;
    }

    /// A body with the copies behind it.
    Ways to_the_end(const Stmt& body, Held state) {
        if (!body.defined()) return {{state, {}}};
        return with_copies(then({{state, {}}}, body), body.get(), true);
    }

    const Ways& run(const Stmt& s, Held state) {
        const auto [found, fresh] = known.try_emplace({s.get(), state});
        if (fresh) {
            Ways made = ways_of(s, state);
            return known[{s.get(), state}] = std::move(made);
        }
        return found->second;
    }

    Ways ways_of(const Stmt& s, Held state) {
        if (as_group(s)) return touched(state, Side::device, touch_of(e, s, tensor));
        if (!has_group(s)) return touched(state, Side::host, touch_of(e, s, tensor));
        if (const auto* b = s.as<Block>()) {
            Ways all{{state, {}}};
            for (const Stmt& each : b->stmts)
                all = then(all, each);
            return all;
        }
        // What it evaluates itself comes before its bodies.
        Touch own;
        for (const Expr& x : expressions(s))
            own.reads = own.reads || tensors_read(x).contains(tensor.symbol);
        Ways all;
        for (const auto& [before, way] : touched(state, Side::host, own))
            for (const auto& [end, more] : inside(s, before))
                offer(all, end, joined(way, more));
        return all;
    }

    static Ways touched(Held state, Side side, const Touch& t) {
        const auto end = after(state, side, t);
        return end ? Ways{{*end, {}}} : Ways();
    }

    Ways inside(const Stmt& s, Held state) {
        if (const auto* f = s.as<For>()) return repeated(f->body, state, as_int(f->extent), {});
        if (const auto* w = s.as<While>()) return repeated(w->body, state, {}, w->condition);
        if (const auto* i = s.as<If>()) {
            Ways all;
            const Ways first = to_the_end(i->then_body, state), second = to_the_end(i->else_body, state);
            for (const auto& [end, way] : first)
                if (const auto other = second.find(end); other != second.end())
                    offer(all, end, joined(way, other->second));
            return all;
        }
        Ways all{{state, {}}};
        for (const Stmt& body : bodies(s))
            all = then(all, body);
        return all;
    }

    /// Each iteration finds what the first one found.
    Ways repeated(const Stmt& body, Held state, std::optional<int64_t> count, const Expr& condition) {
        constexpr double often = 1000;
        Touch again;
        again.reads = condition.defined() && tensors_read(condition).contains(tensor.symbol);
        Ways all;
        for (const auto& [end, way] : to_the_end(body, state)) {
            if (!implies(end, state) || !after(end, Side::host, again)) continue;
            Way times = way;
            times.cost *= count ? static_cast<double>(std::max<int64_t>(*count, 1)) : often;
            offer(all, count && *count > 0 ? end : state, std::move(times));
        }
        return all;
    }
};

} // namespace

std::vector<Transfer> transfers(const Edit& e, const Stmt& scope, const Tensor& t,
                                std::optional<Direction> argument) {
    return Planner(e, t).plan(scope, argument);
}

} // namespace lathe::schedule
