#include "stencil_recurrence.h"

#include "lathe/ir/operator_cost.h"
#include "lathe/ir/visit.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace lathe::schedule::stencil {

namespace {

/// The longest way from one variable to the root.
class Latency {
  public:
    explicit Latency(const Symbol& s) : from(s) {}

    /// None: it does not use the variable.
    std::optional<int> of(const Expr& e) {
        if (const auto found = seen.find(e.get()); found != seen.end()) return found->second;
        std::optional<int> longest;
        if (const auto* v = e.as<Variable>(); v && v->symbol == from) longest = 0;
        for (const Expr& operand : operands(e))
            longest = std::max(longest, of(operand));
        if (longest) *longest += own(e);
        seen.emplace(e.get(), longest);
        return longest;
    }

  private:
    Symbol from;
    std::unordered_map<const ExprNode*, std::optional<int>> seen;

    static int own(const Expr& e) {
        if (const auto* b = e.as<Binary>()) return operator_cost(b->op, b->a.type(), b->b.type()).cycles;
        if (const auto* f = e.as<Fma>())
            return operator_cost(BinaryOp::mul, f->a.type(), f->b.type()).cycles +
                   operator_cost(BinaryOp::add, f->c.type(), f->c.type()).cycles;
        return 0;
    }
};

} // namespace

int64_t initiation_interval(const Expr& value, const std::map<Symbol, int64_t>& ago) {
    int64_t least = 1;
    for (const auto& [symbol, distance] : ago)
        if (const auto cycles = Latency(symbol).of(value))
            least = std::max(least, (*cycles + distance - 1) / distance);
    return least;
}

} // namespace lathe::schedule::stencil
