#include "lathe/ir/layout.h"
#include "lathe/ir/moved_accesses.h"
#include "lathe/ir/shift_windows.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

namespace {

/// The dimension that becomes a shift register: the folded one, all of whose positions are banks.
std::optional<size_t> shifted_dimension(const Tensor& t) {
    std::optional<size_t> found;
    for (size_t d = 0; d < t.layout.dims.size(); ++d) {
        const DimLayout& l = t.layout.dims[d];
        if (l.fold == 0) continue;
        if (found || l.partition != Partition::complete) return std::nullopt;
        found = d;
    }
    return found;
}

/// How a tensor is stored and read, as far as a shift register asks for it.
class Uses {
  public:
    Uses(const Tensor& t, size_t d) : tensor(t), dimension(d) {}

    /// The position that was stored last, as every reader sees it; undefined: it is no shift register.
    Expr newest(const Stmt& body) {
        visit(body);
        return fits && store ? store->indices[dimension] : Expr();
    }

  private:
    const Tensor& tensor;
    size_t dimension;
    const StoreTarget* store = nullptr;
    std::vector<const StmtNode*> around; ///< what is visited, from the tensor's Allocate on
    std::set<Symbol> inside;             ///< loops and lets around what is visited
    std::set<Symbol> filling;            ///< those around the store
    bool fits = true;

    void visit(const Stmt& s) {
        if (!s.defined()) return;
        if (const auto* w = s.as<Store>())
            for (const StoreTarget& t : w->targets)
                if (t.tensor == tensor.symbol) stored(t, w->targets.size() > 1 || w->predicate.defined());
        for (const Write& w : writes_of(s)) // by others than a store
            fits = fits && (!(w.tensor == tensor.symbol) || (w.target && !w.reads && s.as<Store>()));
        if (const auto* c = s.as<CallStmt>())
            for (const TensorView& v : c->tensors)
                fits = fits && !(v.tensor == tensor.symbol);
        for (const Expr& e : expressions(s))
            for_each_expr(e, [&](const Expr& x) {
                if (const auto* l = x.as<Load>(); l && l->tensor == tensor.symbol) read(*l);
            });
        around.push_back(s.get());
        const auto* f = s.as<For>();
        const auto* l = s.as<LetStmt>();
        const Symbol bound = f ? f->var : l ? l->symbol : Symbol();
        if (bound) inside.insert(bound);
        for (const Stmt& b : bodies(s))
            visit(b);
        if (bound) inside.erase(bound);
        around.pop_back();
    }

    /// Once for each position and each place in the other dimensions, positions one after the other.
    void stored(const StoreTarget& t, bool special) {
        fits = fits && !store && !special;
        store = &t;
        filling = inside;
        std::vector<const For*> loops;
        for (const StmtNode* n : around) {
            if (n->kind == StmtKind::for_) loops.push_back(static_cast<const For*>(n));
            fits = fits && n->kind != StmtKind::while_ && n->kind != StmtKind::let;
        }
        std::set<Symbol> counted;
        for (size_t d = 0; d < t.indices.size() && fits; ++d)
            fits = counts(t.indices[d], loops, counted);
        for (const For* f : loops) {
            fits = fits && counted.contains(f->var) && f->runs().ordered;
            for (const For* g : loops) // a box
                fits = fits && !uses(f->min, g->var) && !uses(f->extent, g->var);
        }
        for (const StmtNode* n : around)
            if (n->kind == StmtKind::if_)
                fits = fits && leaves_positions(static_cast<const If*>(n)->condition);
    }

    /// Does the index number the iterations of the loops that it uses, one after the other? They are no
    /// others'.
    static bool counts(const Expr& index, const std::vector<const For*>& loops, std::set<Symbol>& counted) {
        const auto linear = as_linear(index);
        int64_t step = 1;
        for (size_t n = loops.size(); n-- > 0;) {
            if (!uses(index, loops[n]->var)) continue;
            const auto found =
                linear ? linear->coefficients.find(loops[n]->var) : decltype(linear->coefficients.end())();
            const auto extent = as_int(simplify(loops[n]->extent));
            if (!linear || found == linear->coefficients.end() || found->second != step ||
                !counted.insert(loops[n]->var).second)
                return false;
            const bool outermost = std::none_of(loops.begin(), loops.begin() + static_cast<std::ptrdiff_t>(n),
                                                [&](const For* f) { return uses(index, f->var); });
            if (outermost) break;
            if (!extent || *extent < 1 || __builtin_mul_overflow(step, *extent, &step)) return false;
        }
        return true;
    }

    /// The condition leaves out whole rows of places, never a position among others.
    bool leaves_positions(const Expr& condition) const {
        if (!tensors_read(condition).empty()) return false;
        return std::ranges::none_of(free_variables(condition), [&](const Symbol& v) {
            return filling.contains(v) && uses(store->indices[dimension], v);
        });
    }

