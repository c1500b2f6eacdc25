// Every load, store and reduce of a statement with its path condition.

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <deque>
#include <tuple>

namespace lathe::ir {
namespace {

Expr negation(const Expr& c) {
    if (auto* u = c.as<Unary>(); u && u->op == UnaryOp::bit_not) return u->a;
    return Unary::make(UnaryOp::bit_not, c);
}

/// A way to reach a node of an expression: under `base` (null: always) the `arm` (0: then, 1: else) of the
/// selects on `condition`, or any of `ways`.
struct Way {
    const Way* base = nullptr;
    Expr condition;
    int arm = 0;
    std::vector<const Way*> ways;
    Expr expr; ///< when this way is taken
};

/// The ways to all nodes of one expression. A node that both arms of a select reach is reached under the
/// select's own way, so that shared graphs have short conditions.
class Ways {
  public:
    const Way* through(const Way* base, const Expr& condition, int arm) {
        auto [i, fresh] = known.try_emplace({base, condition.get(), arm});
        if (!fresh) return i->second;
        Expr here = arm == 0 ? condition : negation(condition);
        all.push_back({base, condition, arm, {}, both(base ? base->expr : Expr(), here)});
        return i->second = &all.back();
    }

    /// The disjunction of ways; null if it always holds.
    const Way* any(const std::vector<const Way*>& arrivals) {
        std::vector<const Way*> ways;
        std::unordered_set<const Way*> seen;
        for (const Way* w : arrivals)
            if (seen.insert(w).second) ways.push_back(w);
        while (ways.size() <= max_merged && merge_one(ways)) {
        }
        if (std::find(ways.begin(), ways.end(), nullptr) != ways.end()) return nullptr;
        if (ways.size() == 1) return ways[0];
        Expr e;
        for (const Way* w : ways)
            e = e.defined() ? Binary::make(BinaryOp::logical_or, e, w->expr) : w->expr;
        all.push_back({nullptr, {}, 0, std::move(ways), e});
        return &all.back();
    }

  private:
    static constexpr size_t max_merged = 32; ///< more ways stay a plain disjunction: merging compares pairs

    /// Drops a way that lies inside another or is another, or joins the two arms of a select.
    static bool merge_one(std::vector<const Way*>& ways) {
        for (size_t i = 0; i < ways.size(); ++i)
            for (size_t j = 0; j < ways.size(); ++j) {
                if (i == j || !ways[j]) continue;
                const Way &a = *ways[j], *b = ways[i];
                const bool inside = b == &a || (a.condition.defined() && b == a.base);
                const bool arms = b && a.condition.defined() && b->base == a.base &&
                                  b->condition.same_as(a.condition) && b->arm != a.arm;
                if (!inside && !arms) continue;
                if (!inside) ways[i] = a.base;
                ways.erase(ways.begin() + static_cast<long>(j));
                return true;
            }
        return false;
    }

    std::deque<Way> all;
    std::map<std::tuple<const Way*, const ExprNode*, int>, const Way*> known;
};

class Collector {
  public:
    std::vector<Access> found;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        switch (s.kind()) {
        case StmtKind::block:
            for (auto& part : s.as<Block>()->stmts)
                visit(part);
            return;
        case StmtKind::for_:
            return loop(*s.as<For>());
        case StmtKind::while_:
            return repeat(*s.as<While>());
        case StmtKind::if_:
            return branch(*s.as<If>());
        case StmtKind::let:
            return let(*s.as<LetStmt>());
        case StmtKind::store:
            return store(*s.as<Store>());
        case StmtKind::reduce:
            return reduce(*s.as<Reduce>());
        case StmtKind::allocate:
            return visit(s.as<Allocate>()->body);
        case StmtKind::assert_:
            return loads(s.as<Assert>()->condition, s.get());
        case StmtKind::print:
            for (auto& e : s.as<Print>()->values)
                loads(e, s.get());
            return;
        case StmtKind::extern_call:
            return call(*s.as<ExternCall>());
        case StmtKind::copy:
            return copy(*s.as<Copy>());
        case StmtKind::stage:
            return visit(s.as<Stage>()->body);
        case StmtKind::call:
            return call(*s.as<CallStmt>(), {});
        case StmtKind::spawn:
            return call(*s.as<Spawn>()->call.as<CallStmt>(), ranges_of(*s.as<Spawn>()));
        case StmtKind::stream:
        case StmtKind::push:
        case StmtKind::pop:
        case StmtKind::fill:
        case StmtKind::drain:
        case StmtKind::dataflow:
            for (const Expr& e : expressions(s))
                loads(e, s.get());
            for (const Stmt& body : bodies(s))
                visit(body);
            return;
        }
    }

  private:
    void loop(const For& f) {
        loads(f.min, &f);
        loads(f.extent, &f);
        loops.push_back(&f);
        visit(f.body);
        loops.pop_back();
    }

