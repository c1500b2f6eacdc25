#include "buffer_at.h"

#include "../src/window.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/moved_accesses.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// Accesses of one tensor as accesses of another one.
class Instead : public MovedAccesses {
  public:
    Instead(Symbol o, Symbol n) : old(std::move(o)), fresh(std::move(n)) {}

  protected:
    bool moves(const Symbol& tensor) const override { return tensor == old; }
    std::pair<Symbol, std::vector<Expr>> place(const Symbol&, const std::vector<Expr>& at) override {
        return {fresh, at};
    }

  private:
    Symbol old, fresh;
};

class Buffering {
  public:
    Buffering(Edit& edit, const Path& p, const Tensor& t)
        : e(edit), path(p), of(t), loop(*p.back().as<For>()), facts(edit.facts_in_loop(p)) {}

    void apply() {
        collect();
        const Symbol name = e.result(0, of.symbol.name() + "_buffer");
        Tensor buffer = of;
        buffer.symbol = name;
        buffer.dims = box();
        buffer.space = MemorySpace::heap();
        buffer.origin = TypeOrigin::declared;
        buffer.data = nullptr;
        buffer.layout = {};
        buffer.loc = e.step().loc;
        std::vector<Stmt> all;
        if (std::ranges::none_of(touched, &Access::write) && filled_everywhere(e, path, of))
            all.push_back(whole_box(buffer.dims, name));
        else
            for (const Access* a : entering())
                all.push_back(copy(*a, name, of.symbol));
        all.push_back(Instead(of.symbol, name)(loop.body));
        for (const Access* a : leaving())
            all.push_back(copy(*a, of.symbol, name));
        Stmt body = Allocate::make(std::move(buffer), Block::make(std::move(all)));
        e.set_body(rebuild(path, with_body(path.back(), std::move(body))));
    }

  private:
    Edit& e;
    const Path& path;
    const Tensor& of;
    const For& loop;
    const Facts facts;
    std::vector<Access> touched;
    std::vector<Stmt> nests; ///< what each touches, as a copy of it onto itself
    size_t made = 1;

    void collect() {
        const auto calls = [&](const Stmt& s) {
            const auto* c = s.as<CallStmt>();
            if (c &&
                std::ranges::any_of(c->tensors, [&](const TensorView& v) { return v.tensor == of.symbol; }))
                e.refuse("{} is given to {} at {}: buffer it there", of.symbol.name(), c->callee,
                         s.loc().str());
        };
        for_each_stmt(loop.body, calls);
        for (const Access& a : accesses(loop.body)) {
            if (!(a.tensor == of.symbol)) continue;
            if (a.whole)
                e.refuse("{} is given as a whole to a function at {}, in loop {}", of.symbol.name(),
                         a.loc.str(), loop.var.name());
            for (const Expr& x : evaluated(a))
                for (const Symbol& t : tensors_read(x))
                    e.refuse("which elements of {} are accessed at {} depends on what {} holds",
                             of.symbol.name(), a.loc.str(), t.name());
            touched.push_back(a);
        }
        if (touched.empty())
            e.refuse("the body of loop {} does not touch {}", loop.var.name(), of.symbol.name());
        const std::set<Symbol> inner = bound_inside(loop.body);
        for (const Access& a : touched) {
            nests.push_back(nest_of(a, of.symbol, of.symbol));
            for (const Symbol& v : free_variables(nests.back()))
                if (inner.contains(v))
                    e.refuse(
                        "which elements of {} are accessed at {} depends on {}, which has its value inside "
                        "of loop {}",
                        of.symbol.name(), a.loc.str(), v.name(), loop.var.name());
        }
    }

    /// All that says which elements an access touches.
    static std::vector<Expr> evaluated(const Access& a) {
        std::vector<Expr> all = a.indices;
        if (a.condition.defined()) all.push_back(a.condition);
        for (const For* f : a.loops)
            all.insert(all.end(), {f->min, f->extent});
        for (const auto& [symbol, value] : a.definitions)
            all.push_back(value);
        return all;
    }

