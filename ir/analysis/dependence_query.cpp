#include "dependence_query.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

namespace {

/// isl's operations for all pairs of one query: some tenths of a second.
constexpr unsigned long budget = 2'000'000;

ConflictAccess side_of(const ProgramAccess& a) {
    if (!a.shown.empty()) return {a.tensor, a.shown, a.write, a.loc};
    std::string text = a.tensor.name();
    if (!a.written_as.empty()) {
        text += "[";
        for (size_t d = 0; d < a.written_as.size(); ++d)
            text += (d ? ", " : "") + print(simplify(a.written_as[d]));
        text += "]";
    }
    return {a.tensor, text, a.write, a.loc};
}

std::optional<int64_t> small(const std::optional<mpz_class>& v) {
    return v && v->fits_slong_p() ? std::optional<int64_t>(v->get_si()) : std::nullopt;
}

std::string values_text(const Witness::Values& values) {
    std::string text;
    for (const auto& [symbol, value] : values)
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", symbol.name(), value.get_str());
    return text;
}

} // namespace

bool both_commute(const ProgramAccess& a, const ProgramAccess& b) {
    const auto commutes = [](const Reduce* r) {
        return r && (r->commutes || planted.has(Fault::saturation_commutes));
    };
    return commutes(a.reduce) && commutes(b.reduce) &&
           (a.reduce->op == b.reduce->op || planted.has(Fault::operators_alike)) &&
           a.reduce->target.type == b.reduce->target.type;
}

std::string Witness::describe() const {
    if (first.empty() && second.empty()) return {};
    std::string text = values_text(first) + " and " + values_text(second);
    if (!common.empty()) text += ", where " + values_text(common);
    return text;
}

DependenceQuery::DependenceQuery(const Stmt& root, const Symbol& loop, const Facts& known)
    : what(collect(root, loop, known)), isl_context(budget), all(isl_context, what) {}

std::optional<Dependence> DependenceQuery::any(bool commuting_free, const Ask& ask) {
    const auto& accesses = what.accesses;
    isl_context.restart();
    for (size_t i = 0; i < accesses.size(); ++i)
        for (size_t j = i; j < accesses.size(); ++j) {
            const ProgramAccess &a = accesses[i], &b = accesses[j];
            if (!(a.tensor == b.tensor) || (!a.write && !b.write)) continue;
            if (commuting_free && both_commute(a, b)) continue;
            try {
                if (auto d = ask(i, j)) return d;
                if (i == j || planted.has(Fault::swapped_unasked)) continue;
                if (auto d = ask(j, i)) return d;
            } catch (const isl::GaveUp&) {
                return unproved(i, j);
            }
        }
    return std::nullopt;
}

