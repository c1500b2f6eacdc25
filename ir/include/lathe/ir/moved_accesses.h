#pragma once
/// \file A rewrite that reads and writes elements elsewhere.

#include "lathe/ir/visit.h"

#include <utility>

namespace lathe::ir {

/// Loads, stores and reductions of tensors that `moves` goes to other elements, which `place` names.
class MovedAccesses : public Mutator {
  protected:
    using Mutator::visit;
    virtual bool moves(const Symbol& tensor) const = 0;
    /// \param at subscripts that were mutated already. \pre moves(tensor)
    virtual std::pair<Symbol, std::vector<Expr>> place(const Symbol& tensor, const std::vector<Expr>& at) = 0;

    Expr visit(const Load& l, const Expr& e) override {
        if (!moves(l.tensor)) return rebuilt(e);
        const auto [tensor, at] = place(l.tensor, (*this)(l.indices));
        return Load::make(tensor, l.type.element(), at, l.loc, (*this)(l.predicate));
    }
    Stmt visit(const Store& w, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : w.targets)
            targets.push_back(target(t));
        return Store::make(std::move(targets), w.loc, (*this)(w.predicate));
    }
    Stmt visit(const Reduce& u, const Stmt&) override {
        return Reduce::make(u.op, target(u.target), u.loc, (*this)(u.predicate), u.contract);
    }

  private:
    StoreTarget target(const StoreTarget& t) {
        StoreTarget r{t.tensor, t.type, (*this)(t.indices), (*this)(t.value)};
        if (moves(t.tensor)) std::tie(r.tensor, r.indices) = place(r.tensor, r.indices);
        return r;
    }
};

} // namespace lathe::ir
