#include "inline.h"

#include "../src/relocate.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// A pure definition: tensor[variables] = value, for each value of the Func.
struct Pure {
    std::vector<Symbol> variables;
    std::map<Symbol, StoreTarget> targets; ///< by tensor
};

Pure pure_definition(const Edit& e, const Extracted& x) {
    const std::string& name = e.step().func.name();
    const size_t values = value_tensors(e.state(), e.step().func).size();
    if (x.stages.size() != 1 || x.tensors.size() != values)
        e.refuse("{} has updates. Try compute_at({}, …)", name, name);
    Stmt s = x.stages[0].as<Stage>()->body;
    std::vector<Symbol> loops;
    while (const For* f = s.as<For>()) {
        loops.push_back(f->var);
        s = f->body;
    }
    const Store* store = s.as<Store>();
    if (!store || store->targets.size() != values)
        e.refuse("{} is not one expression any more: it has inline reductions, or its loops were scheduled",
                 name);
    Pure pure;
    for (const StoreTarget& t : store->targets)
        pure.targets.emplace(t.tensor, t);
    for (const Expr& i : store->targets[0].indices) {
        const Variable* v = i.as<Variable>();
        if (!v) e.refuse("{}'s loops were scheduled: inline it before that", name);
        pure.variables.push_back(v->symbol);
    }
    for (const Symbol& loop : loops)
        invariant(std::ranges::find(pure.variables, loop) != pure.variables.end(),
                  "a pure definition's loops are those of its subscripts");
    return pure;
}

/// Replaces loads of the Func by its value at their subscripts.
class Inliner : public Mutator {
  public:
    explicit Inliner(Pure p) : pure(std::move(p)) {}

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override {
        const Load* l = e.as<Load>();
        const auto target = l ? pure.targets.find(l->tensor) : pure.targets.end();
        if (target == pure.targets.end()) return Mutator::mutate(e);
        Substitution at;
        for (size_t d = 0; d < l->indices.size(); ++d)
            at[pure.variables[d]] = (*this)(l->indices[d]);
        const StoreTarget& t = target->second;
        for (const Inlined& i : known[t.tensor])
            if (std::ranges::equal(i.indices, l->indices,
                                   [](const Expr& a, const Expr& b) { return equal(a, b); }))
                return i.value;
        Expr value = duplicate_lets(substitute(t.value, at));
        if (value.type() != t.type) value = Cast::make(t.type, value, e.loc());
        known[t.tensor].push_back({l->indices, value});
        return value;
    }

    Stmt mutate(const Stmt& s) override {
        // A let has its place in one statement.
        known.clear();
        return Mutator::mutate(s);
    }

  private:
    struct Inlined {
        std::vector<Expr> indices;
        Expr value;
    };
    Pure pure;
    /// Loads of the statement that is being rewritten: equal ones share a value, or a chain of Funcs that
    /// each read the one before twice would double with every link.
    std::map<Symbol, std::vector<Inlined>> known;
};

} // namespace

void inline_func(Edit& e) {
    const Symbol& func = e.step().func;
    Extracted x = extract(e, func);
    Pure pure = pure_definition(e, x);
    for (const For* f : loops_in(x.stages[0]))
        e.forward(f->var, {});
    e.set_body(Inliner(std::move(pure))(x.rest));
}

} // namespace lathe::schedule
