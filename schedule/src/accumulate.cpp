#include "accumulate.h"

#include "rewrite.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

bool is_stage_of(const Stmt& s, const Symbol& func) {
    const Stage* g = s.as<Stage>();
    return g && g->func == func;
}

const Tensor* find_tensor(const Function& f, const Symbol& symbol) {
    for (const Argument& a : f.arguments)
        if (a.tensor.symbol == symbol) return &a.tensor;
    const Tensor* found = nullptr;
    for_each_stmt(f.body, [&](const Stmt& s) {
        if (const Allocate* a = s.as<Allocate>(); a && !found) found = a->find(symbol);
    });
    return found;
}

/// One tensor in place of another.
class Redirect : public Mutator {
  public:
    Redirect(Symbol f, Symbol t) : from(std::move(f)), to(std::move(t)) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        if (!(l.tensor == from)) return rebuilt(e);
        return Load::make(to, l.type, (*this)(l.indices), l.loc, (*this)(l.predicate));
    }
    Stmt visit(const Store& s, const Stmt&) override {
        std::vector<StoreTarget> targets;
        for (const StoreTarget& t : s.targets)
            targets.push_back(redirected(t));
        return Store::make(std::move(targets), s.loc, (*this)(s.predicate));
    }
    Stmt visit(const Reduce& r, const Stmt&) override {
        return Reduce::make(r.op, redirected(r.target), r.loc, (*this)(r.predicate), r.contract);
    }

  private:
    StoreTarget redirected(const StoreTarget& t) {
        return {t.tensor == from ? to : t.tensor, t.type, (*this)(t.indices), (*this)(t.value)};
    }
    Symbol from, to;
};

Stmt write_back(const Tensor& tensor, const TypeStep& step, int definition) {
    std::vector<Expr> at;
    for (const Symbol& loop : step.copy_loops)
        at.push_back(var(loop));
    Stmt s = Store::make(tensor.symbol, tensor.type, at,
                         Load::make(step.accumulator, tensor.type, at, step.loc), step.loc);
    for (size_t d = at.size(); d-- > 0;)
        s = For::make(step.copy_loops[d], tensor.dims[d].min, tensor.dims[d].extent, {}, s, step.loc);
    return Stage::make(tensor.symbol, definition, s, step.loc);
}

/// The statement that holds all stages of the Func, with the accumulator's lifetime around them.
Stmt with_lifetime(const Stmt& s, const Symbol& func, const Tensor& accumulator) {
    auto holds = [&](const Stmt& t) {
        return !find_path(t, [&](const Stmt& u) { return is_stage_of(u, func); }).empty();
    };
    std::vector<Stmt> all = bodies(s);
    auto count = std::count_if(all.begin(), all.end(), holds);
    invariant(count > 0, "a Func without stages");
    if (count == 1) {
        Stmt child = *std::find_if(all.begin(), all.end(), holds);
        return with_child(s, child, with_lifetime(child, func, accumulator));
    }
    auto first = std::find_if(all.begin(), all.end(), holds);
    auto last = std::find_if(all.rbegin(), all.rend(), holds).base();
    std::vector<Stmt> result(all.begin(), first);
    result.push_back(Allocate::make(accumulator, Block::make(std::vector<Stmt>(first, last))));
    result.insert(result.end(), last, all.end());
    return Block::make(std::move(result));
}

} // namespace

void add_accumulator(Algorithm& a, const TypeStep& step) {
    Function& f = a.module.top();
    const Symbol& func = step.tensor;
    int count = 0;
    const Definition* first = nullptr;
    for (const Definition& d : a.definitions)
        if (d.func == func) {
            if (d.index == 0) first = &d;
            ++count;
        }
    const Tensor* tensor = find_tensor(f, func);
    invariant(count > 1 && tensor && first, "quantize gives accumulators to Funcs with updates");

    Definition back{func, first->name, count, step.loc, {}, first->tensors};
    for (size_t d = 0; d < step.copy_loops.size() && d < first->loops.size(); ++d)
        back.loops.emplace_back(first->loops[d].first, step.copy_loops[d]);
    Stmt copy = write_back(*tensor, step, count);
    Tensor accumulator = *tensor;
    accumulator.symbol = step.accumulator;
    accumulator.origin = TypeOrigin::declared;
    accumulator.space = MemorySpace::heap();
    accumulator.loc = step.loc;

    Redirect redirect(func, step.accumulator);
    Stmt body = transform(f.body, [&](const Stmt& s) {
        if (!is_stage_of(s, func)) return s;
        Stmt moved = redirect(s);
        return s.as<Stage>()->definition == count - 1 ? Block::make({moved, copy}) : moved;
    });
    f.body = with_lifetime(body, func, accumulator);
    auto after = std::find_if(a.definitions.rbegin(), a.definitions.rend(),
                              [&](const Definition& d) { return d.func == func; });
    a.definitions.insert(after.base(), std::move(back));
}

} // namespace lathe::schedule
