#include "relocate.h"

#include "lathe/ir/planted.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

bool is_argument(const State& s, const Symbol& func) {
    for (const Argument& a : s.module.top().arguments)
        if (a.tensor.symbol == func) return true;
    return false;
}

/// Takes out stages and allocations. Outermost stages only: what is nested moves along.
Stmt take_out(const Stmt& s, const Symbol& func, const std::set<Symbol>& own, Extracted& x) {
    if (!s.defined()) return s;
    if (const Stage* g = s.as<Stage>(); g && g->func == func) {
        x.stages.push_back(s);
        return {};
    }
    if (const Allocate* a = s.as<Allocate>()) {
        std::vector<Tensor> others;
        for (const Tensor& t : a->tensors)
            (own.contains(t.symbol) ? x.tensors : others).push_back(t);
        Stmt body = take_out(a->body, func, own, x);
        if (others.size() == a->tensors.size() && body.same_as(a->body)) return s;
        return body.defined() ? Allocate::make(std::move(others), std::move(body)) : body;
    }
    return with_bodies(s, [&](const Stmt& body) { return take_out(body, func, own, x); });
}

/// Funcs are finished before another one reads them: after the Func's last stage nothing that it reads is
/// stored to.
void check_no_later_writer(const Stmt& body, const Symbol& func, const std::set<Symbol>& inputs) {
    bool later = false;
    for_each_stmt(body, [&](const Stmt& s) {
        if (const Stage* g = s.as<Stage>(); g && g->func == func) later = false;
        for (const Write& w : writes_of(s))
            later |= inputs.contains(w.tensor);
    });
    invariant(!later, "what a Func reads is written after it");
}

/// The targets that the stage's stores and reductions have in the Func's tensors.
void for_each_target(const Stmt& stage, const std::set<Symbol>& own,
                     const std::function<void(const StoreTarget&)>& f) {
    for_each_stmt(stage, [&](const Stmt& s) {
        if (const Store* st = s.as<Store>())
            for (const StoreTarget& t : st->targets)
                if (own.contains(t.tensor)) f(t);
        if (const Reduce* r = s.as<Reduce>(); r && own.contains(r->target.tensor)) f(r->target);
    });
}

/// Loops of the algorithm by their variable.
std::map<Symbol, const For*> loops_by_variable(const Stmt& s) {
    std::map<Symbol, const For*> loops;
    for (const For* f : loops_in(s))
        loops[f->var] = f;
    return loops;
}

/// The loops over the dimensions in which the definition works on each position alone.
std::vector<Symbol> pure_loops_of(const Stmt& stage, const std::set<Symbol>& own,
                                  const std::vector<Dim>& dims) {
    auto loops = loops_by_variable(stage);
    std::vector<Symbol> over(dims.size());
    std::vector<bool> pure(dims.size(), true);
    for_each_target(stage, own, [&](const StoreTarget& t) {
        for (size_t d = 0; d < dims.size(); ++d) {
            const Variable* v = t.indices[d].as<Variable>();
            auto f = v ? loops.find(v->symbol) : loops.end();
            if (f == loops.end() || (over[d] && !(over[d] == v->symbol)) ||
                !equal(f->second->min, dims[d].min) || !equal(f->second->extent, dims[d].extent)) {
                pure[d] = false;
                continue;
            }
            over[d] = v->symbol;
        }
    });
    for_each(stage, nullptr, [&](const Expr& r) {
        const Load* l = r.as<Load>();
        if (!l || !own.contains(l->tensor)) return;
        for (size_t d = 0; d < dims.size(); ++d) {
            const Variable* v = l->indices[d].as<Variable>();
            if (!v || !(v->symbol == over[d])) pure[d] = false;
        }
    });
    for (size_t d = 0; d < dims.size(); ++d) {
        // A loop gets the range of one dimension: others that it runs over, too, are computed whole.
        const bool taken = std::find(over.begin(), over.begin() + static_cast<long>(d), over[d]) !=
                           over.begin() + static_cast<long>(d);
        if (!pure[d] || (taken && !planted.has(Fault::dimensions_alike))) over[d] = {};
    }
    return over;
}

} // namespace

std::set<Symbol> value_tensors(const State& s, const Symbol& func) {
    const Definition* d = s.definition(func, 0);
    std::set<Symbol> values{func};
    if (d) values.insert(d->tensors.begin(), d->tensors.end());
    return values;
}

std::set<Symbol> own_tensors(const State& s, const Symbol& func) {
    std::set<Symbol> own = value_tensors(s, func);
    for (const TypeStep& t : s.types)
        if (t.accumulator && t.tensor == func) own.insert(t.accumulator);
    return own;
}

bool reads_any(const Stmt& s, const std::set<Symbol>& tensors) {
    const std::set<Symbol> read = tensors_read(s);
    return std::ranges::any_of(tensors, [&](const Symbol& t) { return read.contains(t); });
}

