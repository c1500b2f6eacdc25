#include "inline_.h"

#include "../src/relocate.h"
#include "../src/share.h"

#include "lathe/ir/planted.h"
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
    if ((x.stages.size() != 1 && !planted.has(Fault::inline_past_update)) || x.tensors.size() != values)
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

/// A sum of multiples of variables, written as one.
bool is_linear(const Expr& e) {
    if (!e.type().is_index()) return false;
    if (e.kind() == ExprKind::constant || e.kind() == ExprKind::variable) return true;
    const Binary* b = e.as<Binary>();
    if (!b) return false;
    if (b->op == BinaryOp::mul) return (as_int(b->a) && is_linear(b->b)) || (as_int(b->b) && is_linear(b->a));
    return (b->op == BinaryOp::add || b->op == BinaryOp::sub) && is_linear(b->a) && is_linear(b->b);
}

/// More operations in one statement than any stencil needs, and few enough to compile in seconds.
constexpr size_t most_operations = 5'000;

/// Replaces loads of the Func by its value at their subscripts. Equal parts of the statement that is being
/// rewritten become one node: a chain of Funcs that each read the one before several times would grow as a
/// power of its length.
class Inliner : public Mutator {
  public:
    Inliner(const Edit& e, Pure p) : edit(e), pure(std::move(p)) {}

  protected:
    using Mutator::mutate;
    Expr mutate(const Expr& e) override {
        const Load* l = e.as<Load>();
        const auto target = l ? pure.targets.find(l->tensor) : pure.targets.end();
        return target == pure.targets.end() ? share(Mutator::mutate(e)) : value(*l, target->second);
    }

    Stmt mutate(const Stmt& s) override {
        // A let has its place in one statement.
        known.clear();
        shared.clear();
        forget();
        return Mutator::mutate(s);
    }

  private:
    /// The Func's value with its variables replaced.
    class AtSubscripts : public Mutator {
      public:
        AtSubscripts(Inliner& o, Substitution w) : owner(o), with(std::move(w)) {}

      protected:
        using Mutator::mutate;
        Expr mutate(const Expr& e) override {
            const Variable* v = e.as<Variable>();
            const auto found = v ? with.find(v->symbol) : with.end();
            return found == with.end() ? owner.share(subscript(Mutator::mutate(e))) : found->second;
        }

      private:
        /// Those that mean one element must look alike.
        Expr subscript(const Expr& e) {
            return e.type().is_index() && e.kind() == ExprKind::binary ? owner.normal(e) : e;
        }
        Inliner& owner;
        Substitution with;
    };

    Expr share(const Expr& e) {
        if (shared.size() > most_operations)
            edit.refuse("{0} would make one statement of more than {1} operations: keep {0}, by "
                        "compute_root({0}) or compute_at({0}, …)",
                        edit.step().func.name(), most_operations);
        return shared(e);
    }

    /// A linear subscript in its normal form.
    Expr normal(const Expr& e) {
        if (!is_linear(e)) return e;
        class Share : public Mutator {
          public:
            explicit Share(Inliner& o) : owner(o) {}
            using Mutator::mutate;
            Expr mutate(const Expr& e) override { return owner.share(Mutator::mutate(e)); }
            Inliner& owner;
        };
        return Share(*this)(simplify(e, {}));
    }

    Expr value(const Load& l, const StoreTarget& t) {
        Substitution at;
        std::vector<const ExprNode*> key;
        for (size_t d = 0; d < l.indices.size(); ++d) {
            const Expr i = normal((*this)(l.indices[d]));
            key.push_back(i.get());
            at[pure.variables[d]] = i;
        }
        Expr& inlined = known[{t.tensor, std::move(key)}];
        if (!inlined.defined()) {
            inlined = AtSubscripts(*this, std::move(at))(fresh_copy(t.value));
            if (inlined.type() != t.type) inlined = share(Cast::make(t.type, inlined, l.loc));
        }
        return inlined;
    }

    const Edit& edit;
    Pure pure;
    SharedExprs shared;
    std::map<std::pair<Symbol, std::vector<const ExprNode*>>, Expr> known; ///< by subscripts
};

/// The one store of a definition without inline reductions.
const Store* only_store(const Stage& stage) {
    Stmt s = stage.body;
    while (const For* f = s.as<For>())
        s = f->body;
    return s.as<Store>();
}

void run(Edit& e) {
    const Symbol& func = e.step().func;
    Extracted x = extract(e, func);
    Pure pure = pure_definition(e, x);
    for (const For* f : loops_in(x.stages[0]))
        e.forward(f->var, {});
    e.set_body(Inliner(e, std::move(pure))(x.rest));
}

} // namespace

constinit const Primitive primitives::inline_{
    .name = "inline_",
    .text = "a Func's value is computed again at each of its uses",
    .run = run,
    .acts_on = ActsOn::func,
    .named = Named::kept,
    .of_place = false,
};

bool can_be_inlined(const State& state, const Symbol& func) {
    bool present = false, pure = state.definition_count(func) == 1;
    for_each_stmt(state.module.top().body, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        present |= g && g->func == func;
    });
    for_each_stmt(state.base.top().body, [&](const Stmt& s) {
        const Stage* g = s.as<Stage>();
        if (g && g->func == func) pure &= only_store(*g) != nullptr;
    });
    return present && pure;
}

} // namespace lathe::schedule
