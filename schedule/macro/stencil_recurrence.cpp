#include "stencil_recurrence.h"

#include "lathe/ir/arch.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>

namespace lathe::schedule::stencil {

namespace {

/// The longest way from one variable to the root, in cycles.
class Latency {
  public:
    Latency(const Symbol& s, const Expr& value) : from(s) {
        for_each_expr(value, [&](const Expr& e) {
            if (const auto* l = e.as<Let>()) lets.emplace(l->symbol, l->value);
        });
    }

    /// None: it does not use the variable.
    std::optional<double> of(const Expr& e) {
        if (const auto found = seen.find(e.get()); found != seen.end()) return found->second;
        std::optional<double> longest;
        if (const auto* v = e.as<Variable>()) {
            if (v->symbol == from) longest = 0;
            if (const auto l = lets.find(v->symbol); l != lets.end()) longest = of(l->second);
        }
        for (const Expr& operand : operands(e))
            longest = std::max(longest, of(operand));
        if (longest) *longest += table.cost(e).cycles;
        seen.emplace(e.get(), longest);
        return longest;
    }

  private:
    Symbol from;
    std::map<Symbol, Expr> lets;
    const OperatorTable table;
    std::unordered_map<const ExprNode*, std::optional<double>> seen;
};

} // namespace

int64_t initiation_interval(const Expr& value, const std::map<Symbol, int64_t>& ago) {
    int64_t least = 1;
    for (const auto& [symbol, distance] : ago)
        if (const auto cycles = Latency(symbol, value).of(value))
            least = std::max(least, static_cast<int64_t>(std::ceil(*cycles / static_cast<double>(distance))));
    return least;
}

} // namespace lathe::schedule::stencil
