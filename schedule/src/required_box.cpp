#include "required_box.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/node.h"
#include "lathe/ir/planted.h"

namespace lathe::schedule {

namespace {

class Boxes {
  public:
    Boxes(const std::set<Symbol>& t, const Facts& f) : tensors(t), facts(f) {}
    std::optional<Box> box;

    void visit(const Stmt& s) {
        if (s.defined()) with_node(s, [&](const auto& n) { visit(n); });
    }

  private:
    void visit(const Block& b) {
        for (const Stmt& c : b.stmts)
            visit(c);
    }
    void visit(const Stage& g) { visit(g.body); }
    void visit(const For& f) {
        read(f.min);
        read(f.extent);
        around.push_back(&f);
        visit(f.body);
        around.pop_back();
    }
    void visit(const While& w) {
        read(w.condition);
        visit(w.body);
    }
    void visit(const If& i) {
        read(i.condition);
        const size_t outer = guards.size();
        add_guards(i.condition);
        visit(i.then_body);
        guards.resize(outer);
        visit(i.else_body);
    }
    void visit(const LetStmt& l) {
        read(l.value);
        lets[l.symbol] = substitute(l.value, lets);
        visit(l.body);
    }
    void visit(const Store& s) {
        for (const StoreTarget& t : s.targets)
            read(t);
        read(s.predicate);
    }
    void visit(const Reduce& r) {
        read(r.target);
        read(r.predicate);
    }
    void visit(const Allocate& a) {
        for (const Tensor& t : a.tensors)
            for (const Dim& d : t.dims) {
                read(d.min);
                read(d.extent);
            }
        visit(a.body);
    }
    void visit(const Assert& a) { read(a.condition); }
    void visit(const Print& p) {
        for (const Expr& e : p.values)
            read(e);
    }
    void visit(const OneOf<ExternCall, DeclareStream, Push, Pop, Fill, Drain, CallStmt, Dataflow, Spawn,
                           Copy> auto&) {
        throw InternalError("a kernel's statement in a Func's stage");
    }

    void read(const StoreTarget& t) {
        for (const Expr& i : t.indices)
            read(i);
        read(t.value);
    }

    void read(const Expr& e) {
        if (!e.defined()) return;
        std::vector<const Let*> inside; // outer ones may be used in inner ones
        for_each_expr(e, [&](const Expr& x) {
            if (const Let* l = x.as<Let>()) inside.push_back(l);
        });
        for (size_t n = inside.size(); n-- > 0;)
            lets[inside[n]->symbol] = substitute(inside[n]->value, lets);
        for_each_expr(e, [&](const Expr& x) {
            if (const Load* l = x.as<Load>(); l && tensors.contains(l->tensor)) add(*l);
        });
    }

    void add(const Load& l) {
        Box mine;
        for (const Expr& i : l.indices)
            mine.push_back(range(substitute(i, lets)));
        if (!box) {
            box = std::move(mine);
            return;
        }
        for (size_t d = 0; d < mine.size(); ++d) {
            (*box)[d].min = least((*box)[d].min, mine[d].min);
            (*box)[d].max = greatest((*box)[d].max, mine[d].max);
        }
    }

    /// a < b, as split makes it of a loop's end.
    struct Guard {
        Expr a, b;
        std::vector<Symbol> variables; ///< the loops inside the statement that `a` runs over
    };

    void add_guards(const Expr& condition) {
        const Binary* c = condition.as<Binary>();
        if (c && c->op == BinaryOp::logical_and) {
            add_guards(c->a);
            add_guards(c->b);
        }
        if (!c || c->op != BinaryOp::lt || !c->a.type().is_index() || !tensors_read(condition).empty())
            return;
        Guard g{substitute(c->a, lets), substitute(c->b, lets), {}};
        for (const For* f : around)
            if (uses(g.a, f->var)) g.variables.push_back(f->var);
        if (!g.variables.empty()) guards.push_back(std::move(g));
    }