size_t DependenceQuery::common(size_t first, size_t second) const {
    const auto &a = what.accesses[first].loops, &b = what.accesses[second].loops;
    return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

Affine DependenceQuery::at(size_t level, size_t access, int side) const {
    return all.loop(what.accesses[access].loops[level], side);
}

Set DependenceQuery::carried_at(size_t level, size_t first, size_t second) const {
    Set s = less(at(level, first, 0), at(level, second, 1));
    for (size_t l = what.around; l < level; ++l)
        s = s & equal(at(l, first, 0), at(l, second, 1));
    return s;
}

Set DependenceQuery::same_iteration(size_t first, size_t second) const {
    Set s = Set::all(isl_context);
    for (size_t l = what.around; l < common(first, second); ++l)
        s = s & equal(at(l, first, 0), at(l, second, 1));
    return s;
}

Set DependenceQuery::meeting(size_t first, size_t second, const Set& order) {
    const Instance &a = all.instance(first, 0), &b = all.instance(second, 1);
    Set s = order;
    if (!what.accesses[first].whole && !what.accesses[second].whole)
        for (size_t d = 0; d < a.cell.size(); ++d)
            s = s & equal(a.cell[d], b.cell[d]);
    for (size_t l = what.around; l < what.accesses[first].private_to; ++l)
        s = s & equal(at(l, first, 0), at(l, second, 1));
    if (s.is_plainly_empty()) return s;
    s = s & all.around() & a.domain & b.domain;
    if (s.is_empty()) return s;
    for (const Set& c : all.couplings(a.terms, b.terms)) {
        s = s & c;
        if (s.is_empty()) return s;
    }
    return s;
}

/// The loops whose variables decide what an expression makes of memory; false: it is not known which.
bool DependenceQuery::add_loops_used(const Expr& e, std::set<Symbol>& loops) const {
    if (!e.defined()) return true;
    for (const Symbol& v : free_variables(e)) {
        const auto let = what.lets.find(v);
        if (let == what.lets.end()) {
            loops.insert(v);
            continue;
        }
        const auto& [value, moment] = let->second;
        const bool steady = moment == 0 && std::ranges::none_of(tensors_read(value), [&](const Symbol& t) {
                                return what.written.contains(t);
                            });
        if (!steady || !add_loops_used(value, loops)) return false;
    }
    return true;
}

Set DependenceQuery::differing(size_t first, size_t second) {
    const ProgramAccess &a = what.accesses[first], &b = what.accesses[second];
    if (!a.effect || a.effect != b.effect) return Set::all(isl_context);
    if (planted.has(Fault::instances_alike)) return Set::none(isl_context);
    std::set<Symbol> loops;
    for (const Expr& e : *a.effect)
        if (!add_loops_used(e, loops)) return Set::all(isl_context);
    size_t own = what.around; // loops whose iterations have memory of their own for it
    for (const ProgramAccess& x : what.accesses)
        if (x.effect == a.effect) own = std::max(own, x.private_to);
    Set s = Set::none(isl_context);
    for (size_t l = what.around; l < a.loops.size(); ++l)
        if (l < own || loops.contains(what.loops[a.loops[l]].var))
            s = s | different(at(l, first, 0), at(l, second, 1));
    return s;
}

Conflict DependenceQuery::conflict(size_t first, size_t second, const Symbol& loop) const {
    const ProgramAccess &a = what.accesses[first], &b = what.accesses[second];
    Conflict c{ConflictKind::output, side_of(a), side_of(b), loop, {}};
    if (!b.write || b.reduce)
        c.kind = ConflictKind::flow;
    else if (!a.write)
        c.kind = ConflictKind::anti;
    return c;
}

Dependence DependenceQuery::unproved(size_t first, size_t second) const {
    const size_t n = common(first, second);
    const size_t level = std::min(what.around, n ? n - 1 : 0);
    return {conflict(first, second, n ? what.loops[what.accesses[first].loops[level]].var : Symbol()),
            {},
            {},
            false};
}

Dependence DependenceQuery::found(const Set& s, size_t level, size_t first, size_t second) {
    const auto& loops = what.accesses[first].loops;
    Dependence d{conflict(first, second, level < loops.size() ? what.loops[loops[level]].var : Symbol()),
                 {},
                 {},
                 true};
    isl_context.restart();
    try {
        for (size_t l = what.around; l < common(first, second); ++l) {
            const Affine step = at(l, second, 1) - at(l, first, 0);
            d.steps.push_back({what.loops[loops[l]].var, small(s.least(step)), small(s.greatest(step))});
            if (l == level && d.steps.back().exact()) d.conflict.distance = d.steps.back().least;
        }
        d.witness = witness(s, first, second);
    } catch (const isl::GaveUp&) {
        // The dependence stands; only its description is shorter.
    }
    return d;
}

Witness DependenceQuery::witness(const Set& s, size_t first, size_t second) const {
    Set near = s;
    for (const auto& [access, side] : {std::pair(first, 0), std::pair(second, 1)})
        for (size_t l = 0; l < what.accesses[access].loops.size(); ++l)
            near = near & at_most(at(l, access, side), Affine::constant(isl_context, 8));
    auto sample = near.sample();
    if (!sample) sample = s.sample();
    Witness w;
    if (!sample) return w;
    std::map<std::string, mpz_class> values(sample->begin(), sample->end());
    const auto add_loops = [&](size_t access, int side, Witness::Values& into) {
        const auto& loops = what.accesses[access].loops;
        for (size_t l = what.around; l < loops.size(); ++l)
            for (const auto& [name, value] : values)
                if (auto m = all.meaning(name); m && m->side == side && m->loop == loops[l])
                    into.emplace_back(m->symbol, value);
    };
    add_loops(first, 0, w.first);
    add_loops(second, 1, w.second);
    for (const auto& [name, value] : values)
        if (auto m = all.meaning(name); m && m->side == Instances::shared)
            w.common.emplace_back(m->symbol, value);
    return w;
}

} // namespace lathe::ir
