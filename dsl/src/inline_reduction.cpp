#include "inline_reduction.h"

namespace lathe {

DomainLoops::DomainLoops(const RDomData& d, Resolver& scope) : domain(d) {
    for (const RDomData::Dimension& dimension : d.dims) {
        const Dim range = {scope.index(dimension.min), scope.index(dimension.extent)};
        const Symbol loop(dimension.symbol.name());
        scope.known().bound(loop, {range.min, isub(iadd(range.min, range.extent), index(1))});
        scope.bind(dimension.symbol, Variable::make(loop, IndexType(), d.loc));
        ranges.push_back(range);
        loops.emplace_back(dimension.symbol, loop);
    }
    for (const Expr& e : d.conditions)
        conditions.push_back(scope(e));
}

Stmt DomainLoops::around(Stmt body) const {
    for (size_t n = conditions.size(); n-- > 0;)
        body = If::make(conditions[n], body, {}, domain.loc);
    for (size_t d = loops.size(); d-- > 0;)
        body = For::make(loops[d].second, ranges[d].min, ranges[d].extent, LoopKind::serial(), body, domain.loc);
    return body;
}

Accumulators::Accumulators(const std::vector<Expr>& roots, Resolver& s) : scope(s) {
    for (const Expr& root : roots) {
        find(root);
        if (holds[root.get()]) uses[root.get()].push_back({});
    }
    const std::map<const ExprNode*, std::vector<Use>> all = uses;
    for (const Expr& root : roots)
        for_each_reduction(root);
}

} // namespace lathe
