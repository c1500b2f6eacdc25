#include "common_start.h"

#include "lathe/ir/simplify.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::codegen {

namespace {

class CommonStarts : public Mutator {
  public:
    explicit CommonStarts(const For& loop) : varying{loop.var} {}

  protected:
    Expr mutate(const Expr& e) override {
        const Expr r = Mutator::mutate(e);
        const Load* l = r.as<Load>();
        if (!l || !starts.contains(l->tensor)) return r;
        return Load::make(l->tensor, l->type, from_start(l->tensor, l->indices), l->loc, l->predicate);
    }

    Stmt mutate(const Stmt& s) override {
        if (const For* f = s.as<For>(); f && varies(f->min)) return counted(*f);
        if (const LetStmt* l = s.as<LetStmt>(); l && (varies(l->value) || !tensors_read(l->value).empty()))
            varying.insert(l->symbol);
        if (const Allocate* a = s.as<Allocate>())
            if (std::ranges::any_of(a->tensor.dims, [&](const Dim& d) { return varies(d.min); }))
                return allocated(*a);
        const Stmt r = Mutator::mutate(s);
        if (const Store* st = r.as<Store>()) {
            std::vector<StoreTarget> targets = st->targets;
            for (StoreTarget& t : targets)
                t.indices = from_start(t.tensor, t.indices);
            return Store::make(std::move(targets), st->loc, st->predicate);
        }
        if (const Reduce* u = r.as<Reduce>()) {
            StoreTarget t = u->target;
            t.indices = from_start(t.tensor, t.indices);
            return Reduce::make(u->op, std::move(t), u->loc, u->predicate, u->contract);
        }
        return r;
    }

  private:
    bool varies(const Expr& e) const {
        return std::ranges::any_of(varying, [&](const Symbol& v) { return uses(e, v); });
    }

    Stmt counted(const For& f) {
        const Symbol count(f.var.name());
        const Expr at = iadd(f.min, Variable::make(count, IndexType()));
        return For::make(count, index(0), (*this)(f.extent), f.loop,
                         (*this)(substitute(f.body, {{f.var, at}})), f.loc);
    }

    Stmt allocated(const Allocate& a) {
        Tensor t = a.tensor;
        std::vector<Expr>& mins = starts[t.symbol];
        for (Dim& d : t.dims) {
            mins.push_back(d.min);
            d = {index(0), (*this)(d.extent)};
        }
        return Allocate::make(std::move(t), (*this)(a.body));
    }

    std::vector<Expr> from_start(const Symbol& tensor, const std::vector<Expr>& indices) const {
        const auto mins = starts.find(tensor);
        if (mins == starts.end()) return indices;
        std::vector<Expr> moved;
        for (size_t d = 0; d < indices.size(); ++d)
            moved.push_back(simplify(isub(indices[d], mins->second[d])));
        return moved;
    }

    std::set<Symbol> varying;                   ///< variables that may differ between iterations
    std::map<Symbol, std::vector<Expr>> starts; ///< of the tensors that begin at 0 now
};

} // namespace

Stmt with_common_starts(const For& loop) {
    return CommonStarts(loop)(loop.body);
}

} // namespace lathe::codegen