    /// The index's range over the loops, its end moved to where a guard cuts it off.
    Interval range(const Expr& e) const {
        Interval r = over_loops(e);
        if (!r.min.defined() || !r.max.defined()) return r;
        for (const Guard& g : guards)
            if (auto factor = multiple(e, g.a, g.variables[0])) {
                const Expr rest = simplify(isub(e, imul(index(*factor), g.a)), facts);
                if (std::ranges::any_of(g.variables,
                                        [&](const Symbol& v) { return uses(rest, v) || uses(g.b, v); }))
                    continue;
                const Interval cut = over_loops(iadd(rest, imul(index(*factor), isub(g.b, index(1)))));
                if (*factor > 0 && cut.max.defined() && prove(at_most(cut.max, r.max), facts))
                    r.max = cut.max;
                if (*factor < 0 && cut.min.defined() && prove(at_most(r.min, cut.min), facts))
                    r.min = cut.min;
            }
        return r;
    }

    /// How many times e grows as fast as `a` does in `v`.
    static std::optional<int64_t> multiple(const Expr& e, const Expr& a, const Symbol& v) {
        const auto step = [&](const Expr& x) {
            return as_int(simplify(isub(substitute(x, {{v, iadd(var(v), index(1))}}), x)));
        };
        const auto one = step(a), all = step(e);
        if (!one || !all || *one == 0 || *all == 0 || *all % *one != 0) return std::nullopt;
        return *all / *one;
    }

    /// Eliminates the loops inside the statement, innermost first.
    Interval over_loops(const Expr& e) const {
        if (!tensors_read(e).empty()) return {};
        Interval r{e, e};
        for (size_t n = around.size(); n-- > 0;) {
            const For& f = *around[n];
            if (!tensors_read(f.min).empty() || !tensors_read(f.extent).empty()) return {};
            const std::map<Symbol, Interval> loop{
                {f.var, interval_of(substitute(f.min, lets), substitute(f.extent, lets))}};
            if (r.min.defined() && uses(r.min, f.var)) r.min = bounds_of(r.min, loop).min;
            if (r.max.defined() && uses(r.max, f.var)) r.max = bounds_of(r.max, loop).max;
        }
        return r;
    }

    Expr least(const Expr& a, const Expr& b) const {
        if (!a.defined() || !b.defined()) return {};
        if (prove(at_most(a, b), facts)) return a;
        return prove(at_most(b, a), facts) ? b : imin(a, b);
    }
    Expr greatest(const Expr& a, const Expr& b) const {
        if (!a.defined() || !b.defined()) return {};
        if (prove(at_most(a, b), facts)) return b;
        return prove(at_most(b, a), facts) ? a : imax(a, b);
    }

    const std::set<Symbol>& tensors;
    const Facts& facts;
    std::vector<const For*> around;
    std::vector<Guard> guards;
    Substitution lets;
};

} // namespace

std::optional<Box> required_box(const Stmt& s, const std::set<Symbol>& tensors, const Facts& facts) {
    Boxes boxes(tensors, facts);
    boxes.visit(s);
    return boxes.box;
}

/// Without minima and maxima.
static bool tidy(const Expr& e) {
    bool choices = false;
    for_each_expr(e, [&](const Expr& x) {
        const Binary* b = x.as<Binary>();
        choices |= b && (b->op == BinaryOp::min || b->op == BinaryOp::max);
    });
    return !choices;
}

std::vector<Dim> clip(const Box& box, const std::vector<Dim>& whole, const Facts& facts) {
    std::vector<Dim> dims;
    for (size_t d = 0; d < whole.size(); ++d) {
        if (!box[d].min.defined() || !box[d].max.defined()) {
            dims.push_back(whole[d]);
            continue;
        }
        Expr low = box[d].min, end = iadd(box[d].max, index(!planted.has(Fault::region_short)));
        const Expr first = whole[d].min, last = iadd(first, whole[d].extent);
        if (!prove(at_most(first, low), facts))
            low = prove(at_most(low, first), facts) ? first : imax(first, low);
        if (!prove(at_most(end, last), facts))
            end = prove(at_most(last, end), facts) ? last : imin(end, last);
        low = simplify(low, facts);
        end = simplify(end, facts);
        // Left as a difference: a stage that reads this one adds `low` again, and finds `end`.
        const Expr extent = isub(end, low), simple = simplify(extent, facts);
        dims.push_back({low, tidy(simple) ? simple : extent});
    }
    return dims;
}

} // namespace lathe::schedule
