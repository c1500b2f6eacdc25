#include "tokens.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

class Pushing : public Mutator {
  public:
    Pushing(const Symbol& t, const Symbol& s, bool k) : tensor(t), stream(s), keep(k) {}

  protected:
    using Mutator::visit;
    Stmt visit(const Store& s, const Stmt& self) override {
        const auto to = std::ranges::find(s.targets, tensor, &StoreTarget::tensor);
        if (to == s.targets.end()) return self;
        if (keep) {
            const Symbol value(tensor.name());
            const Expr v = Variable::make(value, to->type, s.loc);
            std::vector<StoreTarget> targets = s.targets;
            targets[static_cast<size_t>(to - s.targets.begin())].value = v;
            return LetStmt::make(value, Cast::make(to->type, to->value),
                                 Block::make({Push::make({stream, {}}, to->type, v, s.loc),
                                              Store::make(std::move(targets), s.loc, s.predicate)}),
                                 s.loc);
        }
        const Stmt push = Push::make({stream, {}}, to->type, to->value, s.loc);
        std::vector<StoreTarget> others = s.targets;
        others.erase(others.begin() + (to - s.targets.begin()));
        if (others.empty()) return push;
        return Block::make({push, Store::make(std::move(others), s.loc, s.predicate)});
    }

  private:
    const Symbol &tensor, &stream;
    bool keep;
};

/// One statement's loads of the tensor as `value`, where a condition holds or does not.
class Taken : public Mutator {
  public:
    Taken(const Symbol& t, Expr v, const Expr& c, bool h)
        : tensor(t), value(std::move(v)), condition(c), holds(h) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override { return l.tensor == tensor ? value : rebuilt(e); }
    Expr visit(const Select& s, const Expr& e) override {
        if (!condition.defined() || !equal(s.condition, condition)) return rebuilt(e);
        return Cast::make(e.type(), (*this)(holds ? s.then_value : s.else_value));
    }

  private:
    const Symbol& tensor;
    Expr value;
    const Expr& condition;
    bool holds;
};

class Popping : public Mutator {
  public:
    Popping(const Edit& edit, const Symbol& t, const Symbol& s, Places* p)
        : e(edit), tensor(t), stream(s), places(p) {}

  protected:
    Stmt mutate(const Stmt& s) override {
        const Load* load = nullptr;
        for (const Expr& x : expressions(s))
            for_each_expr(x, [&](const Expr& y) {
                const Load* l = y.as<Load>();
                if (!l || !(l->tensor == tensor)) return;
                if (load &&
                    !std::ranges::equal(load->indices, l->indices,
                                        [](const Expr& a, const Expr& b) { return equal(a, b); }) &&
                    !planted.has(Fault::relay_two_alike))
                    e.refuse(
                        "{} is read twice by one statement, at {} and {}, at different places: read one of "
                        "them in a let, or a stage, of its own",
                        tensor.name(), load->loc.str(), l->loc.str());
                load = l;
            });
        if (!load) return Mutator::mutate(s);
        const Symbol token(tensor.name());
        const Expr value = Variable::make(token, load->type, load->loc);
        if (places) places->emplace(token, load->indices);
        const auto taking = [&](const Stmt& all) {
            return Pop::make(token, {stream, {}}, load->type, all, load->loc);
        };
        const auto condition = loaded_when(s);
        if (!condition) return taking(with(s, value, {}, true));
        if (!bodies(s).empty())
            e.refuse("at {} {} is read only when {}, and that is asked where something else begins: make it "
                     "a let of its own, in an if",
                     s.loc().str(), tensor.name(), print(*condition));
        const Expr none = Cast::make(load->type, Expr(0));
        return If::make(*condition, taking(with(s, value, *condition, true)),
                        with(s, none, *condition, false), load->loc);
    }

  private:
    const Edit& e;
    const Symbol &tensor, &stream;
    Places* places;

    Stmt with(const Stmt& s, const Expr& value, const Expr& condition, bool holds) {
        Taken taken(tensor, value, condition, holds);
        return with_parts(
            s, [&](const Expr& x) { return taken(x); }, [&](const Stmt& body) { return (*this)(body); });
    }

    /// None: always.
    std::optional<Expr> loaded_when(const Stmt& s) const {
        std::optional<Expr> when;
        for (const Expr& x : expressions(s))
            for (const Access& a : accesses(LetStmt::make(Symbol("value"), x, {}, s.loc()))) {
                if (!(a.tensor == tensor)) continue;
                Expr c = a.condition;
                if (!c.defined() || is_const_true(c) || planted.has(Fault::token_arms_taken))
                    return std::nullopt;
                for (size_t n = a.definitions.size(); n-- > 0;)
                    c = substitute(c, {a.definitions[n]});
                when = when ? Binary::make(BinaryOp::logical_or, *when, c) : c;
            }
        if (when && prove(*when, {})) return std::nullopt;
        return when;
    }
};

} // namespace

Stmt with_pushes(const Stmt& s, const Symbol& tensor, const Symbol& stream, bool keep) {
    return Pushing(tensor, stream, keep)(s);
}

Stmt with_pops(const Edit& e, const Stmt& s, const Symbol& tensor, const Symbol& stream, Places* places) {
    return Popping(e, tensor, stream, places)(s);
}

} // namespace lathe::schedule
