#include "instances.h"

#include "translation.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

Instances::Instances(const isl::Context& c, const Program& p)
    : context(c), program(p), shared_domain(Set::all(c)) {
    for (size_t l = 0; l < program.loops.size(); ++l)
        loop_of[program.loops[l].var] = l;
    for (size_t l = 0; l < program.around; ++l)
        around_loops.insert(l);
    for (size_t l = 0; l < program.loops.size(); ++l)
        for (const int side : {0, 1, shared}) {
            if (around_loops.contains(l) != (side == shared)) continue;
            const std::string name = std::string(1, "abs"[side]) + std::to_string(l);
            meanings[name] = {program.loops[l].var, side, l};
        }
    Translation t(*this, shared);
    const auto steady = [&](const Expr& e) {
        if (!e.defined() || !tensors_read(e).empty()) return false;
        return std::ranges::none_of(free_variables(e), [&](const Symbol& v) {
            const auto l = loop_of.find(v);
            return program.lets.contains(v) || (l != loop_of.end() && !around_loops.contains(l->second));
        });
    };
    for (const auto& [symbol, range] : program.known.variable_ranges()) {
        const Expr v = Variable::make(symbol, IndexType());
        if (!steady(v)) continue;
        if (steady(range.min)) shared_domain = shared_domain & at_most(t.index(range.min, 0), t.index(v, 0));
        if (steady(range.max)) shared_domain = shared_domain & at_most(t.index(v, 0), t.index(range.max, 0));
    }
    for (const Expr& e : program.known.conditions())
        if (steady(e)) shared_domain = shared_domain & t.condition(e, 0);
    for (const size_t n : t.terms())
        shared_domain = shared_domain & terms[n].constraint;
}

Affine Instances::variable(const std::string& name, const Meaning& meaning) {
    meanings.emplace(name, meaning);
    return Affine::variable(context, name);
}

Affine Instances::loop(size_t loop, int side) const {
    const int of = around_loops.contains(loop) ? shared : side;
    return Affine::variable(context, std::string(1, "abs"[of]) + std::to_string(loop));
}

std::optional<Instances::Meaning> Instances::meaning(const std::string& variable) const {
    const auto found = meanings.find(variable);
    return found == meanings.end() ? std::nullopt : std::optional(found->second);
}

const Instances::Domain& Instances::domain_of(const ProgramAccess& a, int side) {
    const size_t innermost = a.loops.empty() ? SIZE_MAX : a.loops.back();
    const auto key = std::tuple(static_cast<const void*>(a.guards.get()), innermost, side);
    if (auto known = domains.find(key); known != domains.end()) return known->second;
    Translation t(*this, side);
    Set set = Set::all(context);
    for (const size_t l : a.loops) {
        const Repetition& r = program.loops[l];
        const Affine at = loop(l, side);
        if (!r.min.expr.defined()) {
            set = set & at_most(Affine::constant(context, 0), at);
            continue;
        }
        const Affine min = t.index(r.min.expr, r.min.moment);
        Affine extent = t.index(r.extent.expr, r.extent.moment);
        if (planted.has(Fault::last_iteration_lost)) extent = extent - Affine::constant(context, 1);
        set = set & at_most(min, at) & less(at, min + extent);
    }
    for (const Guard& g : *a.guards) {
        const Set holds = t.condition(g.condition.expr, g.condition.moment);
        set = set & (g.holds ? holds : ~holds);
    }
    return domains.emplace(key, Domain{a.guards, set, t.terms()}).first->second;
}

const Instance& Instances::instance(size_t access, int side) {
    const auto key = std::pair(access, side);
    if (auto known = instances.find(key); known != instances.end()) return known->second;
    const ProgramAccess& a = program.accesses[access];
    const Domain& domain = domain_of(a, side);
    Translation t(*this, side);
    Instance i{domain.set, {}, domain.terms};
    for (const Guard& g : a.own_guards)
        i.domain = i.domain & t.condition(g.condition.expr, g.condition.moment);
    for (const Expr& e : a.indices)
        i.cell.push_back(t.index(e, 0));
    i.terms.insert(t.terms().begin(), t.terms().end());
    return instances.emplace(key, std::move(i)).first->second;
}

Affine Instances::start(size_t loop) {
    const Timed& min = program.loops[loop].min;
    return Translation(*this, shared).index(min.expr, min.moment);
}

Affine Instances::expression(const Expr& e, int side, std::set<size_t>& into) {
    Translation t(*this, side);
    const Affine a = t.index(e, 0);
    into.insert(t.terms().begin(), t.terms().end());
    return a;
}

namespace {

/// Quotients and remainders by one divisor are ordered as the dividends are.
Set coupling(const isl::Context& context, const Division& x, const Division& y) {
    const Affine zero = Affine::constant(context, 0);
    const Set same = equal(x.quotient, y.quotient);
    const Set up = less(zero, x.divisor), down = less(x.divisor, zero);
    const auto ordered = [&](const Division& a, const Division& b) {
        return less(a.dividend, b.dividend) &
               ((up & less(a.quotient, b.quotient)) | (down & less(b.quotient, a.quotient)) |
                (same & less(a.remainder, b.remainder)));
    };
    return (equal(x.dividend, y.dividend) & same & equal(x.remainder, y.remainder)) | ordered(x, y) |
           ordered(y, x);
}

} // namespace

std::vector<Set> Instances::couplings(const std::set<size_t>& first, const std::set<size_t>& second) const {
    std::set<size_t> all = first;
    all.insert(second.begin(), second.end());
    std::vector<size_t> open(all.begin(), all.end());
    while (!open.empty()) {
        const size_t n = open.back();
        open.pop_back();
        for (const size_t u : terms[n].uses)
            if (all.insert(u).second) open.push_back(u);
    }
    std::vector<Set> result;
    for (const size_t n : all)
        result.push_back(terms[n].constraint);
    for (auto x = all.begin(); x != all.end(); ++x)
        for (auto y = std::next(x); y != all.end(); ++y) {
            const auto &a = terms[*x].division, &b = terms[*y].division;
            if (a && b && a->divisor.same_as(b->divisor)) result.push_back(coupling(context, *a, *b));
        }
    return result;
}

std::string element_in(const isl::Set& s) {
    std::map<size_t, std::string> at;
    if (const auto sample = s.sample())
        for (const auto& [name, value] : *sample)
            if (name[0] == 'c') at[std::stoul(name.substr(1))] = value.get_str();
    std::string text;
    for (const auto& [d, value] : at)
        text += (text.empty() ? "[" : ", ") + value;
    return text.empty() ? "" : text + "]";
}

} // namespace lathe::ir
