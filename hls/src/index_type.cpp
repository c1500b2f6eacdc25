#include "index_type.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/loop_facts.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <limits>

namespace lathe::hls {

namespace {

/// Do all subscripts, loop bounds and addresses fit in an int? Then a loop's variable is one.
class FitsInt {
  public:
    bool holds(const Function& f) {
        for (const Param& p : f.params)
            if (p.type.is_index()) return false;
        for (const Argument& a : f.arguments)
            address(a.tensor);
        for (const Tensor& t : f.constants)
            address(t);
        walk(f.body);
        return all;
    }

  private:
    static constexpr int64_t most = std::numeric_limits<int>::max();

    void address(const Tensor& t) {
        int64_t size = 1;
        for (const Dim& d : t.dims) {
            const auto extent = const_upper_bound(d.extent, facts);
            all = all && extent && *extent <= most;
            if (all) size = std::max<int64_t>(size * std::max<int64_t>(*extent, 1), 1);
            all = all && size <= most;
        }
    }

    void check(const Expr& root) {
        for_each_expr(root, [&](const Expr& e) {
            if (!all || !e.type().is_index()) return;
            const auto low = const_lower_bound(e, facts), high = const_upper_bound(e, facts);
            all = low && high && *low >= -most && *high <= most;
        });
    }

    void walk(const Stmt& s) {
        if (!s.defined() || !all) return;
        for (const Expr& e : expressions(s))
            check(e);
        const FactsScope scope(facts);
        if (const auto* loop = s.as<For>()) {
            check(iadd(loop->min, loop->extent));
            enter_loop(facts, *loop);
        }
        if (const auto* let = s.as<LetStmt>(); let && let->value.type().is_index())
            facts.bound(let->symbol, {let->value, let->value});
        if (const auto* a = s.as<Allocate>())
            for (const Tensor& t : a->tensors)
                address(t);
        for (const Stmt& body : bodies(s))
            walk(body);
    }

    Facts facts;
    bool all = true;
};

} // namespace

std::string index_type_of(const Function& f) {
    return FitsInt().holds(f) ? "int" : "int64_t";
}

} // namespace lathe::hls
