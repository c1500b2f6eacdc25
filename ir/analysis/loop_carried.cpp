#include "lathe/ir/any_body.h"
#include "lathe/ir/dependence.h"
#include "lathe/ir/node.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/polyhedral.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include "linear_system.h"
#include "loop_accesses.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// How far apart the two iterations of one loop are: second minus first.
enum class Step : uint8_t { later, same, earlier, any };

/// c0 + Σ c·variable + Σ c·(what is not linear).
struct Form {
    int64_t constant = 0;
    std::map<Symbol, int64_t> variables;
    std::vector<std::pair<Expr, int64_t>> opaque;
    bool overflow = false;

    void add(const Expr& e, int64_t factor) {
        if (overflow) return;
        if (auto c = as_int(e)) return plus(constant, *c, factor);
        if (const Variable* v = e.as<Variable>()) {
            plus(variables[v->symbol], 1, factor);
            return;
        }
        if (const Binary* b = e.as<Binary>()) {
            if (b->op == BinaryOp::add || b->op == BinaryOp::sub) {
                add(b->a, factor);
                return add(b->b, b->op == BinaryOp::add ? factor : -factor);
            }
            auto ca = as_int(b->a), cb = as_int(b->b);
            if (b->op == BinaryOp::mul && (ca || cb)) {
                int64_t scaled = 0;
                plus(scaled, factor, ca ? *ca : *cb);
                return add(ca ? b->b : b->a, scaled);
            }
        }
        if (const Unary* u = e.as<Unary>(); u && u->op == UnaryOp::neg) return add(u->a, -factor);
        for (auto& [known, c] : opaque)
            if (equal(known, e)) return plus(c, 1, factor);
        opaque.emplace_back(e, factor);
    }

  private:
    void plus(int64_t& sum, int64_t a, int64_t b) {
        int64_t product;
        constexpr int64_t limit = int64_t{1} << 40;
        if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(sum, product, &sum) ||
            sum > limit || sum < -limit)
            overflow = true;
    }
};

Form form_of(const Expr& e) {
    Form f;
    f.add(e, 1);
    return f;
}

/// The equations "both accesses touch one element", for given steps of the loops that both stand in. Every
/// value of the first access is an unknown; that of the second is the same plus a difference, which is
/// another unknown.
class Meeting {
  public:
    Meeting(const LoopAccess& a, const LoopAccess& b, const std::vector<CountedLoop>& common,
            const std::vector<Step>& steps) {
        for (size_t l = 0; l < common.size(); ++l)
            add_common(common[l], steps[l]);
        add_own(a.inside, own_first);
        add_own(b.inside, own_second);
        if (a.indices.size() != b.indices.size()) return; // one of them is an extern call's: of all elements
        for (size_t d = 0; d < a.indices.size(); ++d)
            equate(a.indices[d], b.indices[d]);
    }

    bool possible() {
        if (!system.maybe_feasible()) return false;
        // Equal quotients and equal remainders by one divisor mean equal dividends: what fuse makes of two
        // subscripts.
        for (const Division& d : divisions) {
            if (!is_zero(d.quotient) || !is_zero(d.remainder) || moves(d.divisor)) continue;
            if (auto e = difference(d.dividend)) system.add(std::move(*e));
        }
        return system.maybe_feasible();
    }

    /// After possible(): the step of `loop`, if only one is left.
    std::optional<int64_t> distance(const Symbol& loop) const {
        auto d = delta.find(loop);
        if (d == delta.end()) return std::nullopt;
        IntRange r = system.range(d->second);
        return r.lo == r.hi ? std::optional(r.lo) : std::nullopt;
    }

  private:
    using Terms = std::map<size_t, int64_t>;

    /// Something that is not linear: its first value, and how much more the second one is (none: equal).
    struct Atom {
        Expr expression;
        size_t first;
        std::optional<size_t> more;
    };
    struct Division {
        Expr dividend, divisor;
        std::optional<size_t> quotient, remainder; ///< their differences
    };

