#include "kernel_accesses.h"

#include "lathe/ir/loop_facts.h"

#include <algorithm>

namespace lathe::schedule::stencil {

namespace {

std::string described(const Symbol& tensor, const std::vector<Expr>& at) {
    std::string text = tensor.name();
    for (const Expr& e : at)
        text += fmt::format("[{}]", print(e));
    return text;
}

} // namespace

void NestAccesses::clear() {
    all.clear();
    ranges = {};
    statements = 0;
}

void NestAccesses::bound(const For& f) {
    const Expr min = simplify(f.min), extent = simplify(f.extent);
    if (as_int(min) && as_int(extent)) ranges.bound(f.var, interval_of(min, extent));
}

void NestAccesses::add(const Stmt& s, const std::vector<Stmt>& loops,
                       const std::function<bool(const Symbol&)>& counts) {
    for (const Stmt& l : loops)
        bound(*l.as<For>());
    const size_t number = statements++;
    for_each(
        s,
        [&](const Stmt& x) {
            if (const auto* f = x.as<For>()) bound(*f);
            for (const Write& w : writes_of(x))
                if (w.target && counts(w.tensor))
                    all.push_back({w.tensor, w.target->indices, loops, number, true, x.loc()});
        },
        [&](const Expr& e) {
            const auto* l = e.as<Load>();
            if (l && counts(l->tensor)) all.push_back({l->tensor, l->indices, loops, number, false, l->loc});
        });
}

void NestAccesses::check() const {
    for (const Access& w : all)
        for (const Access& other : all) {
            if (!w.write || other.tensor != w.tensor || other.statement == w.statement) continue;
            if (!other.write)
                check_read(other, w);
            else if (other.statement < w.statement)
                check_writes(other, w);
        }
}

/// In which iteration of the loops that both stand in `w` stores the element that `a` touches, seen from a's
/// own; none for a store that is no element for each iteration.
std::vector<Expr> NestAccesses::distance(const Access& a, const Access& w) const {
    std::vector<Expr> result;
    for (size_t n = 0; n < std::min(a.loops.size(), w.loops.size()); ++n) {
        if (!a.loops[n].same_as(w.loops[n])) break;
        const Symbol& v = a.loops[n].as<For>()->var;
        Expr by;
        for (size_t d = 0; d < w.at.size(); ++d)
            if (uses(w.at[d], v)) by = simplify(isub(isub(a.at[d], isub(w.at[d], var(v))), var(v)));
        if (!by.defined()) return {};
        result.push_back(by);
    }
    return result;
}

/// No iteration behind the own one, in the order of the loops.
bool NestAccesses::not_behind(const std::vector<Expr>& distance) const {
    for (const Expr& d : distance) {
        if (prove(less(d, index(0)), ranges)) return true;
        if (!prove(at_most(d, index(0)), ranges)) return false;
    }
    return true;
}

bool NestAccesses::not_before(const std::vector<Expr>& distance) const {
    for (const Expr& d : distance) {
        if (prove(less(index(0), d), ranges)) return true;
        if (!prove(at_most(index(0), d), ranges)) return false;
    }
    return true;
}

/// What a statement in front stores is all there when the read comes, and nothing of one behind it.
void NestAccesses::check_read(const Access& read, const Access& write) const {
    const std::vector<Expr> by = distance(read, write);
    if (by.empty()) return;
    if (write.statement < read.statement ? not_behind(by) : not_before(by)) return;
    edit.refuse(
        "{} is stored at {} and read at {} as {}, in the same loops: there the read comes {} the element "
        "is stored, and with loops of its own for each of the two it would not. Give each of the two "
        "a nest of its own, and a tensor for the old elements if they are meant",
        described(write.tensor, write.at), write.loc.str(), read.loc.str(), described(read.tensor, read.at),
        write.statement < read.statement ? "before" : "behind where");
}

/// The later statement stores an element later.
void NestAccesses::check_writes(const Access& a, const Access& b) const {
    const std::vector<Expr> by = distance(a, b);
    if (by.empty() || not_before(by)) return;
    edit.refuse("{} at {} and {} at {} store in the same loops: an element is written twice, and the second "
                "time by the statement that comes first. Give each of the two a nest of its own",
                described(a.tensor, a.at), a.loc.str(), described(b.tensor, b.at), b.loc.str());
}

} // namespace lathe::schedule::stencil