    /// The condition is evaluated again after the body: whatever it reads and the body writes has changed.
    void repeat(const While& w) {
        loads(w.condition, &w);
        under(w.condition, w.body);
    }

    void branch(const If& i) {
        loads(i.condition, &i);
        under(i.condition, i.then_body);
        if (i.else_body.defined()) under(negation(i.condition), i.else_body);
    }

    /// `condition` was evaluated before `body`, which may write what it read.
    void under(const Expr& condition, const Stmt& body) {
        Expr outer = path, outer_stable = stable;
        path = both(path, condition);
        if (lasts(condition, body)) stable = both(stable, condition);
        visit(body);
        path = outer;
        stable = outer_stable;
    }

    void let(const LetStmt& l) {
        loads(l.value, &l);
        bool index = l.value.type() == IndexType() && lasts(l.value, l.body);
        if (index) definitions.push_back({l.symbol, l.value});
        visit(l.body);
        if (index) definitions.pop_back();
    }

    void store(const Store& s) {
        Expr outer = path, outer_stable = stable;
        guard(s.predicate, &s);
        for (auto& t : s.targets)
            operands_of(t, &s);
        for (auto& t : s.targets)
            record(t.tensor, t.indices, s.loc, &s, Expr(), true, false);
        path = outer;
        stable = outer_stable;
    }

    void reduce(const Reduce& r) {
        Expr outer = path, outer_stable = stable;
        guard(r.predicate, &r);
        operands_of(r.target, &r);
        record(r.target.tensor, r.target.indices, r.loc, &r, Expr(), false, true);
        record(r.target.tensor, r.target.indices, r.loc, &r, Expr(), true, true);
        path = outer;
        stable = outer_stable;
    }

    /// An extern function reads or writes whole tensors.
    void call(const ExternCall& c) {
        for (const ExternArgument& a : c.arguments) {
            for (const Dim& d : a.dims) {
                loads(d.min, &c);
                loads(d.extent, &c);
            }
            loads(a.value, &c);
        }
        const auto whole = [&](const ExternArgument& a, bool write) {
            record(a.tensor, {}, c.loc, &c, Expr(), write, false);
            found.back().whole = a.dims;
        };
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && a.direction != Direction::out) whole(a, false);
        for (const ExternArgument& a : c.arguments)
            if (a.tensor && a.direction != Direction::in) whole(a, true);
    }

    /// Both tensors as wholes.
    void copy(const Copy& c) {
        for (const Dim& d : c.dims) {
            loads(d.min, &c);
            loads(d.extent, &c);
        }
        for (const auto& [tensor, write] : {std::pair(c.from, false), std::pair(c.to, true)}) {
            record(tensor, {}, c.loc, &c, Expr(), write, false);
            found.back().whole = c.dims;
        }
    }

    static std::map<Symbol, Interval> ranges_of(const Spawn& s) {
        std::map<Symbol, Interval> all;
        for (size_t d = 0; d < s.ids.size(); ++d)
            all[s.ids[d]] = interval_of(s.box[d]);
        return all;
    }

    /// A Function may touch any element of what it is given; `ids`: of the Spawn around the call.
    void call(const CallStmt& c, const std::map<Symbol, Interval>& ids) {
        for (const Expr& e : c.values)
            loads(e, &c);
        const auto part = [&](const TensorView& v, bool write) {
            std::vector<Dim> box;
            for (const ViewDim& d : v.dims) {
                const Expr last = iadd(d.begin, imul(index(d.stride), isub(d.extent, index(1))));
                const Expr low = bounds_of(d.begin, ids).min, high = bounds_of(last, ids).max;
                box.push_back({low, isub(iadd(high, index(1)), low)});
            }
            record(v.tensor, {}, c.loc, &c, Expr(), write, false);
            found.back().whole = std::move(box);
        };
        for (const TensorView& v : c.tensors)
            if (v.direction != Direction::out) part(v, false);
        for (const TensorView& v : c.tensors)
            if (v.direction != Direction::in) part(v, true);
    }

    void guard(const Expr& predicate, const StmtNode* s) {
        if (!predicate.defined()) return;
        loads(predicate, s);
        if (!predicate.type().is_scalar()) return; // a lane may be on: the whole vector counts
        path = both(path, predicate);
        stable = both(stable, predicate);
    }

    void operands_of(const StoreTarget& t, const StmtNode* s) {
        for (auto& i : t.indices)
            loads(i, s);
        loads(t.value, s);
    }