    void add_common(const CountedLoop& loop, Step step) {
        int64_t last = loop.count ? *loop.count - 1 : IntRange::inf;
        counter[loop.var] = system.unknown({0, last});
        switch (step) {
        case Step::same:
            return;
        case Step::later:
            delta[loop.var] = system.unknown({1 + planted.has(Fault::prefilter_too_sure), last});
            break;
        case Step::earlier:
            delta[loop.var] = system.unknown({-last, -1});
            break;
        case Step::any:
            delta[loop.var] = system.unknown({-last, last});
            break;
        }
        moving.insert(loop.var);
    }

    /// Loops around only one of the accesses.
    void add_own(const std::vector<CountedLoop>& loops, std::map<Symbol, size_t>& unknowns) {
        for (const CountedLoop& l : loops) {
            if (counter.contains(l.var)) continue;
            unknowns[l.var] = system.unknown({0, l.count ? *l.count - 1 : IntRange::inf});
            moving.insert(l.var);
        }
    }

    void equate(const Expr& a, const Expr& b) {
        Form fa = form_of(a), fb = form_of(b);
        if (fa.overflow || fb.overflow) return;
        Terms terms;
        add_side(fa, 1, false, terms);
        add_side(fb, -1, true, terms);
        system.add(equation(terms, fa.constant - fb.constant));
        equate_residues(fa, fb);
    }

    struct Residue {
        Form dividend;
        int64_t divisor;
    };
    /// x % d + c, for a constant d.
    static std::optional<Residue> residue(const Form& f) {
        const bool alone = f.opaque.size() == 1 && f.opaque[0].second == 1 &&
                           std::ranges::all_of(f.variables, [](const auto& v) { return v.second == 0; });
        const Binary* b = alone ? f.opaque[0].first.as<Binary>() : nullptr;
        const auto divisor = b && b->op == BinaryOp::floormod ? as_int(b->b) : std::nullopt;
        if (!divisor || *divisor <= 0) return std::nullopt;
        Residue r{form_of(b->a), *divisor};
        r.dividend.add(index(f.constant), 1);
        if (r.dividend.overflow) return std::nullopt;
        return r;
    }

    /// x % d = y % d where x − y is a multiple of d: two buffers that take turns are never the same one.
    void equate_residues(const Form& fa, const Form& fb) {
        const auto a = residue(fa), b = residue(fb);
        if (!a || !b || a->divisor != b->divisor) return;
        Terms terms;
        add_side(a->dividend, 1, false, terms);
        add_side(b->dividend, -1, true, terms);
        terms[system.unknown({})] -= a->divisor;
        system.add(equation(terms, a->dividend.constant - b->dividend.constant));
    }

    static LinearSystem::Equation equation(const Terms& terms, int64_t constant) {
        LinearSystem::Equation e;
        for (auto [unknown, c] : terms)
            if (c != 0) e.terms.emplace_back(unknown, c);
        e.constant = constant;
        return e;
    }

    void add_side(const Form& f, int64_t sign, bool is_second, Terms& terms) {
        const auto& own = is_second ? own_second : own_first;
        for (const auto& [symbol, c] : f.variables) {
            if (auto o = own.find(symbol); o != own.end()) {
                terms[o->second] += sign * c;
                continue;
            }
            auto at = counter.find(symbol);
            if (at == counter.end()) at = counter.emplace(symbol, system.unknown({})).first; // a parameter
            terms[at->second] += sign * c;
            if (auto d = delta.find(symbol); is_second && d != delta.end()) terms[d->second] += sign * c;
        }
        for (const auto& [expression, c] : f.opaque) {
            Atom a = atom(expression);
            terms[a.first] += sign * c;
            if (is_second && a.more) terms[*a.more] += sign * c;
        }
    }

    /// Second value minus first value, when both accesses can have the expression: an equation that says it
    /// is zero.
    std::optional<LinearSystem::Equation> difference(const Expr& e) {
        Form f = form_of(e);
        if (f.overflow) return std::nullopt;
        Terms terms;
        for (const auto& [symbol, c] : f.variables) {
            if (c == 0) continue;
            if (own_first.contains(symbol) || own_second.contains(symbol)) return std::nullopt;
            if (auto d = delta.find(symbol); d != delta.end()) terms[d->second] += c;
        }
        for (const auto& [expression, c] : f.opaque)
            if (Atom a = atom(expression); a.more) terms[*a.more] += c;
        return equation(terms, 0);
    }

