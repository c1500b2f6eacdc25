#include "inline_reduction.h"

#include "lathe/ir/loop_facts.h"
#include "lathe/ir/planted.h"

namespace lathe {

using namespace ir;

Expr kept_bound(const Expr& e, const char* name, Resolver& scope, Kept& kept) {
    Expr value = scope(e);
    if (value.type().is_bool()) value = Cast::make(UInt(1), value, e.loc());
    kept.emplace_back(Symbol(name), value);
    return Cast::make(IndexType(), Variable::make(kept.back().first, value.type(), e.loc()), e.loc());
}

Stmt around_kept(const Kept& kept, Stmt body, Loc loc) {
    for (const auto& [symbol, value] : kept)
        body = LetStmt::make(symbol, value, body, loc);
    return body;
}

DomainLoops::DomainLoops(const RDomData& domain, Resolver& scope, const FuncData* written) : loc(domain.loc) {
    for (const RDomData::Dimension& d : domain.dims) {
        levels.push_back(level(d, scope, written));
        const Dim& range = levels.back().range;
        const Symbol loop(d.symbol.name());
        scope.known().bound(loop, interval_of(range));
        scope.bind(d.symbol, Variable::make(loop, IndexType(), loc));
        loops.emplace_back(d.symbol, loop);
    }
}

DomainLoops::Level DomainLoops::level(const RDomData::Dimension& d, Resolver& scope,
                                      const FuncData* written) const {
    Level result = {{}, {}, Accumulators({d.min, d.extent}, scope)};
    const auto bound = [&](const Expr& e, const char* name) {
        const Expr as_index = scope.index(e);
        const std::set<Symbol> read = tensors_read(as_index);
        const bool changes = written && std::any_of(read.begin(), read.end(),
                                                    [&](const Symbol& t) { return written->owns(t); });
        return changes && !planted.has(Fault::bounds_again) ? kept_bound(e, name, scope, result.kept)
                                                            : as_index;
    };
    result.range.min = bound(d.min, "begin");
    result.range.extent = bound(d.extent, "extent");
    return result;
}

Stmt DomainLoops::around(Stmt body) const {
    for (size_t d = loops.size(); d-- > 0;) {
        const Level& l = levels[d];
        body = For::make(loops[d].second, l.range.min, l.range.extent, LoopKind::serial(), body, loc);
        body = l.sums.around(around_kept(l.kept, body, loc));
    }
    return body;
}

namespace {

Stmt where_from(const RDomData& domain, size_t n, Resolver& scope, const std::function<Stmt()>& body) {
    if (n == domain.conditions.size()) return body();
    const Accumulators accumulators({domain.conditions[n]}, scope);
    const Expr condition = scope(domain.conditions[n]);
    return accumulators.around(If::make(condition, where_from(domain, n + 1, scope, body), {}, domain.loc));
}

} // namespace

Stmt where_in(const RDomData& domain, Resolver& scope, const std::function<Stmt()>& body) {
    return where_from(domain, 0, scope, body);
}

namespace {

template <class Path> bool subset(const Path& a, const Path& b) {
    return std::all_of(a.begin(), a.end(),
                       [&](const auto& x) { return std::find(b.begin(), b.end(), x) != b.end(); });
}

/// Adds a path unless a weaker one is there; drops those that it is weaker than. Two that differ in one
/// select's arm only are one without it. Nothing more: a condition may be evaluated only where those before
/// it in its path hold.
template <class Path> void absorb(std::vector<Path>& paths, Path path) {
    if (std::any_of(paths.begin(), paths.end(), [&](const Path& p) { return subset(p, path); })) return;
    std::erase_if(paths, [&](const Path& p) { return subset(path, p); });
    for (size_t n = 0; n < path.size(); ++n) {
        Path other = path;
        other[n].holds = !other[n].holds;
        const auto found = std::find(paths.begin(), paths.end(), other);
        if (found == paths.end()) continue;
        paths.erase(found);
        path.erase(path.begin() + static_cast<std::ptrdiff_t>(n));
        return absorb(paths, std::move(path));
    }
    paths.push_back(std::move(path));
}

} // namespace

Accumulators::Accumulators(const std::vector<Expr>& roots, Resolver& s) : scope(s) {
    for (const Expr& root : roots)
        if (find(root)) uses[root.get()].push_back({});
    for (const Expr& root : roots)
        emit_all(root);
}

Stmt Accumulators::around(Stmt body) const {
    std::vector<Stmt> all = starts;
    all.insert(all.end(), computations.begin(), computations.end());
    all.push_back(std::move(body));
    return Allocate::make(tensors, Block::make(std::move(all)));
}

size_t Accumulators::condition_number(const Expr& condition) {
    for (size_t n = 0; n < conditions.size(); ++n)
        if (conditions[n].same_as(condition)) return n;
    conditions.push_back(condition);
    return conditions.size() - 1;
}

/// Whether `e` holds a reduction; records how each expression that does is reached.
bool Accumulators::find(const Expr& e) {
    if (const auto found = holds.find(e.get()); found != holds.end()) return found->second;
    const auto* part = dsl_node<GroupPart>(e);
    if (part) parts[part->group.get()].push_back(e.get());
    bool any = part || dsl_node<InlineReduction>(e);
    if (!any) {
        const auto* select = e.as<Select>();
        const std::vector<Expr> parts = operands(e);
        for (size_t n = 0; n < parts.size(); ++n) {
            if (!find(parts[n])) continue;
            any = true;
            Use use{e.get(), {}};
            if (select && n > 0) use.arm = Arm{condition_number(select->condition), n == 1};
            uses[parts[n].get()].push_back(use);
        }
    }
    return holds[e.get()] = any;
}

void Accumulators::emit_all(const Expr& e) {
    if (!find(e) || !emitted.insert(e.get()).second) return;
    if (const auto* r = dsl_node<InlineReduction>(e)) return emit(e, *r);
    if (const auto* p = dsl_node<GroupPart>(e)) return emit(*p);
    for (const Expr& part : operands(e))
        emit_all(part);
}

void Accumulators::emit(const Expr& e, const InlineReduction& r) {
    const Tensor accumulator = {Symbol(r.function), r.type,  {},   MemorySpace::registers(),
                                r.origin,           nullptr, r.loc};
    const Expr start = Constant::make(identity(r.op, r.type), r.loc);
    tensors.push_back(accumulator);
    starts.push_back(Store::make(accumulator.symbol, r.type, {}, start, r.loc));
    scope.bind(r, Load::make(accumulator.symbol, r.type, {}, r.loc));
    const std::vector<Path>& reached = paths_to(e.get(), r.loc);
    emit_conditions(reached);
    computations.push_back(on_paths(reached, computation(r, accumulator)));
}

void Accumulators::emit_conditions(const std::vector<Path>& reached) {
    for (const Path& path : reached)
        for (const Arm& arm : path)
            emit_all(conditions[arm.condition]);
}

/// The group is computed where any of its parts is used.
void Accumulators::emit(const GroupPart& p) {
    const ReductionGroup& g = *p.group;
    if (!emitted_groups.insert(&g).second) return;
    std::vector<Tensor> own;
    std::vector<Expr> loads;
    for (size_t n = 0; n < g.types.size(); ++n) {
        own.push_back(
            {Symbol(g.name), g.types[n], {}, MemorySpace::registers(), g.origins[n], nullptr, p.loc});
        loads.push_back(Load::make(own[n].symbol, g.types[n], {}, p.loc));
        if (g.starts[n].defined())
            starts.push_back(Store::make(own[n].symbol, g.types[n], {}, scope(g.starts[n]), p.loc));
    }
    tensors.insert(tensors.end(), own.begin(), own.end());
    scope.bind(g, std::move(loads));
    std::vector<Path> reached;
    for (const ExprNode* part : parts[&g])
        for (const Path& path : paths_to(part, p.loc))
            absorb(reached, path);
    emit_conditions(reached);
    computations.push_back(on_paths(reached, computation(g, own, p.loc)));
}

Stmt Accumulators::computation(const ReductionGroup& g, const std::vector<Tensor>& own, Loc loc) {
    Resolver inner = scope.inner();
    for (size_t n = 0; n < own.size(); ++n)
        inner.bind(g.old[n], Load::make(own[n].symbol, own[n].type, {}, loc));
    const DomainLoops loops(*g.domain, inner);
    return loops.around(where_in(*g.domain, inner, [&] {
        std::vector<Expr> roots = g.results;
        if (g.condition.defined()) roots.push_back(g.condition);
        const Accumulators nested(roots, inner);
        std::vector<StoreTarget> targets;
        for (size_t n = 0; n < own.size(); ++n)
            targets.push_back({own[n].symbol, own[n].type, {}, inner(g.results[n])});
        Stmt step = Store::make(std::move(targets), loc);
        if (g.condition.defined()) step = If::make(inner(g.condition), step, {}, loc);
        return nested.around(step);
    }));
}

Stmt Accumulators::computation(const InlineReduction& r, const Tensor& accumulator) {
    Resolver inner = scope.inner();
    const DomainLoops loops(*r.domain, inner);
    return loops.around(where_in(*r.domain, inner, [&] {
        const Accumulators nested({r.value()}, inner);
        const StoreTarget target = {accumulator.symbol, r.type, {}, inner(r.value())};
        return nested.around(Reduce::make(r.op, target, r.loc));
    }));
}

const std::vector<Accumulators::Path>& Accumulators::paths_to(const ExprNode* node, Loc loc) {
    const size_t most = 64;
    if (const auto found = paths.find(node); found != paths.end()) return found->second;
    std::vector<Path> result;
    for (const Use& use : uses[node]) {
        if (!use.parent) {
            absorb(result, Path());
            continue;
        }
        for (Path path : paths_to(use.parent, loc)) {
            if (use.arm) path.push_back(*use.arm);
            absorb(result, std::move(path));
        }
    }
    if (result.size() > most)
        fail(loc,
             "an inline reduction is used under more than {} combinations of conditions: put it in a Func",
             most);
    return paths.emplace(node, std::move(result)).first->second;
}

Expr Accumulators::arm_condition(const Arm& arm) {
    const Expr condition = scope(conditions[arm.condition]);
    return arm.holds ? condition : Unary::make(UnaryOp::bit_not, condition, condition.loc());
}

/// The arms' conditions as one Bool that evaluates an inner one only where the outer ones hold.
Expr Accumulators::lazy_condition(const Path& path) {
    Expr result;
    for (size_t n = path.size(); n-- > 0;) {
        const Expr condition = arm_condition(path[n]);
        result = result.defined() ? Select::make(condition, result, Expr(false), condition.loc()) : condition;
    }
    return result;
}

Stmt Accumulators::on_paths(const std::vector<Path>& reached, Stmt body) {
    if (reached.size() == 1) {
        for (size_t n = reached[0].size(); n-- > 0;) {
            const Expr condition = arm_condition(reached[0][n]);
            body = If::make(condition, body, {}, condition.loc());
        }
        return body;
    }
    Expr any;
    for (const Path& path : reached) {
        const Expr condition = lazy_condition(path);
        any = any.defined() ? Binary::make(BinaryOp::logical_or, any, condition, condition.loc()) : condition;
    }
    return If::make(any, body, {}, any.loc());
}

} // namespace lathe