    void record(const Symbol& tensor, const std::vector<Expr>& indices, Loc loc, const StmtNode* s,
                const Expr& way, bool write, bool is_reduce) {
        Access a;
        a.tensor = tensor;
        a.write = write;
        a.reduce = is_reduce;
        a.indices = indices;
        a.loc = loc.known() ? loc : s->loc;
        a.stmt = s;
        a.condition = both(path, way);
        a.stable = both(stable, way);
        a.loops = loops;
        a.definitions = definitions;
        found.push_back(std::move(a));
    }

    /// Records the loads of `root`. Parents come before operands, so each node's path is complete when it is
    /// visited.
    void loads(const Expr& root, const StmtNode* s) {
        if (!root.defined()) return;
        std::vector<Expr> order;
        bool any = false;
        for_each_expr(root, [&](const Expr& e) {
            order.push_back(e);
            any |= e.kind() == ExprKind::load;
        });
        if (!any) return;
        Ways ways;
        std::unordered_map<const ExprNode*, std::vector<const Way*>> arrivals;
        arrivals[root.get()].push_back(nullptr);
        std::vector<std::pair<const Load*, Expr>> here;
        size_t outer = definitions.size();
        for (size_t i = order.size(); i-- > 0;) {
            const Expr& e = order[i];
            const Way* way = ways.any(arrivals[e.get()]);
            if (auto* l = e.as<Let>(); l && l->value.type() == IndexType())
                definitions.push_back({l->symbol, l->value});
            if (auto* l = e.as<Load>()) {
                bool scalar = l->predicate.defined() && l->predicate.type().is_scalar();
                here.push_back({l, both(way ? way->expr : Expr(), scalar ? l->predicate : Expr())});
            }
            auto* s = e.as<Select>();
            bool lazy = s && s->condition.type().is_scalar();
            for (auto& o : operands(e))
                if (o.defined() && (!lazy || o.same_as(s->condition))) arrivals[o.get()].push_back(way);
            if (!lazy) continue;
            arrivals[s->then_value.get()].push_back(ways.through(way, s->condition, 0));
            arrivals[s->else_value.get()].push_back(ways.through(way, s->condition, 1));
        }
        for (size_t i = here.size(); i-- > 0;) {
            auto& [l, condition] = here[i];
            record(l->tensor, l->indices, l->loc, s, condition, false, false);
        }
        definitions.resize(outer);
    }

    std::vector<const For*> loops;
    std::vector<std::pair<Symbol, Expr>> definitions;
    Expr path, stable;
};

} // namespace

namespace {

/// Certainly reads no memory: a short sum, product and the like of variables and constants, as most bounds
/// are.
bool is_plain(const Expr& e, int& budget) {
    if (--budget < 0) return false;
    if (e.as<Constant>() || e.as<Variable>()) return true;
    if (const Binary* b = e.as<Binary>()) return is_plain(b->a, budget) && is_plain(b->b, budget);
    const Cast* c = e.as<Cast>();
    return c && is_plain(c->a, budget);
}

} // namespace

bool lasts(const Expr& e, const Stmt& body) {
    int budget = 32;
    if (!e.defined() || is_plain(e, budget)) return true;
    const std::set<Symbol> read = tensors_read(e);
    if (read.empty() || !body.defined()) return true;
    const std::set<Symbol> written = tensors_written(body);
    return std::none_of(read.begin(), read.end(), [&](const Symbol& t) { return written.count(t) != 0; });
}

namespace {

/// The condition around all that `s` does, behind the loops and lets in `bound`.
Expr guard_of(const Stmt& s, std::set<Symbol>& bound) {
    if (const auto* f = s.as<For>()) {
        bound.insert(f->var);
        return guard_of(f->body, bound);
    }
    if (const auto* l = s.as<LetStmt>()) {
        bound.insert(l->symbol);
        return guard_of(l->body, bound);
    }
    if (const auto* a = s.as<Allocate>()) {
        for (const Tensor& t : a->tensors)
            bound.insert(t.symbol);
        return guard_of(a->body, bound);
    }
    if (const auto* g = s.as<Stage>()) return guard_of(g->body, bound);
    const auto* i = s.as<If>();
    return i && !i->else_body.defined() ? i->condition : Expr();
}

} // namespace

Expr runs_while(const For& loop) {
    std::set<Symbol> bound = {loop.var};
    const Expr guard = loop.body.defined() ? guard_of(loop.body, bound) : Expr();
    if (!guard.defined() || !guard.type().is_scalar() || lasts(guard, loop.body)) return {};
    bool free = true;
    for_each_expr(guard, [&](const Expr& e) {
        const auto* l = e.as<Load>();
        const auto* v = e.as<Variable>();
        if (l) free &= l->indices.empty() && !bound.count(l->tensor);
        if (v) free &= !bound.count(v->symbol);
    });
    return free ? guard : Expr();
}

std::vector<Access> accesses(const Stmt& s) {
    Collector c;
    c.visit(s);
    return std::move(c.found);
}

} // namespace lathe::ir
