#include "region.h"

namespace lathe {

namespace {

class Boxes {
  public:
    Boxes(const Symbol& t, const Facts& f) : tensor(t), facts(f) {}
    std::optional<Box> box;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const For* f = s.as<For>()) {
            read(f->min);
            read(f->extent);
            around.push_back(f);
            visit(f->body);
            around.pop_back();
            return;
        }
        if (const If* i = s.as<If>()) read(i->condition);
        if (const LetStmt* l = s.as<LetStmt>()) {
            read(l->value);
            lets[l->symbol] = substitute(l->value, lets);
        }
        if (const Store* st = s.as<Store>()) {
            for (const StoreTarget& t : st->targets) read(t);
            read(st->predicate);
        }
        if (const Reduce* r = s.as<Reduce>()) {
            read(r->target);
            read(r->predicate);
        }
        if (const Allocate* a = s.as<Allocate>())
            for (const Dim& d : a->tensor.dims) {
                read(d.min);
                read(d.extent);
            }
        if (const Assert* a = s.as<Assert>()) read(a->condition);
        for (const Stmt& c : children(s)) visit(c);
    }

  private:
    void read(const StoreTarget& t) {
        for (const Expr& i : t.indices) read(i);
        read(t.value);
    }

    void read(const Expr& e) {
        if (!e.defined()) return;
        std::vector<const Let*> inside; // outer ones may be used in inner ones
        for_each_expr(e, [&](const Expr& x) {
            if (const Let* l = x.as<Let>()) inside.push_back(l);
        });
        for (size_t n = inside.size(); n-- > 0;) lets[inside[n]->symbol] = substitute(inside[n]->value, lets);
        for_each_expr(e, [&](const Expr& x) {
            if (const Load* l = x.as<Load>(); l && l->tensor == tensor) add(*l);
        });
    }

    void add(const Load& l) {
        Box mine;
        for (const Expr& i : l.indices) mine.push_back(range(substitute(i, lets)));
        if (!box) {
            box = std::move(mine);
            return;
        }
        for (size_t d = 0; d < mine.size(); ++d) {
            (*box)[d].min = least((*box)[d].min, mine[d].min);
            (*box)[d].max = greatest((*box)[d].max, mine[d].max);
        }
    }

    /// Eliminates the loops inside the statement, innermost first.
    Interval range(const Expr& e) const {
        if (!tensors_read(e).empty()) return {};
        Interval r{e, e};
        for (size_t n = around.size(); n-- > 0;) {
            const For& f = *around[n];
            if (!tensors_read(f.min).empty() || !tensors_read(f.extent).empty()) return {};
            Expr min = substitute(f.min, lets), last = isub(iadd(min, substitute(f.extent, lets)), index(1));
            std::map<Symbol, Interval> loop{{f.var, {min, last}}};
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

    const Symbol& tensor;
    const Facts& facts;
    std::vector<const For*> around;
    Substitution lets;
};

} // namespace

std::optional<Box> required_box(const Stmt& s, const Symbol& tensor, const Facts& facts) {
    Boxes boxes(tensor, facts);
    boxes.visit(s);
    return boxes.box;
}

std::vector<Dim> clip(const Box& box, const std::vector<Dim>& whole, const Facts& facts) {
    std::vector<Dim> dims;
    for (size_t d = 0; d < whole.size(); ++d) {
        Expr low = box[d].min, first = whole[d].min, end = iadd(first, whole[d].extent);
        if (!low.defined() || !box[d].max.defined()) {
            dims.push_back(whole[d]);
            continue;
        }
        if (!prove(at_most(first, low), facts)) low = prove(at_most(low, first), facts) ? first : imax(first, low);
        low = simplify(low, facts);
        Expr needed = simplify(isub(iadd(box[d].max, index(1)), low), facts);
        Expr there = simplify(isub(end, low), facts);
        Expr extent = prove(at_most(needed, there), facts)   ? needed
                      : prove(at_most(there, needed), facts) ? there
                                                             : imin(needed, there);
        dims.push_back({low, extent});
    }
    return dims;
}

} // namespace lathe
