#include "parts.h"

namespace lathe::schedule {

namespace {

class InPart : public Mutator {
  public:
    explicit InPart(const std::map<Symbol, TensorView>& v) : views(v) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        const auto view = views.find(l.tensor);
        if (view == views.end()) return rebuilt(e);
        return Load::make(l.tensor, l.type, moved(view->second, l.indices), l.loc, (*this)(l.predicate));
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
    const std::map<Symbol, TensorView>& views;

    StoreTarget moved(const StoreTarget& t) {
        const auto view = views.find(t.tensor);
        return {t.tensor, t.type, view == views.end() ? (*this)(t.indices) : moved(view->second, t.indices),
                (*this)(t.value)};
    }
    std::vector<Expr> moved(const TensorView& v, const std::vector<Expr>& at) {
        std::vector<Expr> now;
        for (size_t d = 0; d < at.size(); ++d)
            if (v.dims[d].kept) now.push_back(simplify(isub((*this)(at[d]), v.dims[d].begin)));
        return now;
    }
};

} // namespace

Stmt in_part(const Stmt& s, const std::map<Symbol, TensorView>& views) {
    return InPart(views)(s);
}

} // namespace lathe::schedule
