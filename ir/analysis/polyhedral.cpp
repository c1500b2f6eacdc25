// The questions that primitives ask, on the one builder.

#include "lathe/ir/polyhedral.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include "dependence_query.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

namespace {

/// Asks `ask` about each pair.
template <class Ask>
std::optional<Dependence> answer(const Stmt& root, const Symbol& loop, const Facts& known,
                                 bool commuting_free, const Ask& ask) {
    try {
        DependenceQuery q(root, loop, known);
        return q.any(commuting_free, [&](size_t a, size_t b) { return ask(q, a, b); });
    } catch (const isl::GaveUp&) {
        return Dependence{{}, {}, {}, false};
    }
}

} // namespace

std::optional<Dependence> dependence_carried(const Stmt& root, const Symbol& loop, Commuting reductions,
                                             const Facts& known) {
    const bool free = reductions == Commuting::free;
    const auto ask = [](DependenceQuery& q, size_t a, size_t b) -> std::optional<Dependence> {
        const size_t level = q.program().around;
        if (q.is_private(a, level)) return std::nullopt;
        const Set s = q.meeting(a, b, q.carried_at(level, a, b));
        return s.is_empty() ? std::nullopt : std::optional(q.found(s, level, a, b));
    };
    return answer(root, loop, known, free, ask);
}

namespace {

/// The iteration of an inner loop that a lane is in, counted from the lane's own start; nothing if that start
/// is not known.
std::optional<Affine> count(DependenceQuery& q, size_t level, size_t access, int side) {
    const Program& p = q.program();
    const auto& loops = p.accesses[access].loops;
    const Affine at = q.at(level, access, side);
    const Timed& start = p.loops[loops[level]].min;
    if (!start.expr.defined()) return at; // of while: it counts from 0
    std::set<size_t> unknown;
    const Affine from = q.instances().expression(start.expr, side, unknown);
    if (start.moment == 0 && unknown.empty()) return at - from;
    const std::set<Symbol> used = free_variables(start.expr);
    bool same =
        start.moment == 0 && std::ranges::none_of(used, [&](const Symbol& v) { return p.lets.contains(v); });
    for (size_t l = p.around; l < level; ++l)
        same &= !used.contains(p.loops[loops[l]].var);
    return same ? std::optional(at) : std::nullopt;
}

/// Where the second access's lane runs its part before the first access's lane does.
Set overtakes(DependenceQuery& q, size_t a, size_t b) {
    const Program& p = q.program();
    Set sooner = Set::none(q.context()), equal_so_far = Set::all(q.context());
    for (size_t l = p.around + 1; l < q.common(a, b); ++l) {
        const auto first = count(q, l, a, 0), second = count(q, l, b, 1);
        if (!first || !second) {
            sooner = sooner | equal_so_far;
            continue;
        }
        sooner = sooner | (equal_so_far & less(*second, *first));
        equal_so_far = equal_so_far & equal(*first, *second);
    }
    const ProgramAccess &first = p.accesses[a], &second = p.accesses[b];
    // Within one statement all lanes read, then all write. Nothing is said about the order of the writes.
    const bool behind = first.statement == second.statement
                            ? first.write != planted.has(Fault::lanes_write_first)
                            : (second.statement < first.statement) != planted.has(Fault::lanes_flipped);
    return behind ? sooner | equal_so_far : sooner;
}

} // namespace

std::optional<Dependence> dependence_in_lockstep(const Stmt& root, const Symbol& loop, int64_t lanes,
                                                 const Facts& known) {
    const auto ask = [&](DependenceQuery& q, size_t a, size_t b) -> std::optional<Dependence> {
        const size_t level = q.program().around;
        if (q.is_private(a, level)) return std::nullopt;
        Set order = q.carried_at(level, a, b) & overtakes(q, a, b);
        if (lanes > 0) {
            const Affine start = q.instances().start(q.program().accesses[a].loops[level]);
            order = order & equal(floor_div(q.at(level, a, 0) - start, lanes),
                                  floor_div(q.at(level, b, 1) - start, lanes));
        }
        const Set s = q.meeting(a, b, order);
        return s.is_empty() ? std::nullopt : std::optional(q.found(s, level, a, b));
    };
    return answer(root, loop, known, true, ask);
}

namespace {

/// Times of both accesses in the new order, with the unknowns in them.
struct Times {
    std::vector<Affine> first, second;
    std::set<size_t> terms_first, terms_second;
};

Times times_of(DependenceQuery& q, const NewOrder& order, size_t a, size_t b) {
    const auto place = [&](size_t access) {
        const ProgramAccess& x = q.program().accesses[access];
        Place p{{}, x.path};
        for (const size_t l : x.loops)
            p.loops.push_back(q.program().loops[l].var);
        return p;
    };
    Times t;
    for (const Expr& e : order(place(a)))
        t.first.push_back(q.instances().expression(e, 0, t.terms_first));
    for (const Expr& e : order(place(b)))
        t.second.push_back(q.instances().expression(e, 1, t.terms_second));
    return t;
}

} // namespace

std::optional<Dependence> dependence_reversed(const Stmt& root, const Symbol& loop, const NewOrder& order,
                                              const Facts& known) {
    const auto ask = [&](DependenceQuery& q, size_t a, size_t b) -> std::optional<Dependence> {
        const Times t = times_of(q, order, a, b);
        Set turned = Set::none(q.context()), equal_so_far = Set::all(q.context());
        for (size_t n = 0; n < std::min(t.first.size(), t.second.size()); ++n) {
            turned = turned |
                     (equal_so_far & (planted.has(Fault::reversed_flipped) ? less(t.first[n], t.second[n])
                                                                           : less(t.second[n], t.first[n])));
            equal_so_far = equal_so_far & equal(t.first[n], t.second[n]);
        }
        for (const Set& c : q.instances().couplings(t.terms_first, t.terms_second))
            turned = turned & c;
        turned = turned & q.differing(a, b);
        const size_t levels = q.common(a, b);
        for (size_t level = q.program().around; level <= levels; ++level) {
            if (level == levels && a >= b) break; // in one iteration b runs first
            if (level < levels && q.is_private(a, level)) continue;
            const Set old = level < levels ? q.carried_at(level, a, b) : q.same_iteration(a, b);
            const Set s = q.meeting(a, b, old & turned);
            if (!s.is_empty()) return q.found(s, level < levels || level == 0 ? level : level - 1, a, b);
        }
        return std::nullopt;
    };
    return answer(root, loop, known, true, ask);
}

std::optional<Dependence> dependence_of_repetition(const Stmt& root, const Symbol& loop, const Facts& known) {
    const auto ask = [](DependenceQuery& q, size_t a, size_t b) -> std::optional<Dependence> {
        const ProgramAccess &first = q.program().accesses[a], &second = q.program().accesses[b];
        if (!second.write) return std::nullopt;
        if (first.write && !first.reduce) return std::nullopt; // what is written again is the same
        const size_t outermost = q.program().around, levels = q.common(a, b);
        if (q.is_private(a, outermost)) return std::nullopt; // made anew
        for (size_t level = outermost; level <= levels; ++level) {
            if (level == levels && a > b) break; // in one iteration b runs first
            const Set order = level < levels ? q.carried_at(level, a, b) : q.same_iteration(a, b);
            const Set s = q.meeting(a, b, order);
            if (!s.is_empty()) return q.found(s, level < levels || level == 0 ? level : level - 1, a, b);
        }
        return std::nullopt;
    };
    return answer(root, loop, known, false, ask);
}

} // namespace lathe::ir
