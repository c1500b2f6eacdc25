#include "stencil_shared.h"

#include <algorithm>
#include <unordered_map>

namespace lathe::schedule::stencil {

namespace {

/// What there is in a node and below it.
struct Below {
    bool data = false;   ///< elements
    bool choice = false; ///< a choice by data
    bool stays =
        false; ///< something that is not to be computed where it is not asked for, or a let's variable
    int uses = 0;
};

class Shared {
  public:
    Shared(const Expr& v, const std::set<Symbol>& t) : value(v), tokens(t) {}

    Expr make() {
        for_each_expr(value, [&](const Expr& e) {
            if (const auto* l = e.as<Let>()) bound.insert(l->symbol);
        });
        for_each_expr(value, [&](const Expr& e) { look(e); });
        for_each_expr(value, [&](const Expr& e) {
            if (is_shared(e)) lets.emplace_back(Symbol("chosen"), e);
        });
        if (lets.empty()) return value;
        Named named(lets);
        Expr all = named(value);
        for (size_t n = lets.size(); n-- > 0;) {
            const Expr& e = lets[n].second;
            all = Let::make(lets[n].first, named.whole(e), all);
        }
        return all;
    }

  private:
    /// Shared ones by their names.
    class Named : public Mutator {
      public:
        explicit Named(const std::vector<std::pair<Symbol, Expr>>& lets) {
            for (const auto& [symbol, e] : lets)
                names.emplace(e.get(), Variable::make(symbol, e.type()));
        }
        /// Itself is stated, and what it is made of named.
        Expr whole(const Expr& e) { return rebuilt(e); }

      protected:
        Expr mutate(const Expr& e) override {
            const auto found = names.find(e.get());
            return found == names.end() ? Mutator::mutate(e) : found->second;
        }

      private:
        std::unordered_map<const ExprNode*, Expr> names;
    };

    const Expr& value;
    const std::set<Symbol>& tokens;
    std::set<Symbol> bound;
    std::unordered_map<const ExprNode*, Below> below;
    std::vector<std::pair<Symbol, Expr>> lets;

    void look(const Expr& e) {
        Below b;
        if (const auto* v = e.as<Variable>()) {
            b.data = tokens.contains(v->symbol);
            b.stays = bound.contains(v->symbol);
        }
        b.stays = b.stays || e.as<Load>();
        for (const Expr& operand : operands(e)) {
            Below& o = below.at(operand.get());
            ++o.uses;
            b.data = b.data || o.data;
            b.choice = b.choice || o.choice;
            b.stays = b.stays || o.stays;
        }
        const auto* s = e.as<Select>();
        b.choice = b.choice || (s && below.at(s->condition.get()).data);
        below.emplace(e.get(), b);
    }

    /// A choice by data, made of others.
    bool is_shared(const Expr& e) const {
        const Below& b = below.at(e.get());
        const auto* s = e.as<Select>();
        if (!s || b.uses < 2 || b.stays || !below.at(s->condition.get()).data) return false;
        return std::ranges::any_of(operands(e), [&](const Expr& o) { return below.at(o.get()).choice; });
    }
};

} // namespace

Expr with_shared_choices(const Expr& value, const std::set<Symbol>& tokens) {
    return Shared(value, tokens).make();
}

bool chooses_by_data(const Expr& e) {
    bool chooses = false;
    for_each_expr(e, [&](const Expr& x) {
        const auto* s = x.as<Select>();
        chooses = chooses || (s && !tensors_read(s->condition).empty());
    });
    return chooses;
}

} // namespace lathe::schedule::stencil