    /// The smallest box around all that is touched.
    std::vector<Dim> box() const {
        std::optional<Region> all;
        for (const Access& a : touched) {
            const Region r = region_of(a, facts);
            all = all ? box_union(*all, r, facts) : r;
        }
        const std::set<Symbol> inner = bound_inside(loop.body);
        std::vector<Dim> dims;
        for (size_t d = 0; d < of.dims.size(); ++d) {
            const Interval& r = (*all)[d];
            const auto inside = [&](const Expr& x) {
                return std::ranges::any_of(free_variables(x),
                                           [&](const Symbol& v) { return inner.contains(v); });
            };
            if (!r.min.defined() || !r.max.defined() || inside(r.min) || inside(r.max))
                dims.push_back(of.dims[d]);
            else
                dims.push_back({simplify(r.min, facts), simplify(isub(iadd(r.max, index(1)), r.min), facts)});
        }
        return dims;
    }

    /// Those whose elements must be there before the body runs: that are read, unless a store in front of
    /// them has written just these; and those that are written perhaps, since they are copied back.
    std::vector<const Access*> entering() const {
        std::vector<const Access*> all;
        std::vector<const Stmt*> have;
        for (size_t n = 0; n < touched.size(); ++n) {
            const auto same = [&](const Stmt* s) { return equal(*s, nests[n]); };
            if (std::ranges::any_of(have, same)) continue;
            const bool written = touched[n].write && certain(touched[n]);
            if (written) have.push_back(&nests[n]);
            if (written || stored_before(n)) continue;
            if (!filled_everywhere(e, path, of) && (others_write(n) || !certain(touched[n])))
                e.refuse(
                    "{} is accessed at {} in loop {}, where it may hold nothing yet: a copy would read that",
                    of.symbol.name(), touched[n].loc.str(), loop.var.name());
            have.push_back(&nests[n]);
            all.push_back(&touched[n]);
        }
        return all;
    }

    /// The loops that say nothing of the element run at least once.
    bool certain(const Access& a) const {
        std::set<Symbol> used = a.condition.defined() ? free_variables(a.condition) : std::set<Symbol>();
        for (const Expr& i : a.indices)
            used.merge(free_variables(i));
        return std::ranges::all_of(a.loops, [&](const For* f) {
            return used.contains(f->var) || prove(at_most(index(1), f->extent), facts);
        });
    }

    /// All that access `n` reads was written by a store in front of it, which covers a box.
    bool stored_before(size_t n) const {
        const Region needed = region_of(touched[n], facts);
        for (size_t k = 0; k < n; ++k) {
            if (!touched[k].write || touched[k].reduce || !covers_its_box(touched[k], facts)) continue;
            const Region box = region_of(touched[k], facts);
            bool inside = true;
            for (size_t d = 0; d < box.size() && inside; ++d)
                inside = needed[d].min.defined() && needed[d].max.defined() && box[d].min.defined() &&
                         box[d].max.defined() && prove(at_most(box[d].min, needed[d].min), facts) &&
                         prove(at_most(needed[d].max, box[d].max), facts);
            if (inside) return true;
        }
        return false;
    }

    /// Something else in the body writes other elements: perhaps those that access `n` reads.
    bool others_write(size_t n) const {
        for (size_t k = 0; k < touched.size(); ++k)
            if (touched[k].write && !equal(nests[k], nests[n])) return true;
        return false;
    }

    std::vector<const Access*> leaving() const {
        std::vector<const Access*> all;
        std::vector<const Stmt*> have;
        for (size_t n = 0; n < touched.size(); ++n) {
            const auto same = [&](const Stmt* s) { return equal(*s, nests[n]); };
            if (!touched[n].write || std::ranges::any_of(have, same)) continue;
            have.push_back(&nests[n]);
            all.push_back(&touched[n]);
        }
        return all;
    }

