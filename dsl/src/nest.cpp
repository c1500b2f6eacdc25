#include "nest.h"

#include "lathe/ir/loop_facts.h"

#include "accumulation.h"
#include "inline_reduction.h"

namespace lathe {

using namespace ir;

namespace {

class NestMaker {
  public:
    NestMaker(const FuncData& f, int n, const std::vector<Dim>& r, const Facts& facts)
        : func(f), def(f.definitions[static_cast<size_t>(n)]), number(n), region(r), scope(facts) {}

    Nest make() {
        make_var_loops();
        std::vector<DomainLoops> domains;
        if (!def.identity)
            for (const auto& domain : def.domains) {
                domains.emplace_back(*domain, scope, &func);
                loops.insert(loops.end(), domains.back().loops.begin(), domains.back().loops.end());
            }
        Stmt body = conditional_body(0);
        for (size_t n = domains.size(); n-- > 0;)
            body = domains[n].around(body);
        for (size_t n = var_loops.size(); n-- > 0;) {
            const Dim& range = region[var_loops[n].second];
            body = For::make(var_loops[n].first, range.min, range.extent, LoopKind::serial(), body, def.loc);
        }
        return {Stage::make(func.symbol, number, body, def.loc), loops};
    }

  private:
    const FuncData& func;
    const DefinitionData& def;
    int number;
    const std::vector<Dim>& region;
    Resolver scope;
    std::vector<std::pair<Symbol, Symbol>> loops;
    std::vector<std::pair<Symbol, size_t>> var_loops; ///< and their dimension
    std::vector<Expr> left;                           ///< of an implied initialisation

    void make_var_loops() {
        for (size_t d = 0; d < def.subscripts.size(); ++d) {
            const FreeVariable* v = bare_variable(def.subscripts[d]);
            const bool var = v && !v->domain;
            if (!var && !def.identity) continue;
            const Symbol user = var ? v->symbol : Symbol(fmt::format("{}_{}", func.name(), d));
            const Symbol loop(user.name());
            scope.known().bound(loop, interval_of(region[d]));
            const Expr variable = Variable::make(loop, IndexType(), def.loc);
            scope.bind(user, variable);
            left.push_back(variable);
            loops.emplace_back(user, loop);
            var_loops.emplace_back(loop, d);
        }
    }

    Stmt conditional_body(size_t n) {
        if (def.identity) return start_store();
        if (n == def.domains.size()) return store();
        return where_in(*def.domains[n], scope, [&] { return conditional_body(n + 1); });
    }

    Stmt start_store() const {
        const Expr start = Constant::make(identity(*def.op, *func.type), def.loc);
        return Store::make(func.symbol, *func.type, left, start, def.loc);
    }

    Stmt store() {
        std::vector<Expr> values = def.values;
        std::optional<BinaryOp> op;
        if (values.size() == 1) {
            Accumulation sum = accumulation(func, def.subscripts, def.op, values[0], def.loc);
            op = sum.op;
            values = {std::move(sum.value)};
        }
        std::vector<Expr> roots = def.subscripts;
        roots.insert(roots.end(), values.begin(), values.end());
        const Accumulators accumulators(roots, scope);
        std::vector<StoreTarget> targets;
        for (size_t n = 0; n < values.size(); ++n) {
            const TensorData& tensor = func.value(n);
            targets.push_back({tensor.symbol, *tensor.type, {}, scope(values[n])});
            for (const Expr& s : def.subscripts)
                targets.back().indices.push_back(scope.index(s));
        }
        return accumulators.around(op ? Reduce::make(*op, std::move(targets[0]), def.loc)
                                      : Store::make(std::move(targets), def.loc));
    }
};

} // namespace

Nest make_nest(const FuncData& func, int definition, const std::vector<Dim>& region, const Facts& facts) {
    return NestMaker(func, definition, region, facts).make();
}

} // namespace lathe