    Atom atom(const Expr& e) {
        for (const Atom& a : atoms)
            if (equal(a.expression, e)) return a;
        const Binary* b = e.as<Binary>();
        bool division = b && (b->op == BinaryOp::floordiv || b->op == BinaryOp::floormod);
        IntRange range = division ? quotient_range(*b) : IntRange();
        Atom made{e, system.unknown(range), {}};
        if (moves(e)) {
            bool wide = range.lo <= -IntRange::inf || range.hi >= IntRange::inf;
            IntRange steps = wide ? IntRange() : IntRange{range.lo - range.hi, range.hi - range.lo};
            made.more = system.unknown(steps);
        }
        atoms.push_back(made);
        if (division) add_division(*b);
        return made;
    }

    /// Both the quotient and the remainder, and dividend = divisor·quotient + remainder for the differences.
    void add_division(const Binary& b) {
        for (const Division& d : divisions)
            if (equal(d.dividend, b.a) && equal(d.divisor, b.b)) return;
        divisions.push_back({b.a, b.b, {}, {}});
        size_t at = divisions.size() - 1;
        Atom quotient = atom(ifloordiv(b.a, b.b)), remainder = atom(ifloormod(b.a, b.b));
        divisions[at].quotient = quotient.more;
        divisions[at].remainder = remainder.more;
        auto divisor = as_int(b.b);
        auto e = difference(b.a);
        if (!divisor || *divisor <= 0 || *divisor > (int64_t{1} << 40) || !e) return;
        if (quotient.more) e->terms.emplace_back(*quotient.more, -*divisor);
        if (remainder.more) e->terms.emplace_back(*remainder.more, -1);
        system.add(std::move(*e));
    }

    IntRange quotient_range(const Binary& b) const {
        auto divisor = as_int(b.b);
        if (!divisor || *divisor <= 0) return {};
        if (b.op == BinaryOp::floormod) return {0, *divisor - 1};
        Form f = form_of(b.a);
        if (f.overflow || !f.opaque.empty() || f.variables.size() > 1) return {};
        IntRange r{f.constant, f.constant};
        for (const auto& [symbol, c] : f.variables) {
            auto at = counter.find(symbol);
            IntRange v = at == counter.end() ? IntRange() : system.range(at->second);
            if (c <= 0 || v.lo <= -IntRange::inf || v.hi >= IntRange::inf || v.hi > (int64_t{1} << 20))
                return {};
            r = {r.lo + c * v.lo, r.hi + c * v.hi};
        }
        auto quotient = [&](int64_t x) { return x >= 0 ? x / *divisor : -((-x + *divisor - 1) / *divisor); };
        return {quotient(r.lo), quotient(r.hi)};
    }

    bool is_zero(const std::optional<size_t>& unknown) const {
        if (!unknown) return true;
        IntRange r = system.range(*unknown);
        return r.lo == 0 && r.hi == 0;
    }
    bool varies(const Expr& e) const {
        for (const Symbol& v : free_variables(e))
            if (moving.contains(v)) return true;
        return false;
    }
    /// Its value may differ between the two accesses.
    bool moves(const Expr& e) const { return varies(e) || !tensors_read(e).empty(); }

    LinearSystem system;
    std::map<Symbol, size_t> counter, delta, own_first, own_second;
    std::set<Symbol> moving;
    std::vector<Atom> atoms;
    std::vector<Division> divisions;
};

bool both_commute(const LoopAccess& a, const LoopAccess& b) {
    return a.reduce && b.reduce && a.reduce->commutes && b.reduce->commutes && a.reduce->op == b.reduce->op &&
           a.reduce->target.type == b.reduce->target.type;
}

bool may_conflict(const LoopAccess& a, const LoopAccess& b) {
    return a.tensor == b.tensor && (a.write || b.write);
}