    /// Every element of the box, as far as the tensor has it: what is only read is copied in one go.
    Stmt whole_box(const std::vector<Dim>& dims, const Symbol& name) {
        std::vector<Expr> at;
        std::vector<Symbol> loops;
        Facts inside = facts;
        for (size_t d = 0; d < dims.size(); ++d) {
            loops.push_back(e.result(made++, fmt::format("{}{}", name.name(), d)));
            inside.bound(loops[d], interval_of(index(0), dims[d].extent));
            const bool one = as_int(dims[d].extent) == 1;
            at.push_back(one ? dims[d].min : iadd(dims[d].min, var(loops[d])));
        }
        Stmt s = Store::make(name, of.type, at, Load::make(of.symbol, of.type, at, touched[0].loc), loop.loc);
        const Expr there = inside_tensor(of, at, inside);
        if (there.defined()) s = If::make(there, std::move(s), {}, loop.loc);
        for (size_t d = dims.size(); d-- > 0;)
            if (as_int(dims[d].extent) != 1)
                s = For::make(loops[d], index(0), dims[d].extent, LoopKind::serial(), std::move(s), loop.loc);
        return s;
    }

    Stmt copy(const Access& a, const Symbol& to, const Symbol& from) {
        return duplicate(nest_of(a, to, from), [&](const Symbol& s) { return e.result(made++, s.name()); });
    }

    /// for the loops that the element depends on: if the access happens: to[…] = from[…].
    Stmt nest_of(const Access& a, const Symbol& to, const Symbol& from) const {
        std::set<Symbol> needed;
        const auto need = [&](const Expr& x) { needed.merge(free_variables(x)); };
        for (const Expr& i : a.indices)
            need(i);
        if (a.condition.defined()) need(a.condition);
        for (auto d = a.definitions.rbegin(); d != a.definitions.rend(); ++d)
            if (needed.contains(d->first)) need(d->second);
        for (auto f = a.loops.rbegin(); f != a.loops.rend(); ++f)
            if (needed.contains((*f)->var)) {
                need((*f)->min);
                need((*f)->extent);
            }
        Stmt s = Store::make(to, of.type, a.indices, Load::make(from, of.type, a.indices, a.loc), a.loc);
        if (a.condition.defined() && !is_const_true(a.condition)) s = If::make(a.condition, s, {}, a.loc);
        s = wrapped(a, needed, std::move(s));
        return s;
    }

    /// Lets and loops in their order: a let stands inside of the loops that it uses.
    Stmt wrapped(const Access& a, const std::set<Symbol>& needed, Stmt s) const {
        Substitution lets;
        for (const auto& [symbol, value] : a.definitions)
            if (needed.contains(symbol)) lets[symbol] = substitute(value, lets);
        s = substitute(s, lets);
        for (auto f = a.loops.rbegin(); f != a.loops.rend(); ++f)
            if (needed.contains((*f)->var))
                s = For::make((*f)->var, substitute((*f)->min, lets), substitute((*f)->extent, lets),
                              LoopKind::serial(), std::move(s), (*f)->loc);
        return s;
    }
};

void run(Edit& e) {
    const Path path = e.path(e.loop(0));
    const Tensor of = declaration(e, path, e.tensor());
    const For& loop = *path.back().as<For>();
    if (loop.runs().lockstep)
        e.refuse("loop {} is {}: its iterations have no storage of their own", loop.var.name(),
                 loop.loop.name());
    Buffering(e, path, of).apply();
}

} // namespace

constinit const Primitive primitives::buffer_at{
    .name = "buffer_at",
    .text =
        "an iteration works on a copy of what it touches of a tensor, which is read before and written after",
    .run = run,
    .acts_on = ActsOn::loops,
    .named = Named::kept,
    .of_place = true,
    .loops = {1, 1},
    .tensor = true,
    .fixes_ranges = true,
};

} // namespace lathe::schedule
