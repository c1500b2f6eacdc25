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
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        if (!starts.contains(l.tensor)) return rebuilt(e);
        return Load::make(l.tensor, l.type, from_start(l.tensor, (*this)(l.indices)), l.loc,
                          (*this)(l.predicate));
    }

    Stmt visit(const For& f, const Stmt& s) override {
        return varies(f.min) ? counted(f) : Mutator::visit(f, s);
    }
    Stmt visit(const LetStmt& l, const Stmt& s) override {
        if (varies(l.value) || !tensors_read(l.value).empty()) varying.insert(l.symbol);
        return Mutator::visit(l, s);
    }
    Stmt visit(const Allocate& a, const Stmt&) override {
        std::vector<Tensor> tensors;
        for (const Tensor& t : a.tensors) {
            tensors.push_back((*this)(t));
            if (std::ranges::none_of(t.dims, [&](const Dim& d) { return varies(d.min); })) continue;
            std::vector<Expr>& mins = starts[t.symbol];
            for (size_t d = 0; d < t.dims.size(); ++d) {
                mins.push_back(t.dims[d].min);
                tensors.back().dims[d].min = index(0);
            }
        }
        return Allocate::make(std::move(tensors), (*this)(a.body));
    }
    Stmt visit(const Store& s, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets)
            targets.push_back(moved(t));
        return Store::make(std::move(targets), s.loc, (*this)(s.predicate));
    }
    Stmt visit(const Reduce& r, const Stmt&) override {
        return Reduce::make(r.op, moved(r.target), r.loc, (*this)(r.predicate), r.contract);
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

    StoreTarget moved(const StoreTarget& t) {
        return {t.tensor, t.type, from_start(t.tensor, (*this)(t.indices)), (*this)(t.value)};
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