    /// Behind the store, in the same iteration of the loops that the position counts; and where the store's
    /// loop over another dimension is still going on, of what has been stored in this iteration of it.
    void read(const Load& l) {
        if (!store || l.predicate.defined()) {
            fits = false;
            return;
        }
        const auto visible = [&](const Expr& e) {
            return std::ranges::all_of(free_variables(e), [&](const Symbol& v) {
                return !filling.contains(v) || inside.contains(v);
            });
        };
        fits = fits && visible(store->indices[dimension]);
        for (size_t d = 0; d < l.indices.size() && fits; ++d) {
            if (d == dimension) continue;
            const Expr& at = store->indices[d];
            const std::set<Symbol> in = free_variables(at);
            const auto fills = [&](const Symbol& v) { return filling.contains(v); };
            const bool all =
                std::ranges::any_of(in, [&](const Symbol& v) { return fills(v) && !inside.contains(v); });
            const bool steady = std::ranges::none_of(in, fills);
            fits = all || steady || (visible(at) && is_zero(isub(at, l.indices[d])));
        }
    }

    static bool is_zero(const Expr& e) { return as_int(simplify(e)) == 0; }
};

/// The tensor's accesses as those of a shift register.
class Shifted : public MovedAccesses {
  public:
    Shifted(const Tensor& t, size_t d, Expr n)
        : tensor(t), dimension(d), newest(std::move(n)), size(t.layout.dims[d].fold) {}

    Tensor declared() const {
        Tensor r = tensor;
        r.dims[dimension] = {index(0), index(size)};
        r.layout.dims[dimension].fold = 0;
        return r;
    }

  protected:
    using MovedAccesses::visit;
    bool moves(const Symbol& t) const override { return t == tensor.symbol; }
    std::pair<Symbol, std::vector<Expr>> place(const Symbol& t, const std::vector<Expr>& at) override {
        std::vector<Expr> moved = at;
        moved[dimension] = simplify(iadd(isub(at[dimension], newest), index(size - 1)));
        return {t, moved};
    }
    Stmt visit(const Store& w, const Stmt& s) override {
        const Stmt stored = MovedAccesses::visit(w, s);
        if (!(w.targets[0].tensor == tensor.symbol)) return stored;
        const StoreTarget& t = stored.as<Store>()->targets[0];
        const Symbol k(tensor.symbol.name() + "_shift");
        std::vector<Expr> to = t.indices, from = t.indices;
        to[dimension] = Variable::make(k, IndexType());
        from[dimension] = iadd(to[dimension], index(1));
        Stmt down = Store::make(t.tensor, t.type, to, Load::make(t.tensor, t.type, from, w.loc), w.loc);
        return Block::make(
            {For::make(k, index(0), index(size - 1), LoopKind::unrolled(), std::move(down), w.loc), stored});
    }

  private:
    const Tensor& tensor;
    size_t dimension;
    Expr newest;
    int64_t size;
};

class ShiftFolds : public Mutator {
  public:
    explicit ShiftFolds(std::optional<int64_t> m) : most(m) {}

  protected:
    using Mutator::visit;
    Stmt visit(const Allocate& a, const Stmt& s) override {
        std::vector<Tensor> tensors = a.tensors;
        Stmt body = a.body;
        bool changed = false;
        for (Tensor& t : tensors) {
            const auto d = shifted_dimension(t);
            if (!d || !is_small(t)) continue;
            const Expr newest = Uses(t, *d).newest(body);
            if (!newest.defined()) continue;
            Shifted shifted(t, *d, newest);
            body = shifted(body);
            t = shifted.declared();
            changed = true;
        }
        if (!changed) return Mutator::visit(a, s);
        return Allocate::make(std::move(tensors), (*this)(body));
    }

  private:
    std::optional<int64_t> most; ///< elements of those that are shifted

    bool is_small(const Tensor& t) const {
        if (!most) return true;
        int64_t size = 1;
        for (size_t d = 0; d < t.dims.size(); ++d) {
            const int64_t fold = t.layout.dims[d].fold;
            const auto room = fold > 0 ? fold : as_int(simplify(t.dims[d].extent));
            if (!room || *room > *most) return false;
            size *= std::max<int64_t>(*room, 1);
            if (size > *most) return false;
        }
        return true;
    }
};

Module shifted(const Module& m, std::optional<int64_t> most) {
    Module r = m;
    for (Function& f : r.functions)
        f.body = ShiftFolds(most)(f.body);
    return r;
}

} // namespace

Module shift_folds(const Module& m) {
    return shifted(m, std::nullopt);
}

Module shift_windows(const Module& m) {
    constexpr int64_t registers = 64;
    return shifted(m, registers);
}

} // namespace lathe::ir