ConflictAccess side(const LoopAccess& a) {
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

Conflict conflict(const LoopAccess& a, const LoopAccess& b, const Symbol& loop,
                  std::optional<int64_t> distance) {
    Conflict c{ConflictKind::output, side(a), side(b), loop, distance};
    if (!b.write || b.reduce)
        c.kind = ConflictKind::flow;
    else if (!a.write)
        c.kind = ConflictKind::anti;
    return c;
}

/// Loops that stand around both accesses, below the queried one.
size_t shared_depth(const LoopAccess& a, const LoopAccess& b) {
    size_t n = 0;
    while (n < a.inside.size() && n < b.inside.size() && a.inside[n].var == b.inside[n].var)
        ++n;
    return n;
}

/// A search over the directions of the loops of a nest for a dependence that a new order would turn round.
class DirectionSearch {
  public:
    DirectionSearch(const LoopAccess& a, const LoopAccess& b, std::vector<CountedLoop> loops, size_t begin,
                    std::vector<size_t> order)
        : first(a), second(b), common(std::move(loops)), start(begin), new_order(std::move(order)),
          steps(common.size(), Step::any) {
        std::fill_n(steps.begin(), start, Step::same);
    }

    /// The nest's loop that carries the dependence in the old order.
    std::optional<Conflict> run() { return descend(start, false); }

  private:
    std::optional<Conflict> descend(size_t depth, bool carried) {
        Meeting meeting(first, second, common, steps);
        if (!meeting.possible()) return std::nullopt;
        if (depth == start + new_order.size()) {
            if (!carried || !reversed()) return std::nullopt;
            const Symbol& loop = common[carrier()].var;
            return conflict(first, second, loop, meeting.distance(loop));
        }
        for (Step s : {Step::later, Step::same, Step::earlier}) {
            if (s == Step::earlier && !carried) continue; // then `second` would run first
            steps[depth] = s;
            if (auto c = descend(depth + 1, carried || s == Step::later)) return c;
        }
        steps[depth] = Step::any;
        return std::nullopt;
    }

    bool reversed() const {
        for (size_t at : new_order)
            if (steps[start + at] != Step::same) return steps[start + at] == Step::earlier;
        return false;
    }
    size_t carrier() const {
        size_t at = start;
        while (steps[at] == Step::same)
            ++at;
        return at;
    }

    const LoopAccess &first, &second;
    std::vector<CountedLoop> common;
    size_t start;
    std::vector<size_t> new_order;
    std::vector<Step> steps;
};

/// The answers of the tests on linear subscripts alone.
std::optional<Conflict> maybe_carried(const Stmt& root, const Symbol& loop, Commuting reductions) {
    LoopAccesses in = accesses_inside(root, loop);
    const auto& all = in.accesses;
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t j = i; j < all.size(); ++j) {
            if (!may_conflict(all[i], all[j])) continue;
            if (reductions == Commuting::free && both_commute(all[i], all[j])) continue;
            std::vector<CountedLoop> common = in.around;
            std::vector<Step> steps(common.size(), Step::same);
            for (size_t l = 0; l < shared_depth(all[i], all[j]); ++l) {
                common.push_back(all[i].inside[l]);
                steps.push_back(Step::any);
            }
            for (bool swapped : {false, true}) {
                const LoopAccess &a = all[swapped ? j : i], &b = all[swapped ? i : j];
                steps[in.around.size() - 1] = Step::later;
                Meeting meeting(a, b, common, steps);
                if (meeting.possible()) return conflict(a, b, loop, meeting.distance(loop));
                if (i == j) break;
            }
        }
    return std::nullopt;
}

std::optional<Conflict> maybe_reversed(const Stmt& root, const std::vector<Symbol>& before,
                                       const std::vector<Symbol>& after) {
    LoopAccesses in = accesses_inside(root, before.front());
    std::vector<size_t> order;
    for (const Symbol& s : after)
        order.push_back(static_cast<size_t>(std::find(before.begin(), before.end(), s) - before.begin()));
    const auto& all = in.accesses;
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t j = 0; j < all.size(); ++j) {
            if (!may_conflict(all[i], all[j]) || both_commute(all[i], all[j])) continue;
            std::vector<CountedLoop> common = in.around;
            for (size_t l = 0; l < shared_depth(all[i], all[j]); ++l)
                common.push_back(all[i].inside[l]);
            size_t start = in.around.size() - 1;
            invariant(common.size() >= start + before.size(),
                      "an access between the loops of a perfect nest");
            if (auto c = DirectionSearch(all[i], all[j], std::move(common), start, order).run()) return c;
        }
    return std::nullopt;
}