const Tensor& declared_tensor(const Edit& e, const Symbol& func) {
    const Tensor* found = nullptr;
    for_each_stmt(e.state().base.top().body, [&](const Stmt& s) {
        if (const Allocate* a = s.as<Allocate>(); a && !found) found = a->find(func);
    });
    invariant(found, "a Func without a tensor");
    return *found;
}

std::set<Symbol> inputs_of(const Extracted& x) {
    std::set<Symbol> inputs;
    for (const Stmt& s : x.stages) {
        inputs.merge(tensors_read(s));
    }
    for (const Tensor& t : x.tensors)
        inputs.erase(t.symbol);
    for (const Stmt& s : x.stages)
        for_each_stmt(s, [&](const Stmt& t) {
            if (const Allocate* a = t.as<Allocate>())
                for (const Tensor& tensor : a->tensors)
                    inputs.erase(tensor.symbol);
        });
    return inputs;
}

Extracted extract(const Edit& e, const Symbol& func) {
    if (is_argument(e.state(), func)) e.refuse("{} is an argument of the function", func.name());
    if (const auto fate = e.state().fates.find(func);
        fate != e.state().fates.end() && e.images(func).size() != 1)
        e.refuse("{} has copies since {}: call {} before that", func.name(), e.cause(*fate->second),
                 e.step().primitive->name);
    Extracted x;
    x.rest = take_out(e.body(), func, own_tensors(e.state(), func), x);
    if (x.stages.empty()) e.refuse("{} is no longer computed: it was inlined", func.name());
    check_no_later_writer(e.body(), func, inputs_of(x));
    return x;
}

Stmt insert_before_use(const Stmt& body, const Extracted& x) {
    std::set<Symbol> own;
    for (const Tensor& t : x.tensors)
        own.insert(t.symbol);
    const auto reads = [&](const Stmt& s) { return reads_any(s, own); };
    if (const Allocate* a = body.as<Allocate>()) return with_body(body, insert_before_use(a->body, x));
    std::vector<Stmt> stmts = body.as<Block>() ? body.as<Block>()->stmts : std::vector{body};
    size_t use = 0;
    while (use < stmts.size() && !reads(stmts[use]))
        ++use;
    invariant(use < stmts.size(), "nothing reads the Func where it was to be computed");
    std::vector<Stmt> before(stmts.begin(), stmts.begin() + static_cast<long>(use));
    const bool last_use = std::none_of(stmts.begin() + static_cast<long>(use) + 1, stmts.end(), reads);
    if (stmts[use].as<Allocate>() && last_use) { // nothing outside of it reads the Func
        stmts[use] = insert_before_use(stmts[use], x);
        return Block::make(std::move(stmts));
    }
    // What is filled in front of a condition is filled for it: behind that, only where it holds.
    const If* ready = stmts[use].as<If>();
    if (use > 0 && last_use && ready && !ready->else_body.defined() &&
        !reads(If::make(ready->condition, {}))) {
        stmts[use] = If::make(ready->condition, insert_before_use(ready->then_body, x), {}, ready->loc);
        return Block::make(std::move(stmts));
    }
    std::vector<Stmt> inner = x.stages;
    inner.insert(inner.end(), stmts.begin() + static_cast<long>(use), stmts.end());
    before.push_back(Allocate::make(x.tensors, Block::make(std::move(inner))));
    return Block::make(std::move(before));
}

PureLoops pure_loops(const Edit& e, const Symbol& func) {
    const std::vector<Dim>& dims = declared_tensor(e, func).dims;
    std::set<Symbol> own = own_tensors(e.state(), func);
    PureLoops all(dims.size());
    std::vector<bool> pure(dims.size(), true);
    for_each_stmt(e.state().base.top().body, [&](const Stmt& s) {
        const Stage* stage = s.as<Stage>();
        if (!stage || !(stage->func == func)) return;
        std::vector<Symbol> over = pure_loops_of(s, own, dims);
        for (size_t d = 0; d < dims.size(); ++d) {
            if (over[d])
                all[d][stage->definition] = over[d];
            else
                pure[d] = false;
        }
    });
    for (size_t d = 0; d < dims.size(); ++d)
        if (!pure[d]) all[d].clear();
    return all;
}

void restrict_to(Extracted& x, const PureLoops& pure, const std::vector<Dim>& loops,
                 const std::vector<Dim>& storage) {
    for (Tensor& t : x.tensors)
        t.dims = storage;
    for (Stmt& stage : x.stages) {
        int definition = stage.as<Stage>()->definition;
        std::map<Symbol, Dim> ranges;
        for (size_t d = 0; d < loops.size(); ++d)
            if (auto loop = pure[d].find(definition); loop != pure[d].end())
                ranges.insert({loop->second, loops[d]});
        stage = transform(stage, [&](const Stmt& s) {
            const For* f = s.as<For>();
            auto r = f ? ranges.find(f->var) : ranges.end();
            if (r == ranges.end()) return s;
            return For::make(f->var, r->second.min, r->second.extent, f->loop, f->body, f->loc);
        });
    }
}

} // namespace lathe::schedule