bool same_access(const ConflictAccess& a, const ConflictAccess& b) {
    return a.tensor == b.tensor && a.write == b.write && a.loc.str() == b.loc.str();
}

/// What stands in a message: the conflict that was found last, since the first may be none.
std::optional<Conflict> confirmed(const Conflict& maybe, const std::optional<Dependence>& found) {
    if (!found) return std::nullopt;
    if (!found->proved) return maybe;
    const Conflict& sure = found->conflict;
    const bool same = same_access(maybe.first, sure.first) && same_access(maybe.second, sure.second) &&
                      maybe.loop == sure.loop;
    Conflict c = same ? maybe : sure;
    if (!c.distance) c.distance = sure.distance;
    if (!c.distance) c.example = found->witness.describe();
    return c;
}

} // namespace

std::string Conflict::describe() const {
    auto at = [](const ConflictAccess& a) { return a.loc.known() ? " at " + a.loc.str() : std::string(); };
    std::string carried = "carried by " + loop.name();
    if (distance) carried += fmt::format(", distance {}", *distance);
    return fmt::format("{} {}{} is {} as {}{} ({})", first.text, first.write ? "written" : "read", at(first),
                       kind == ConflictKind::flow ? "read" : "written", second.text, at(second), carried);
}

std::optional<Conflict> loop_carried(const Stmt& root, const Symbol& loop, Commuting reductions,
                                     const Facts& known) {
    if (planted.accept_all) return std::nullopt;
    const auto maybe = maybe_carried(root, loop, reductions);
    return maybe ? confirmed(*maybe, dependence_carried(root, loop, reductions, known)) : std::nullopt;
}

std::optional<Conflict> lockstep_conflict(const Stmt& root, const Symbol& loop, int64_t lanes,
                                          const Facts& known) {
    if (planted.accept_all) return std::nullopt;
    const auto maybe = maybe_carried(root, loop, Commuting::free);
    return maybe ? confirmed(*maybe, dependence_in_lockstep(root, loop, lanes, known)) : std::nullopt;
}

std::optional<Conflict> reorder_conflict(const Stmt& root, const std::vector<Symbol>& before,
                                         const std::vector<Symbol>& after, const Facts& known) {
    if (planted.accept_all) return std::nullopt;
    const auto maybe = maybe_reversed(root, before, after);
    if (!maybe) return std::nullopt;
    const NewOrder order = [&](const Place& p) {
        std::vector<Expr> time;
        for (const Symbol& l : after) {
            if (std::ranges::find(p.loops, l) == p.loops.end()) break;
            time.push_back(Variable::make(l, IndexType()));
        }
        return time;
    };
    return confirmed(*maybe, dependence_reversed(root, before.front(), order, known));
}

namespace {

bool prints_or_calls(const Stmt& s) {
    if (!s.defined()) return false;
    const bool itself = with_node(
        s, Overloads{
               [](const OneOf<Print, ExternCall, CallStmt, Dataflow, Copy, Push, Pop, Fill, Drain> auto&) {
                   return true;
               },
               [](const OneOf<Block, For, While, If, LetStmt, Store, Reduce, Allocate, Assert, Stage,
                              DeclareStream, Spawn> auto&) { return false; },
           });
    return itself || std::ranges::any_of(bodies(s), prints_or_calls);
}

} // namespace

bool idempotent(const Stmt& root, const Symbol& loop, const Facts& known) {
    if (planted.accept_all) return true;
    const Stmt found = path_to_loop(root, loop).back();
    if (prints_or_calls(found.as<For>()->body)) return false;
    const LoopAccesses in = accesses_inside(root, loop);
    std::set<Symbol> written;
    for (const LoopAccess& a : in.accesses)
        if (a.write) written.insert(a.tensor);
    const bool reads_none_of_it = std::ranges::none_of(in.accesses, [&](const LoopAccess& a) {
        return a.reduce || (!a.write && written.contains(a.tensor));
    });
    return reads_none_of_it || !dependence_of_repetition(root, loop, known);
}

} // namespace lathe::ir
